import { z } from 'zod';
import { utf8 } from '../encoding/bytes.ts';
import { invalidArgument } from '../errors/from-issues.ts';
import type { Abortable } from '../ports/abortable.ts';

const MOST_ID_BYTES = 1_024;
const LONE_SURROGATE = /\p{Surrogate}/u;

/** An id of the caller's: 1 to 1,024 bytes of well-formed Unicode, any characters. */
export const callersId = z
  .string()
  .refine((id) => !LONE_SURROGATE.test(id), 'is not well-formed Unicode')
  .refine((id) => id.length > 0 && utf8(id).length <= MOST_ID_BYTES, `must have 1 to ${MOST_ID_BYTES} bytes`);

/** Which record of an owner; `default` where it is left out. */
export const recordId = callersId.default('default');

/** The version of a record. */
export const recordVersion = z.number().int().positive();

/** How many items a page has, 1 to 1,000. */
export const pageLimit = z.number().int().min(1).max(1_000);

/**
 * Checks the options of a call. The error names paths and rules, not values: an option may be an owner's id, or a key.
 *
 * @param what such as `store() options`
 * @throws {InvalidInputError} INVALID_ARGUMENT
 */
export function parseOptions<T>(schema: z.ZodType<T>, options: unknown, what: string): T {
  const parsed = schema.safeParse(options);
  if (!parsed.success) throw invalidArgument(what, parsed.error.issues);
  return parsed.data;
}

/** The signal of checked options alone, to be handed on. */
export function givenSignal({ signal }: { readonly signal?: AbortSignal | undefined }): Abortable {
  return signal === undefined ? {} : { signal };
}
