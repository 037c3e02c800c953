import { concatBytes } from '../encoding/bytes.ts';
import { DerReader } from '../encoding/der/reader.ts';
import { Tag } from '../encoding/der/tags.ts';
import { derInteger, derSequence } from '../encoding/der/writer.ts';

/**
 * Converts an ECDSA signature from r and s side by side (IEEE P1363) to DER (RFC 3279 section 2.2.3).
 *
 * @param raw two numbers of the same length, big-endian
 * @returns the DER form
 */
export function ecdsaToDer(raw: Uint8Array): Uint8Array {
  const half = raw.length / 2;
  return derSequence(derInteger(raw.subarray(0, half)), derInteger(raw.subarray(half)));
}

/**
 * Converts an ECDSA signature from DER to r and s side by side.
 *
 * @param der the DER form
 * @param length of one number, in bytes
 * @returns twice as many bytes, or undefined where `der` is not the DER of two natural numbers of that length
 */
export function ecdsaFromDer(der: Uint8Array, length: number): Uint8Array | undefined {
  try {
    const outer = new DerReader(der);
    const pair = outer.read(Tag.sequence);
    outer.finish();
    const parts = [naturalNumber(pair, length), naturalNumber(pair, length)];
    pair.finish();
    return parts.every((part) => part !== undefined) ? concatBytes(parts as Uint8Array[]) : undefined;
  } catch {
    return undefined;
  }
}

function naturalNumber(reader: DerReader, length: number): Uint8Array | undefined {
  const content = reader.integer();
  if ((content[0] as number) >= 0x80) return undefined;
  const magnitude = content[0] === 0 ? content.subarray(1) : content;
  if (magnitude.length > length) return undefined;
  const padded = new Uint8Array(length);
  padded.set(magnitude, length - magnitude.length);
  return padded;
}
