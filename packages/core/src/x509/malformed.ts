import type { InvalidInputCode } from '../errors/codes.ts';
import { InvalidInputError } from '../errors/families.ts';

/**
 * Places what was found wrong while reading a structure: which structure, and which of its fields.
 *
 * @param code the structure's own code, such as `CERTIFICATE_INVALID`
 * @param structure what was read, such as `certificate`
 * @param field the field's path in its ASN.1 module, such as `tbsCertificate.validity.notAfter`
 * @param cause what was thrown
 * @returns the error to throw, whose offset counts from the start of the structure, or from that of the name, extension
 *   value or list of entries that it was found in; a defect, which is anything but an {@link InvalidInputError}, is
 *   handed back as it is
 */
export function malformed(code: InvalidInputCode, structure: string, field: string, cause: unknown): unknown {
  if (!(cause instanceof InvalidInputError)) return cause;
  return new InvalidInputError(code, `The ${structure} is malformed in ${field}: ${cause.message}`, {
    cause,
    facts: { ...cause.facts, field },
  });
}
