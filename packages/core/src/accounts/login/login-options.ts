import { z } from 'zod';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { loginInput } from '../accounts/account-input.ts';
import type { LoginName } from '../accounts/login-name.ts';
import { passwordInput } from '../passwords/password-input.ts';
import type { PasswordText } from '../passwords/password-text.ts';
import type { SenderProof } from '../proofs/proof.ts';
import { type SecondFactor, secondFactorInput } from '../second-factor/judge-second-factor.ts';
import { isWellFormedText } from '../text.ts';
import { ipPrefix } from '../throttle/ip-prefix.ts';

/** Who logs in, from where. */
export interface LoginOptions extends Abortable {
  readonly login: string;
  readonly password: string;
  /** Where the account has a second factor. */
  readonly secondFactor?: SecondFactor;
  /** The client's address, as the host knows it for sure. Without it attempts are not bounded by address. */
  readonly ip?: string;
  /** Shown in the list of sessions. */
  readonly userAgent?: string;
  /** What an earlier login gave: it keeps strangers who guess from locking this device out. */
  readonly deviceToken?: string;
  /** What the session is bound to: useless to whoever steals its tokens. */
  readonly proof?: SenderProof;
  /** Also binds the session to a secret for a cookie: weaker than a proof, and better than nothing. Default false. */
  readonly bindingSecret?: boolean;
  /** The OAuth client that asks, where there are several: 1 to 256 characters. */
  readonly clientId?: string;
}

/** A login that was parsed. */
export interface LoginRequest {
  readonly name: LoginName;
  readonly password: PasswordText;
  readonly secondFactor: z.output<typeof secondFactorInput> | undefined;
  readonly ipPrefix: string | undefined;
  readonly deviceToken: string | undefined;
}

const LONGEST_CLIENT_ID = 256;
const LONGEST_DEVICE_TOKEN = 1_024;

/** What every kind of login is told of the client. */
export const clientInput = {
  ip: z
    .string()
    .max(64)
    .transform((given, context) => {
      const prefix = ipPrefix(given);
      if (prefix !== undefined) return prefix;
      context.addIssue({ code: 'custom', message: 'must be an IPv4 or IPv6 address' });
      return z.NEVER;
    })
    .optional(),
  userAgent: z.string().optional(),
  deviceToken: z.string().max(LONGEST_DEVICE_TOKEN).optional(),
  clientId: z
    .string()
    .min(1)
    .max(LONGEST_CLIENT_ID)
    .refine(isWellFormedText, 'must be well-formed text without control characters')
    .optional(),
  /** Judged with the session that it binds. */
  proof: z.unknown().optional(),
  bindingSecret: z.boolean().optional(),
  signal: abortSignal,
};

// Strict: a `proof` or `bindingSecret` that was misspelled must not open a session that is bound to nothing.
const input = z.strictObject({
  login: loginInput,
  password: passwordInput,
  secondFactor: secondFactorInput.optional(),
  ...clientInput,
});

/** Checks what a login was given, before any account is looked for. @throws {InvalidInputError} INVALID_ARGUMENT */
export function parseLogin(options: LoginOptions): LoginRequest {
  const parsed = input.safeParse(options);
  if (!parsed.success) throw invalidArgument('login() options', parsed.error.issues);
  const { login, password, secondFactor, ip, deviceToken } = parsed.data;
  return { name: login, password, secondFactor, ipPrefix: ip, deviceToken };
}
