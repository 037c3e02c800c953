import { invalidDer } from '../../encoding/der/der-error.ts';
import type { DerReader } from '../../encoding/der/reader.ts';
import { toHex } from '../../encoding/hex.ts';
import { InvalidInputError } from '../../errors/families.ts';

const MAX_OCTETS = 20;

/**
 * Reads a CertificateSerialNumber (RFC 5280 section 4.1.2.2) of at most 20 octets. The sign octet that a magnitude with
 * its top bit set needs is not counted, since issuers with 160-bit serial numbers are in use; nor is zero refused, which
 * several roots in the public trust stores have.
 *
 * @param reader stands before the INTEGER, and behind it afterwards
 * @returns the magnitude, big-endian without leading zeros, at least one octet; a view
 * @throws {InvalidInputError} DER_INVALID: negative, too long or malformed
 */
export function readSerialNumber(reader: DerReader): Uint8Array {
  const start = reader.position;
  const content = reader.integer();
  if ((content[0] as number) > 0x7f) invalidDer('The serial number is negative', start);
  const magnitude = withoutLeadingZeros(content);
  if (magnitude.length > MAX_OCTETS) invalidDer(`The serial number has more than ${MAX_OCTETS} octets`, start);
  return magnitude;
}

/**
 * Checks a serial number that is to be written: RFC 5280 section 4.1.2.2 allows 20 octets, the sign octet included.
 *
 * @param serialNumber the magnitude, big-endian
 * @returns it without leading zeros; a view
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is zero or too long
 */
export function checkSerialNumber(serialNumber: Uint8Array): Uint8Array {
  const magnitude = withoutLeadingZeros(serialNumber);
  if ((magnitude[0] ?? 0) === 0) throw new InvalidInputError('INVALID_ARGUMENT', 'The serial number is zero');
  const octets = magnitude.length + ((magnitude[0] as number) > 0x7f ? 1 : 0);
  if (octets > MAX_OCTETS) {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `The serial number ${toHex(magnitude)} takes ${octets} octets, more than ${MAX_OCTETS}`,
    );
  }
  return magnitude;
}

/**
 * Strips a magnitude of its leading zeros.
 *
 * @param magnitude big-endian
 * @returns it, or a view of its end; zero keeps one octet
 */
export function withoutLeadingZeros(magnitude: Uint8Array): Uint8Array {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  return start === 0 ? magnitude : magnitude.subarray(start);
}
