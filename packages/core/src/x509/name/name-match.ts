import { toHex } from '../../encoding/hex.ts';
import { isTextTag, type NameAttribute } from './name-value.ts';

/**
 * Gives the key under which an RDN is compared: equal keys mean equal RDNs (RFC 5280 section 7.1).
 *
 * Text is compared whatever its string type, case and white space; values that are not text, by their DER.
 *
 * @param rdn - the attributes of one RDN, in any order
 */
export function matchKeyOf(rdn: readonly NameAttribute[]): string {
  // Prepared text holds no control character, so these separators cannot be forged by a value.
  return rdn.map(attributeKey).sort().join('\u0001');
}

function attributeKey({ type, value, encoded }: NameAttribute): string {
  return isTextTag(encoded[0] ?? 0) ? `${type}\u0002${prepareText(value)}` : `${type}\u0003${toHex(encoded)}`;
}

/**
 * Prepares text for comparison after RFC 4518 (case-ignore matching), nearly.
 *
 * RFC 4518 is written on Unicode 3.2. This follows its steps (map, normalize, fold, insignificant spaces) on the Unicode
 * of the runtime, and takes upper-then-lower case for case folding. Code points that RFC 4518 prohibits are compared
 * as they are.
 */
export function prepareText(text: string): string {
  const mapped = /^[\u0020-\u007e]*$/.test(text) ? text.toLowerCase() : foldUnicode(text);
  return mapped.trim().replace(/ {2,}/g, ' ');
}

function foldUnicode(text: string): string {
  return text
    .replace(/[\t\n\v\f\r\u0085\p{Z}]/gu, ' ')
    .replace(/[\p{Cc}\p{Default_Ignorable_Code_Point}\ufffc]/gu, '')
    .normalize('NFKC')
    .toUpperCase()
    .toLowerCase()
    .normalize('NFKC');
}
