import { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { validateDer } from '../../encoding/der/validate.ts';
import { derIa5, derPrintable, derUtf8 } from '../../encoding/der/writer.ts';
import { toHex } from '../../encoding/hex.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { attributeTypeOf } from './name-attributes.ts';

/** One attribute of a distinguished name (RFC 5280 section 4.1.2.4: AttributeTypeAndValue). */
export interface NameAttribute {
  /** The attribute type, an OID in dotted decimal. */
  readonly type: string;
  /** The value as text; of a value that is not a string, `#` and the hex of its DER. */
  readonly value: string;
  /** The value's DER, tag and length included. */
  readonly encoded: Uint8Array;
}

const PRINTABLE = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
// biome-ignore lint/suspicious/noControlCharactersInRegex: IA5 is all of ASCII.
const ASCII = /^[\u0000-\u007f]*$/;

/**
 * Encodes the value of an attribute as RFC 5280 prescribes for its type; unknown types are UTF8String.
 *
 * @param type - the attribute type's OID
 * @param text - the value; its length is checked against the upper bounds of RFC 5280 appendix A.1
 * @returns DER, tag and length included
 * @throws {InvalidInputError} NAME_INVALID: the value is empty, too long, or not in the alphabet of its type
 */
export function encodeAttributeValue(type: string, text: string): Uint8Array {
  const known = attributeTypeOf(type);
  const label = known?.shortName ?? type;
  const length = codePointCount(text, label);
  if (length === 0) throw nameInvalid(`${label} is empty`, text);
  if (known === undefined) return derUtf8(text);
  if (length > known.maxLength || length < known.minLength) {
    const bound = known.minLength === known.maxLength ? `exactly ${known.minLength}` : `at most ${known.maxLength}`;
    throw nameInvalid(`${label} has ${length} characters, ${bound} are allowed: ${quote(text)}`, text);
  }
  switch (known.syntax) {
    case 'printable':
      if (!PRINTABLE.test(text)) {
        throw nameInvalid(
          `${label} must be a PrintableString (letters, digits and '()+,-./:=? only): ${quote(text)}`,
          text,
        );
      }
      return derPrintable(text);
    case 'ia5':
      if (!ASCII.test(text)) throw nameInvalid(`${label} must be ASCII: ${quote(text)}`, text);
      return derIa5(text);
    default:
      return derUtf8(text);
  }
}

/**
 * Reads the value of an attribute.
 *
 * @param reader - at the value; moves on behind it
 * @returns the value's DER, a view, and its text; `#` and hex for what is not a string
 * @throws {InvalidInputError} DER_INVALID: malformed, or a string with characters that do not belong to its type
 */
export function readAttributeValue(reader: DerReader): { readonly value: string; readonly encoded: Uint8Array } {
  const tag = reader.peekTag() ?? 0;
  const encoded = reader.element();
  if (!isTextTag(tag)) {
    validateDer(encoded);
    return { value: `#${toHex(encoded)}`, encoded };
  }
  // Certificates in use carry "&", "*", "@" and "_" in PrintableStrings. Every other reader takes them, and so must we.
  const value = new DerReader(encoded).text(tag === Tag.printableString ? Tag.ia5String : tag);
  return { value, encoded };
}

/** Whether a tag is one of the string types that names use. */
export function isTextTag(tag: number): boolean {
  switch (tag) {
    case Tag.utf8String:
    case Tag.printableString:
    case Tag.ia5String:
    case Tag.teletexString:
    case Tag.bmpString:
    case Tag.universalString:
    case Tag.numericString:
    case Tag.visibleString:
      return true;
    default:
      return false;
  }
}

/** Makes the error for a name at fault. */
export function nameInvalid(message: string, value: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError('NAME_INVALID', message, {
    facts: { value: value.slice(0, 256) },
    ...(cause === undefined ? {} : { cause }),
  });
}

function codePointCount(text: string, label: string): number {
  let count = 0;
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point >= 0xd800 && point <= 0xdfff) throw nameInvalid(`${label} holds a lone surrogate: ${quote(text)}`, text);
    count += 1;
  }
  return count;
}
