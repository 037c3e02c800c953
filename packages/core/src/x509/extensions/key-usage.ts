import { derBitString } from '../../encoding/der/writer.ts';
import { quote } from '../../errors/quote.ts';
import type { Extension } from './extension.ts';
import { decodeExtension, extensionInvalid, extensionOf } from './extension-value.ts';
import { packNamedBits, unpackNamedBits } from './named-bits.ts';

/** The purposes of a key in the order of their bits (RFC 5280 section 4.2.1.3). */
export const keyUsages = [
  'digitalSignature',
  'nonRepudiation',
  'keyEncipherment',
  'dataEncipherment',
  'keyAgreement',
  'keyCertSign',
  'cRLSign',
  'encipherOnly',
  'decipherOnly',
] as const;

/** A purpose of the key in a certificate. */
export type KeyUsage = (typeof keyUsages)[number];

/**
 * Encodes keyUsage.
 *
 * @param usages - at least one, in any order
 * @param critical - default true, as RFC 5280 asks
 * @throws {InvalidInputError} EXTENSION_INVALID: none, or an unknown one
 */
export function encodeKeyUsage(usages: readonly KeyUsage[], critical = true): Extension {
  if (usages.length === 0) throw extensionInvalid('keyUsage', 'no bit is set');
  const unknown = usages.find((usage) => !keyUsages.includes(usage));
  if (unknown !== undefined) throw extensionInvalid('keyUsage', `${quote(unknown)} is not a key usage`);
  const { bytes, unusedBits } = packNamedBits(keyUsages, usages);
  return extensionOf('keyUsage', critical, derBitString(bytes, unusedBits));
}

/**
 * Decodes keyUsage.
 *
 * @param value - the extension's DER
 * @returns in the order of their bits
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, no bit is set, or one without a meaning
 */
export function decodeKeyUsage(value: Uint8Array): KeyUsage[] {
  return decodeExtension('keyUsage', value, (reader) => unpackNamedBits(keyUsages, reader.bitString()));
}
