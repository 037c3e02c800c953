import { invalidDer } from '../encoding/der/der-error.ts';
import { headerLength, writeHeader } from '../encoding/der/length.ts';
import type { DerReader } from '../encoding/der/reader.ts';
import { Tag } from '../encoding/der/tags.ts';

/**
 * Joins what was signed with its signature, as Certificate, CertificationRequest and CertificateList all do.
 *
 * @param toBeSigned the signed element
 * @param algorithmIdentifier the signature's AlgorithmIdentifier
 * @param signature the signature
 * @returns SEQUENCE { toBeSigned, algorithmIdentifier, BIT STRING signature }
 */
export function encodeSigned(
  toBeSigned: Uint8Array,
  algorithmIdentifier: Uint8Array,
  signature: Uint8Array,
): Uint8Array {
  const bitsLength = 1 + signature.length;
  const length = toBeSigned.length + algorithmIdentifier.length + headerLength(bitsLength) + bitsLength;
  const signed = new Uint8Array(headerLength(length) + length);
  let at = writeHeader(signed, 0, Tag.sequence, length);
  signed.set(toBeSigned, at);
  at += toBeSigned.length;
  signed.set(algorithmIdentifier, at);
  at = writeHeader(signed, at + algorithmIdentifier.length, Tag.bitString, bitsLength);
  signed.set(signature, at + 1);
  return signed;
}

/**
 * Reads a signatureValue, which every signature algorithm in use fills to whole octets.
 *
 * @param reader stands before the BIT STRING, and behind it afterwards
 * @returns the signature, a view
 * @throws {InvalidInputError} DER_INVALID: it is no BIT STRING of whole octets
 */
export function readSignature(reader: DerReader): Uint8Array {
  const start = reader.position;
  const { bytes, unusedBits } = reader.bitString();
  if (unusedBits !== 0) invalidDer('The signature is not a whole number of octets', start);
  return bytes;
}
