import { fromUtf8 } from '../../encoding/bytes.ts';
import { validateDer } from '../../encoding/der/validate.ts';
import { fromHex, toHex } from '../../encoding/hex.ts';
import type { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { attributeTypeNamed, attributeTypeOf } from './name-attributes.ts';
import { isTextTag, type NameAttribute, nameInvalid } from './name-value.ts';

/** An attribute read from an RFC 4514 string: a text, or the DER that a `#` value spells out. */
export interface ParsedAttribute {
  /** The attribute type's OID. */
  readonly type: string;
  readonly value: string | Uint8Array;
}

/** No name in use comes near; it keeps hostile text from growing a certificate. */
const MAX_ATTRIBUTES = 128;
/** In characters; beyond megabytes, a regular expression that repeats a group runs out of stack. */
const MAX_TEXT = 256 * 1024;

/**
 * Reads the string form of a distinguished name (RFC 4514).
 *
 * Spaces around `,`, `+` and `=` are ignored, as RFC 2253 asks of readers; its other legacies (quoted values, `;`) are
 * refused.
 *
 * @param text - such as `CN=db,O=Example\, Inc.`, the most specific RDN first; the empty string is the empty name
 * @returns the RDNs in the order of the text
 * @throws {InvalidInputError} NAME_INVALID: what is wrong and at which position
 */
export function parseNameText(text: string): ParsedAttribute[][] {
  if (text.length > MAX_TEXT)
    throw nameInvalid(`The name ${quote(text)} has ${text.length} characters, more than ${MAX_TEXT}`, text);
  return new NameScanner(text).name();
}

/**
 * Writes the string form of a distinguished name (RFC 4514).
 *
 * @param rdns - the RDNs in the order of the DER, the most general first
 * @returns the string, the most specific RDN first; control characters are escaped as hex pairs
 */
export function formatNameText(rdns: readonly (readonly NameAttribute[])[]): string {
  return [...rdns]
    .reverse()
    .map((rdn) => rdn.map(formatAttribute).join('+'))
    .join(',');
}

function formatAttribute({ type, value, encoded }: NameAttribute): string {
  const known = attributeTypeOf(type);
  // RFC 4514 section 2.4: a type shown as an OID, and a value without a string form, take the hex form.
  if (known === undefined || !isTextTag(encoded[0] ?? 0)) return `${known?.shortName ?? type}=#${toHex(encoded)}`;
  return `${known.shortName}=${escapeValue(value)}`;
}

function escapeValue(value: string): string {
  return (
    value
      .replace(/^[ #]| $|["+,;<>\\]/g, '\\$&')
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is escaped here.
      .replace(/[\u0000-\u001f\u007f]/g, (control) => `\\${toHex(Uint8Array.of(control.charCodeAt(0))).toUpperCase()}`)
  );
}

function trailingSpaces(text: string): number {
  let end = text.length;
  while (text[end - 1] === ' ') end -= 1;
  return text.length - end;
}

class NameScanner {
  readonly #text: string;
  #position = 0;

  constructor(text: string) {
    this.#text = text;
  }

  name(): ParsedAttribute[][] {
    const rdns: ParsedAttribute[][] = [];
    this.#skipSpaces();
    if (this.#position === this.#text.length) return rdns;
    let rdn: ParsedAttribute[] = [];
    for (let count = 1; ; count += 1) {
      if (count > MAX_ATTRIBUTES) throw this.#fault(`more than ${MAX_ATTRIBUTES} attributes`);
      rdn.push(this.#attribute());
      this.#skipSpaces();
      const separator = this.#text[this.#position];
      if (separator !== '+') {
        rdns.push(rdn);
        rdn = [];
      }
      if (separator === undefined) return rdns;
      // The value stops only at a separator or at the end.
      this.#position += 1;
    }
  }

  #attribute(): ParsedAttribute {
    this.#skipSpaces();
    const type = this.#type();
    this.#skipSpaces();
    if (this.#text[this.#position] !== '=') throw this.#fault('"=" expected');
    this.#position += 1;
    this.#skipSpaces();
    return { type, value: this.#text[this.#position] === '#' ? this.#hexValue() : this.#textValue() };
  }

  #type(): string {
    const word = this.#match(/[A-Za-z][A-Za-z0-9-]*|\d+(?:\.\d+)+/y);
    if (word === undefined) throw this.#fault('an attribute type such as CN or 2.5.4.3 expected');
    if (/^\d/.test(word)) return word;
    const known = attributeTypeNamed(word);
    if (known === undefined) throw this.#fault(`unknown attribute type ${quote(word)}; write its OID`);
    return known.oid;
  }

  #hexValue(): Uint8Array {
    const digits = this.#match(/#(?:[0-9a-fA-F]{2})+/y);
    if (digits === undefined) throw this.#fault('pairs of hex digits expected after "#"');
    this.#skipSpaces();
    const next = this.#text[this.#position];
    if (next !== undefined && next !== ',' && next !== '+') throw this.#fault('"," or "+" expected');
    const encoded = fromHex(digits.slice(1));
    try {
      validateDer(encoded);
    } catch (error) {
      throw nameInvalid(`The name ${quote(this.#text)} has a "#" value that is not DER`, this.#text, error);
    }
    return encoded;
  }

  #textValue(): string {
    if (this.#text[this.#position] === '"') throw this.#fault('quoted values are not allowed; escape with "\\"');
    let value = '';
    let lengthToKeep = 0;
    while (true) {
      const run = this.#match(/[^\\",+;<>\0]+/y);
      if (run !== undefined) {
        // Spaces before a separator belong to the separator, unless they were escaped.
        const trailing = trailingSpaces(run);
        if (trailing < run.length) lengthToKeep = value.length + run.length - trailing;
        value += run;
        continue;
      }
      const next = this.#text[this.#position];
      if (next === '\\') {
        value += this.#escape();
        lengthToKeep = value.length;
        continue;
      }
      if (next === undefined || next === ',' || next === '+') return value.slice(0, lengthToKeep);
      throw this.#fault(next === ';' ? 'separate RDNs by ",", or escape ";"' : `${quote(next)} must be escaped`);
    }
  }

  #escape(): string {
    const pairs = this.#match(/(?:\\[0-9a-fA-F]{2})+/y);
    if (pairs !== undefined) {
      try {
        return fromUtf8(fromHex(pairs.replaceAll('\\', '')));
      } catch (error) {
        throw nameInvalid(`The name ${quote(this.#text)} has hex pairs that are not UTF-8`, this.#text, error);
      }
    }
    const escaped = this.#match(/\\[ "#+,;<=>\\]/y);
    if (escaped === undefined) throw this.#fault('a special character or two hex digits expected after "\\"');
    return escaped.slice(1);
  }

  #match(sticky: RegExp): string | undefined {
    sticky.lastIndex = this.#position;
    const found = sticky.exec(this.#text)?.[0];
    this.#position += found?.length ?? 0;
    return found;
  }

  #skipSpaces(): void {
    while (this.#text[this.#position] === ' ') this.#position += 1;
  }

  #fault(what: string): InvalidInputError {
    return nameInvalid(`The name ${quote(this.#text)} is wrong at position ${this.#position}: ${what}`, this.#text);
  }
}
