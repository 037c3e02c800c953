import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { compareBytes, concatBytes, utf8 } from '../bytes.ts';
import { fromHex } from '../hex.ts';
import { headerLength, writeHeader } from './length.ts';
import { encodeOid } from './oid.ts';
import { contextTag, Tag } from './tags.ts';
import { isUtcTimeYear, writeTime } from './time.ts';

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters belong to IA5String (X.680 section 41).
const ASCII = /^[\x00-\x7f]*$/;

/**
 * Writes an element.
 *
 * @param tag the identifier octet
 * @param parts the content, in order
 * @returns tag, length and content in one newly allocated array
 */
export function derTagged(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  let length = 0;
  for (const part of parts) length += part.length;
  const element = new Uint8Array(headerLength(length) + length);
  let at = writeHeader(element, 0, tag, length);
  for (const part of parts) {
    element.set(part, at);
    at += part.length;
  }
  return element;
}

/** Writes a SEQUENCE or SEQUENCE OF of elements that are encoded already. */
export function derSequence(...parts: readonly Uint8Array[]): Uint8Array {
  return derTagged(Tag.sequence, ...parts);
}

/** Writes a SET OF of elements that are encoded already, in the order that DER wants (X.690 section 11.6). */
export function derSet(...parts: readonly Uint8Array[]): Uint8Array {
  return derTagged(Tag.set, ...[...parts].sort(compareBytes));
}

/**
 * Writes an element with a context-specific tag.
 *
 * @param n the tag number, 0 to 30
 * @param constructed true for an EXPLICIT tag or an IMPLICIT tag of a constructed type
 * @param parts the content, in order
 * @returns the element
 * @throws {InvalidInputError} INVALID_ARGUMENT: `n` is outside 0 to 30
 */
export function derContext(n: number, constructed: boolean, ...parts: readonly Uint8Array[]): Uint8Array {
  return derTagged(contextTag(n, constructed), ...parts);
}

/**
 * Writes an INTEGER.
 *
 * @param value a natural number; bytes are its big-endian magnitude, leading zeros allowed
 * @returns the element, in its shortest form
 * @throws {InvalidInputError} INVALID_ARGUMENT: the number is negative or not an integer
 */
export function derInteger(value: number | bigint | Uint8Array): Uint8Array {
  return derTagged(Tag.integer, integerContent(value));
}

/**
 * Writes an ENUMERATED.
 *
 * @param value a natural number
 * @returns the element
 * @throws {InvalidInputError} INVALID_ARGUMENT: the number is negative or not an integer
 */
export function derEnumerated(value: number): Uint8Array {
  return derTagged(Tag.enumerated, integerContent(value));
}

/**
 * Writes an OBJECT IDENTIFIER.
 *
 * @param dotted such as `2.5.29.17`
 * @returns the element
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is not a dotted OID
 */
export function derOid(dotted: string): Uint8Array {
  return derTagged(Tag.oid, encodeOid(dotted));
}

/** Writes a BOOLEAN. */
export function derBoolean(value: boolean): Uint8Array {
  return Uint8Array.of(Tag.boolean, 1, value ? 0xff : 0);
}

/** Writes a NULL. */
export function derNull(): Uint8Array {
  return Uint8Array.of(Tag.null, 0);
}

/** Writes an OCTET STRING. */
export function derOctetString(bytes: Uint8Array): Uint8Array {
  return derTagged(Tag.octetString, bytes);
}

/**
 * Writes a BIT STRING.
 *
 * @param bytes its octets, padding included
 * @param unusedBits how many bits at the end of the last octet are padding, 0 to 7; default 0
 * @returns the element
 * @throws {InvalidInputError} INVALID_ARGUMENT: the padding is out of range or not zero
 */
export function derBitString(bytes: Uint8Array, unusedBits = 0): Uint8Array {
  const fits = Number.isInteger(unusedBits) && unusedBits >= 0 && unusedBits <= (bytes.length === 0 ? 0 : 7);
  if (!fits || ((bytes.at(-1) ?? 0) & ((1 << unusedBits) - 1)) !== 0) {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `A BIT STRING of ${bytes.length} octets has no ${unusedBits} unused zero bits`,
    );
  }
  return derTagged(Tag.bitString, Uint8Array.of(unusedBits), bytes);
}

/** Writes a UTF8String. */
export function derUtf8(text: string): Uint8Array {
  return derTagged(Tag.utf8String, utf8(text));
}

/**
 * Writes a PrintableString.
 *
 * @param text letters, digits, space and `'()+,-./:=?` (X.680 section 41.4)
 * @returns the element
 * @throws {InvalidInputError} INVALID_ARGUMENT: another character
 */
export function derPrintable(text: string): Uint8Array {
  return derTagged(Tag.printableString, characters(text, PRINTABLE, 'PrintableString'));
}

/**
 * Writes an IA5String.
 *
 * @param text ASCII
 * @returns the element
 * @throws {InvalidInputError} INVALID_ARGUMENT: a character beyond ASCII
 */
export function derIa5(text: string): Uint8Array {
  return derTagged(Tag.ia5String, characters(text, ASCII, 'IA5String'));
}

/**
 * Writes a Time as RFC 5280 section 4.1.2.5 wants it: UTCTime to the year 2049, GeneralizedTime from 2050.
 *
 * @param ms milliseconds since the epoch; a fraction of a second is cut off
 * @returns the element
 * @throws {InvalidInputError} INVALID_ARGUMENT: the time is not within the years 0 to 9999
 */
export function derTime(ms: number): Uint8Array {
  if (!isUtcTimeYear(ms)) return derGeneralizedTime(ms);
  const element = new Uint8Array(15);
  writeTime(element, writeHeader(element, 0, Tag.utcTime, 13), ms, 'utc');
  return element;
}

/**
 * Writes a GeneralizedTime, whatever the year.
 *
 * @param ms milliseconds since the epoch; a fraction of a second is cut off
 * @returns the element
 * @throws {InvalidInputError} INVALID_ARGUMENT: the time is not within the years 0 to 9999
 */
export function derGeneralizedTime(ms: number): Uint8Array {
  const element = new Uint8Array(17);
  writeTime(element, writeHeader(element, 0, Tag.generalizedTime, 15), ms, 'generalized');
  return element;
}

function integerContent(value: number | bigint | Uint8Array): Uint8Array {
  if (typeof value === 'object') {
    let start = 0;
    while (start < value.length - 1 && value[start] === 0) start++;
    const magnitude = value.length === 0 ? Uint8Array.of(0) : value.subarray(start);
    return (magnitude[0] as number) > 0x7f ? concatBytes([Uint8Array.of(0), magnitude]) : magnitude;
  }
  if (value < 0 || (typeof value === 'number' && !Number.isSafeInteger(value))) {
    throw new InvalidInputError('INVALID_ARGUMENT', `${value} is not a natural number`);
  }
  const hex = value.toString(16);
  return integerContent(fromHex(hex.length % 2 === 0 ? hex : `0${hex}`));
}

function characters(text: string, allowed: RegExp, type: string): Uint8Array {
  if (!allowed.test(text)) {
    throw new InvalidInputError('INVALID_ARGUMENT', `${quote(text)} holds a character that a ${type} cannot`);
  }
  return utf8(text);
}
