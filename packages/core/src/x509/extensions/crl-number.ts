import type { DerReader } from '../../encoding/der/reader.ts';
import { derInteger } from '../../encoding/der/writer.ts';
import { toHex } from '../../encoding/hex.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { Extension } from './extension.ts';
import { decodeExtension, extensionInvalid, extensionOf } from './extension-value.ts';

/** RFC 5280 section 5.2.3: readers must cope with 20 octets, and issuers must not use more. */
const MAX_OCTETS = 20;

/**
 * Encodes cRLNumber; never critical.
 *
 * @param number - grows with every CRL of the issuer
 * @throws {InvalidInputError} EXTENSION_INVALID: negative, or longer than 20 octets
 */
export function encodeCrlNumber(number: bigint): Extension {
  checkRange('cRLNumber', number);
  return extensionOf('cRLNumber', false, derInteger(number));
}

/**
 * Decodes cRLNumber.
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, negative, or longer than 20 octets
 */
export function decodeCrlNumber(value: Uint8Array): bigint {
  return decodeExtension('cRLNumber', value, readNumber);
}

/**
 * Encodes deltaCRLIndicator (RFC 5280 section 5.2.4); always critical.
 *
 * @param baseCrlNumber - the number of the CRL that the delta starts from
 * @throws {InvalidInputError} EXTENSION_INVALID: negative, or longer than 20 octets
 */
export function encodeDeltaCrlIndicator(baseCrlNumber: bigint): Extension {
  checkRange('deltaCRLIndicator', baseCrlNumber);
  return extensionOf('deltaCRLIndicator', true, derInteger(baseCrlNumber));
}

/**
 * Decodes deltaCRLIndicator.
 *
 * @param value - the extension's DER
 * @returns the number of the CRL that the delta starts from
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, negative, or longer than 20 octets
 */
export function decodeDeltaCrlIndicator(value: Uint8Array): bigint {
  return decodeExtension('deltaCRLIndicator', value, readNumber);
}

function checkRange(name: 'cRLNumber' | 'deltaCRLIndicator', number: bigint): void {
  if (number < 0n || number >= 1n << BigInt(MAX_OCTETS * 8 - 1)) {
    throw extensionInvalid(name, `${number} is not a natural number of at most ${MAX_OCTETS} octets`);
  }
}

function readNumber(reader: DerReader): bigint {
  const integer = reader.integer();
  if ((integer[0] ?? 0) > 0x7f) throw new InvalidInputError('EXTENSION_INVALID', 'the number is negative');
  if (integer.length > MAX_OCTETS) {
    throw new InvalidInputError('EXTENSION_INVALID', `the number is longer than ${MAX_OCTETS} octets`);
  }
  return BigInt(`0x${toHex(integer)}`);
}
