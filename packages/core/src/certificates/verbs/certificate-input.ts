import { z } from 'zod';
import { KEY_ALGORITHMS } from '../../crypto/algorithms.ts';
import { isBytes, utf8 } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';

/** What an index of the storage can pin. */
const LONGEST_TEXT = 512;
const UNSTORABLE = /[\p{Cc}\p{Surrogate}]/u;

/** What people call a certificate. */
export const nameInput = z
  .string()
  .min(1)
  .max(LONGEST_TEXT)
  .refine(
    (text) => !UNSTORABLE.test(text) && utf8(text).length <= LONGEST_TEXT,
    `must be well-formed text without control characters, of at most ${LONGEST_TEXT} bytes`,
  );

/** What certificates are called that a TLS server has asked for: their name is what makes them one. */
export const ON_DEMAND = 'on-demand:';

/** What people may call a certificate. */
export const givenNameInput = nameInput.refine(
  (text) => !text.startsWith(ON_DEMAND),
  `must not begin with ${ON_DEMAND}, as the names of certificates that are issued on demand do`,
);

/** Whose a certificate is. */
export const accountInput = nameInput;

/** The issuer's word for a kind of certificate. */
export const profileInput = nameInput;

/** A PKCS#10 request, PEM or DER. */
export const csrInput = z.custom<string | Uint8Array>(
  (value) => typeof value === 'string' || isBytes(value),
  'expected PEM text or DER bytes',
);

/** Of the keys that are made here. */
export const keyAlgorithmInput = z.enum(KEY_ALGORITHMS);

/** A lifetime that each generation is asked for with: one of the two. */
export type CertificateLifetime = { readonly days: number } | { readonly hours: number };

const HOUR = 3_600_000;
const LONGEST_LIFETIME = 100 * 366 * 24 * HOUR;

/** A lifetime, in milliseconds. */
export const lifetimeInput = z
  .union([z.strictObject({ days: z.number().positive() }), z.strictObject({ hours: z.number().positive() })])
  .transform((given) => Math.ceil('days' in given ? given.days * 24 * HOUR : given.hours * HOUR))
  .refine((lifetime) => lifetime <= LONGEST_LIFETIME, 'expected a hundred years at most');

/** Under which condition to change a certificate. */
export interface ChangeCertificateOptions extends Abortable {
  /** The `version` that the caller saw. */
  readonly ifVersion?: string;
}

/** The condition on a change. */
export const conditionInput = { ifVersion: z.string().optional(), signal: abortSignal };

/** A change that takes nothing but a condition. */
export const changeInput = z.strictObject(conditionInput);

/** The choices that whatever makes a certificate has. */
export const commonInput = {
  name: givenNameInput.optional(),
  accountId: accountInput.optional(),
  issuer: z.string().optional(),
  profile: profileInput.optional(),
  active: z.boolean().optional(),
  autoRenew: z.boolean().optional(),
  signal: abortSignal,
};

/** How the next generation is asked for. */
export const renewInput = z.strictObject({
  rekey: z.boolean().optional(),
  csr: csrInput.optional(),
  wait: z.boolean().optional(),
  ...conditionInput,
});

/**
 * Parses the options of a call.
 *
 * @param what such as `create() options`
 * @throws {InvalidInputError} INVALID_ARGUMENT: names each option at fault
 */
export function parseInput<T>(schema: z.ZodType<T>, what: string, given: unknown): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw invalidArgument(what, parsed.error.issues);
}

/** @throws {InvalidInputError} INVALID_ARGUMENT: no text that a certificate can be called by */
export function requireName(name: string): string {
  const parsed = nameInput.safeParse(name);
  if (parsed.success) return parsed.data;
  throw new InvalidInputError(
    'INVALID_ARGUMENT',
    `name must be 1 to ${LONGEST_TEXT} bytes of text without control characters`,
  );
}
