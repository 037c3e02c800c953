import { z } from 'zod';
import { isBytes, utf8 } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { invalidArgument } from '../../errors/from-issues.ts';
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

/** Whose a certificate is. */
export const accountInput = nameInput;

/** The issuer's word for a kind of certificate. */
export const profileInput = nameInput;

/** A PKCS#10 request, PEM or DER. */
export const csrInput = z.custom<string | Uint8Array>(
  (value) => typeof value === 'string' || isBytes(value),
  'expected PEM text or DER bytes',
);

/** The choices that whatever makes a certificate has. */
export const commonInput = {
  name: nameInput.optional(),
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
  signal: abortSignal,
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
