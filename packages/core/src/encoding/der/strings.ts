import { Buffer } from 'node:buffer';
import { derError, invalidDer } from './der-error.ts';
import { describeTag, Tag } from './tags.ts';

const utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
const VISIBLE = /^[\x20-\x7e]*$/;
const NUMERIC = /^[0-9 ]*$/;

/**
 * Decodes a character string type and checks that each character belongs to it (X.680 section 41).
 *
 * TeletexString is read as ISO 8859-1, which is what certificates that use it mean.
 *
 * @param tag the identifier octet, one of the string types of {@link Tag}
 * @param bytes the bytes that hold it
 * @param start where the content starts
 * @param end where it ends
 * @returns the text
 * @throws {InvalidInputError} DER_INVALID: a character does not belong to the type, or the tag is not a string type
 */
export function decodeString(tag: number, bytes: Uint8Array, start: number, end: number): string {
  switch (tag) {
    case Tag.utf8String:
      return ascii(bytes, start, end) ?? utf8(bytes, start, end);
    case Tag.printableString:
      return matching(PRINTABLE, tag, bytes, start, end);
    case Tag.ia5String:
      return ascii(bytes, start, end) ?? unfit(tag, start);
    case Tag.visibleString:
      return matching(VISIBLE, tag, bytes, start, end);
    case Tag.numericString:
      return matching(NUMERIC, tag, bytes, start, end);
    case Tag.teletexString:
      return latin1(bytes, start, end);
    case Tag.bmpString:
      return wide(2, tag, bytes, start, end);
    case Tag.universalString:
      return wide(4, tag, bytes, start, end);
    default:
      return invalidDer(`Expected a character string but found ${describeTag(tag)}`, start);
  }
}

// A call into the runtime costs more than a loop over the few characters that names usually have.
const SHORT = 24;

function ascii(bytes: Uint8Array, start: number, end: number): string | undefined {
  let seen = 0;
  for (let at = start; at < end; at++) seen |= bytes[at] as number;
  if (seen > 0x7f) return undefined;
  if (end - start > SHORT) return latin1(bytes, start, end);
  let text = '';
  for (let at = start; at < end; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}

function latin1(bytes: Uint8Array, start: number, end: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + start, end - start).toString('latin1');
}

function utf8(bytes: Uint8Array, start: number, end: number): string {
  try {
    return utf8Decoder.decode(bytes.subarray(start, end));
  } catch {
    throw derError('DER_INVALID', 'A UTF8String is not well-formed UTF-8', start);
  }
}

function matching(allowed: RegExp, tag: number, bytes: Uint8Array, start: number, end: number): string {
  const text = ascii(bytes, start, end);
  return text !== undefined && allowed.test(text) ? text : unfit(tag, start);
}

function wide(width: 2 | 4, tag: number, bytes: Uint8Array, start: number, end: number): string {
  if ((end - start) % width !== 0) invalidDer(`A ${describeTag(tag)} is not a whole number of characters`, start);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const characters: string[] = [];
  for (let at = start; at < end; at += width) {
    const point = width === 2 ? view.getUint16(at) : view.getUint32(at);
    if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff)) unfit(tag, at);
    characters.push(String.fromCodePoint(point));
  }
  return characters.join('');
}

function unfit(tag: number, offset: number): never {
  return invalidDer(`A ${describeTag(tag)} holds a character that does not belong to it`, offset);
}
