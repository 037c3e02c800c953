import { derError, invalidDer } from './der-error.ts';
import { contentOffset, decodeLength } from './length.ts';
import { decodeOid } from './oid.ts';
import { describeTag, Tag } from './tags.ts';

/** Bounds on what {@link validateDer} accepts. */
export interface DerLimits {
  /** How many constructed elements may be nested; default 32. */
  readonly maxDepth?: number;
  /** How many elements there may be in all; default 1,000,000. */
  readonly maxElements?: number;
}

/**
 * Checks that bytes are one DER value through and through, as far as that can be told without its ASN.1 module: tags,
 * lengths, nesting, and the content of BOOLEAN, INTEGER, NULL and OBJECT IDENTIFIER (X.690 sections 8, 10 and 11).
 *
 * It keeps a stack of its own rather than recursing, and reads each octet at most twice.
 *
 * @param bytes the value
 * @param limits bounds on depth and count
 * @returns how many elements it holds
 * @throws {InvalidInputError} DER_INVALID: a rule of DER is broken, or bytes follow the value
 * @throws {InvalidInputError} DER_TOO_DEEP: more than `maxDepth` levels
 * @throws {InvalidInputError} DER_TOO_LARGE: more than `maxElements` elements, or a length of more than four octets
 */
export function validateDer(bytes: Uint8Array, limits: DerLimits = {}): number {
  const maxDepth = limits.maxDepth ?? 32;
  const maxElements = limits.maxElements ?? 1_000_000;
  const ends: number[] = [];
  let end = bytes.length;
  let at = 0;
  let elements = 0;
  do {
    if (++elements > maxElements) throw derError('DER_TOO_LARGE', `There are more than ${maxElements} elements`, at);
    const start = at;
    const tag = at < end ? (bytes[at] as number) : invalidDer('Expected an element but found the end', at);
    checkTag(tag, start);
    const length = decodeLength(bytes, start + 1, end);
    at = contentOffset(bytes, start + 1);
    if ((tag & 0x20) === 0) {
      checkPrimitive(tag, bytes, at, at + length);
      at += length;
    } else {
      if (ends.length >= maxDepth) throw derError('DER_TOO_DEEP', `There are more than ${maxDepth} levels`, start);
      ends.push(end);
      end = at + length;
    }
    while (at === end && ends.length > 0) end = ends.pop() as number;
    if (ends.length === 0 && at < end) invalidDer(`${end - at} unexpected bytes follow the value`, at);
  } while (ends.length > 0);
  return elements;
}

function checkTag(tag: number, offset: number): void {
  if (tag === 0 || (tag & 0x1f) === 0x1f) invalidDer(`${describeTag(tag)} is not a tag of X.509`, offset);
  if (tag >= 0x40) return;
  const number = tag & 0x1f;
  // EXTERNAL, EMBEDDED PDV, SEQUENCE, SET and CHARACTER STRING are constructed in DER; every other type is primitive.
  const constructed = number === 0x08 || number === 0x0b || number === 0x10 || number === 0x11 || number === 0x1d;
  if (constructed !== ((tag & 0x20) !== 0)) {
    invalidDer(`${describeTag(tag)} is ${constructed ? 'primitive' : 'constructed'}`, offset);
  }
}

function checkPrimitive(tag: number, bytes: Uint8Array, start: number, end: number): void {
  const length = end - start;
  const first = bytes[start] as number;
  switch (tag) {
    case Tag.boolean:
      if (length !== 1 || (first !== 0 && first !== 0xff)) invalidDer('A BOOLEAN is neither 00 nor FF', start);
      break;
    case Tag.integer:
    case Tag.enumerated: {
      if (length === 0) invalidDer('An INTEGER is empty', start);
      const negative = (bytes[start + 1] as number) > 0x7f;
      if (length > 1 && ((first === 0 && !negative) || (first === 0xff && negative))) {
        invalidDer('An INTEGER is not in its shortest form', start);
      }
      break;
    }
    case Tag.null:
      if (length !== 0) invalidDer('A NULL is not empty', start);
      break;
    case Tag.oid:
      decodeOid(bytes, start, end);
      break;
    case Tag.bitString:
      if (length === 0 || first > 7 || (length === 1 && first !== 0)) invalidDer('A BIT STRING is malformed', start);
      if (((bytes[end - 1] as number) & ((1 << first) - 1)) !== 0)
        invalidDer('A BIT STRING has padding that is not zero', end - 1);
      break;
    default:
  }
}
