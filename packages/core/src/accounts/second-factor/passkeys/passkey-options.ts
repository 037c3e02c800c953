import { z } from 'zod';
import { InvalidInputError } from '../../../errors/families.ts';
import { invalidArgument } from '../../../errors/from-issues.ts';

/** Where passkeys are registered and used (WebAuthn Level 3). They need the optional package `@simplewebauthn/server`. */
export interface PasskeyOptions {
  /** The relying party: the domain that passkeys belong to, such as `app.example`. It cannot be changed later without losing them. */
  readonly rpId: string;
  /** The application's name, as authenticators may show it; at most 64 characters. */
  readonly rpName: string;
  /** The origins of the pages that ask for passkeys, such as `https://app.example`, of the domain or below it; or `android:apk-key-hash:…`. */
  readonly origins: readonly string[];
}

const DOMAIN = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*$/;
const ANDROID = /^android:apk-key-hash:[A-Za-z0-9_-]{43}$/;
const LONGEST_NAME = 64;

const options = z
  .strictObject({
    rpId: z.string().max(253).regex(DOMAIN, 'must be a domain in lower case'),
    rpName: z.string().min(1).max(LONGEST_NAME),
    origins: z.array(z.string().max(2_048)).min(1).max(100),
  })
  .superRefine(({ rpId, origins }, context) => {
    for (const [at, origin] of origins.entries()) {
      if (belongsTo(rpId, origin)) continue;
      const message = `must be an https origin of ${rpId} or below it (http on localhost)`;
      context.addIssue({ code: 'custom', path: ['origins', at], message });
    }
  });

/** The option `passkeys`, checked. */
export type PasskeySettings = z.output<typeof options>;

/** Checks the option `passkeys`. @throws {InvalidInputError} INVALID_ARGUMENT: names each field at fault */
export function passkeySettings(given: PasskeyOptions | undefined): PasskeySettings | undefined {
  if (given === undefined) return undefined;
  const parsed = options.safeParse(given);
  if (!parsed.success) throw invalidArgument('passkeys', parsed.error.issues);
  return parsed.data;
}

/** The settings of a manager that is to do something with passkeys. @throws {InvalidInputError} INVALID_ARGUMENT: it has none */
export function requirePasskeySettings(settings: PasskeySettings | undefined): PasskeySettings {
  if (settings !== undefined) return settings;
  throw new InvalidInputError('INVALID_ARGUMENT', 'Passkeys need the option passkeys: { rpId, rpName, origins }');
}

function belongsTo(rpId: string, origin: string): boolean {
  if (ANDROID.test(origin)) return true;
  const url = URL.canParse(origin) ? new URL(origin) : undefined;
  if (url === undefined || url.origin !== origin) return false;
  const isSecure = url.protocol === 'https:' || (url.protocol === 'http:' && url.hostname === 'localhost');
  return isSecure && (url.hostname === rpId || url.hostname.endsWith(`.${rpId}`));
}
