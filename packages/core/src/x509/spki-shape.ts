import type { DerReader } from '../encoding/der/reader.ts';
import { Tag } from '../encoding/der/tags.ts';

/**
 * Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) as far as its shape goes: an algorithm and a BIT STRING.
 * Whether it holds a key is for the provider that imports it to say.
 *
 * @param reader stands before the SEQUENCE, and behind it afterwards
 * @returns the whole element, a view
 * @throws {InvalidInputError} DER_INVALID: it has another shape
 */
export function readSpki(reader: DerReader): Uint8Array {
  const start = reader.position;
  const content = reader.read(Tag.sequence);
  const algorithm = content.read(Tag.sequence);
  algorithm.oid();
  if (!algorithm.done) algorithm.skip();
  algorithm.finish();
  content.bitString();
  content.finish();
  return reader.bytes.subarray(start, reader.position);
}
