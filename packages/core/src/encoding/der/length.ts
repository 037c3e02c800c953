import { derError, invalidDer } from './der-error.ts';

/**
 * Counts the octets of an element's tag and length.
 *
 * @param length of the content, in bytes
 * @returns 2 to 6
 */
export function headerLength(length: number): number {
  if (length < 0x80) return 2;
  if (length < 0x100) return 3;
  if (length < 0x10000) return 4;
  return length < 0x1000000 ? 5 : 6;
}

/**
 * Writes an element's tag and length in the shortest form (X.690 section 10.1).
 *
 * @param target where to write
 * @param at at which offset
 * @param tag the identifier octet
 * @param length of the content, in bytes
 * @returns the offset behind what was written, where the content goes
 */
export function writeHeader(target: Uint8Array, at: number, tag: number, length: number): number {
  let next = at;
  target[next++] = tag;
  if (length < 0x80) {
    target[next++] = length;
    return next;
  }
  const octets = headerLength(length) - 2;
  target[next++] = 0x80 | octets;
  for (let shift = (octets - 1) * 8; shift >= 0; shift -= 8) target[next++] = length >>> shift;
  return next;
}

/**
 * Reads the length of an element, definite and in its shortest form (X.690 section 10.1).
 *
 * @param bytes the bytes that hold it
 * @param at where the length octets start; the content starts at {@link contentOffset}
 * @param end where the surrounding content ends
 * @returns the length of the content, in bytes, which lies within `end`
 * @throws {InvalidInputError} DER_INVALID: it is cut off, indefinite, not in its shortest form, or reaches beyond `end`
 * @throws {InvalidInputError} DER_TOO_LARGE: it has more than four octets
 */
export function decodeLength(bytes: Uint8Array, at: number, end: number): number {
  const first = at < end ? (bytes[at] as number) : invalidDer('A length is cut off', at);
  let next = at + 1;
  let length = first;
  if (first > 0x7f) {
    const octets = first & 0x7f;
    if (octets === 0) invalidDer('The indefinite length form is not DER', at);
    if (octets > 4) throw derError('DER_TOO_LARGE', 'A length has more than four octets', at);
    if (octets > end - next) invalidDer('A length is cut off', at);
    length = 0;
    for (const stop = next + octets; next < stop; next++) length = length * 256 + (bytes[next] as number);
    if (length < 0x80 || length < 256 ** (octets - 1)) invalidDer('A length is not in its shortest form', at);
  }
  if (length > end - next) invalidDer(`A length of ${length} reaches beyond the end`, at);
  return length;
}

/**
 * Finds where content starts.
 *
 * @param bytes the bytes that hold the element
 * @param at where its length octets start, once {@link decodeLength} has accepted them
 * @returns the offset behind the length octets
 */
export function contentOffset(bytes: Uint8Array, at: number): number {
  const first = bytes[at] as number;
  return at + 1 + (first > 0x7f ? first & 0x7f : 0);
}
