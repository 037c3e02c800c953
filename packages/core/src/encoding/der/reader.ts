import { invalidDer } from './der-error.ts';
import { contentOffset, decodeLength } from './length.ts';
import { decodeOid } from './oid.ts';
import { decodeString } from './strings.ts';
import { describeTag, Tag } from './tags.ts';
import { decodeGeneralizedTime, decodeUtcTime } from './time.ts';

/** A BIT STRING: its octets and how many bits at the end of the last one are padding, 0 to 7. */
export interface BitString {
  readonly bytes: Uint8Array;
  readonly unusedBits: number;
}

/**
 * A cursor over DER (X.690 section 10): definite lengths in their shortest form, low tag numbers, nothing left over.
 *
 * It never recurses and never copies: what it hands out are views of the bytes it was given, and the caller descends by
 * asking. Offsets in errors count from the start of `bytes`.
 */
export class DerReader {
  readonly bytes: Uint8Array;
  /** Where this reader's content ends. */
  readonly end: number;
  /** Where the next element starts. */
  position: number;
  private contentStart = 0;
  private contentEnd = 0;

  /**
   * @param bytes the bytes to read
   * @param start where to start; default 0
   * @param end where to stop; default the end of `bytes`
   */
  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** True when nothing is left to read. */
  get done(): boolean {
    return this.position >= this.end;
  }

  /**
   * Looks at the identifier octet of the next element.
   *
   * @returns the octet, or undefined at the end
   */
  peekTag(): number | undefined {
    return this.position < this.end ? this.bytes[this.position] : undefined;
  }

  /**
   * Steps into the next element.
   *
   * @param tag the identifier octet that it must have
   * @returns a reader of its content; this reader moves on behind the element
   * @throws {InvalidInputError} DER_INVALID: it is missing, malformed or of another type
   * @throws {InvalidInputError} DER_TOO_LARGE: its length has more than four octets
   */
  read(tag: number): DerReader {
    this.expect(tag);
    return new DerReader(this.bytes, this.contentStart, this.contentEnd);
  }

  /**
   * Steps into the next element if it has the given tag.
   *
   * @param tag the identifier octet
   * @returns a reader of its content, or undefined when the next element is another or none is left
   * @throws {InvalidInputError} DER_INVALID: it is malformed
   * @throws {InvalidInputError} DER_TOO_LARGE: its length has more than four octets
   */
  optional(tag: number): DerReader | undefined {
    return this.peekTag() === tag ? this.read(tag) : undefined;
  }

  /**
   * Takes the next element whole, tag and length included.
   *
   * @param tag the identifier octet that it must have; default any
   * @returns a view
   * @throws {InvalidInputError} DER_INVALID: it is missing, malformed or of another type
   * @throws {InvalidInputError} DER_TOO_LARGE: its length has more than four octets
   */
  element(tag?: number): Uint8Array {
    const start = this.position;
    this.expect(tag);
    return this.bytes.subarray(start, this.contentEnd);
  }

  /**
   * Takes the content of the next element.
   *
   * @param tag the identifier octet that it must have
   * @returns a view
   * @throws {InvalidInputError} DER_INVALID: it is missing, malformed or of another type
   * @throws {InvalidInputError} DER_TOO_LARGE: its length has more than four octets
   */
  content(tag: number): Uint8Array {
    this.expect(tag);
    return this.bytes.subarray(this.contentStart, this.contentEnd);
  }

  /**
   * Passes over the next element without looking inside.
   *
   * @param tag the identifier octet that it must have; default any
   * @throws {InvalidInputError} DER_INVALID: it is missing, malformed or of another type
   * @throws {InvalidInputError} DER_TOO_LARGE: its length has more than four octets
   */
  skip(tag?: number): void {
    this.expect(tag);
  }

  /**
   * Ends the reading: nothing may be left.
   *
   * @throws {InvalidInputError} DER_INVALID: something is left
   */
  finish(): void {
    if (this.position < this.end) {
      invalidDer(`${this.end - this.position} unexpected bytes follow the last element`, this.position);
    }
  }

  /**
   * Reads a BOOLEAN, which DER writes as 00 or FF (X.690 section 11.1).
   *
   * @throws {InvalidInputError} DER_INVALID: another type, length or value
   */
  boolean(): boolean {
    this.expect(Tag.boolean);
    const octet = this.bytes[this.contentStart];
    if (this.contentEnd - this.contentStart !== 1 || (octet !== 0 && octet !== 0xff)) {
      invalidDer('A BOOLEAN is neither 00 nor FF', this.contentStart);
    }
    return octet === 0xff;
  }

  /**
   * Reads an INTEGER of any size.
   *
   * @param tag the identifier octet; default INTEGER, else an IMPLICIT context tag or ENUMERATED
   * @returns a view of the content: two's complement, big-endian, in its shortest form
   * @throws {InvalidInputError} DER_INVALID: another type, empty, or not in its shortest form
   */
  integer(tag: number = Tag.integer): Uint8Array {
    this.expectInteger(tag);
    return this.bytes.subarray(this.contentStart, this.contentEnd);
  }

  /**
   * Reads an INTEGER that must be a small natural number.
   *
   * @param tag the identifier octet; default INTEGER, else an IMPLICIT context tag or ENUMERATED
   * @returns the number, from 0 to 2^31 - 1
   * @throws {InvalidInputError} DER_INVALID: another type, not in its shortest form, negative or larger
   */
  smallInteger(tag: number = Tag.integer): number {
    this.expectInteger(tag);
    let value = 0;
    const { bytes, contentStart, contentEnd } = this;
    if ((bytes[contentStart] as number) > 0x7f) invalidDer('An INTEGER is negative', contentStart);
    if (contentEnd - contentStart > 4) invalidDer('An INTEGER is larger than 2^31 - 1', contentStart);
    for (let at = contentStart; at < contentEnd; at++) value = (value << 8) | (bytes[at] as number);
    return value;
  }

  /**
   * Reads an OBJECT IDENTIFIER.
   *
   * @returns the dotted form
   * @throws {InvalidInputError} DER_INVALID: another type, or malformed
   */
  oid(): string {
    this.expect(Tag.oid);
    return decodeOid(this.bytes, this.contentStart, this.contentEnd);
  }

  /**
   * Reads a BIT STRING, whose padding bits DER wants to be zero (X.690 section 11.2).
   *
   * @param tag the identifier octet; default BIT STRING, else an IMPLICIT context tag
   * @returns its octets, a view, and the number of padding bits
   * @throws {InvalidInputError} DER_INVALID: another type, or malformed
   */
  bitString(tag: number = Tag.bitString): BitString {
    this.expect(tag);
    const { bytes, contentStart, contentEnd } = this;
    const unusedBits = bytes[contentStart] as number;
    const length = contentEnd - contentStart - 1;
    if (length < 0) invalidDer('A BIT STRING is empty', contentStart);
    if (unusedBits > 7 || (length === 0 && unusedBits !== 0)) {
      invalidDer(`A BIT STRING has ${unusedBits} unused bits`, contentStart);
    }
    if (((bytes[contentEnd - 1] as number) & ((1 << unusedBits) - 1)) !== 0) {
      invalidDer('A BIT STRING has padding that is not zero', contentEnd - 1);
    }
    return { bytes: bytes.subarray(contentStart + 1, contentEnd), unusedBits };
  }

  /**
   * Reads an OCTET STRING.
   *
   * @returns its octets, a view
   * @throws {InvalidInputError} DER_INVALID: another type
   */
  octetString(): Uint8Array {
    return this.content(Tag.octetString);
  }

  /**
   * Reads a Time in one of the two forms of RFC 5280 section 4.1.2.5. A GeneralizedTime before the year 2050, which
   * should have been a UTCTime, is tolerated: a root in the public trust stores has one, and it can only mean one thing.
   *
   * @returns milliseconds since the epoch
   * @throws {InvalidInputError} DER_INVALID: another type or form
   */
  time(): number {
    if (this.peekTag() !== Tag.utcTime) return this.generalizedTime();
    this.expect(Tag.utcTime);
    return decodeUtcTime(this.bytes, this.contentStart, this.contentEnd);
  }

  /**
   * Reads a GeneralizedTime of any year in the form of RFC 5280 section 4.1.2.5.2.
   *
   * @param tag the identifier octet; default GeneralizedTime, else an IMPLICIT context tag
   * @returns milliseconds since the epoch
   * @throws {InvalidInputError} DER_INVALID: another type or form
   */
  generalizedTime(tag: number = Tag.generalizedTime): number {
    this.expect(tag);
    return decodeGeneralizedTime(this.bytes, this.contentStart, this.contentEnd);
  }

  /**
   * Reads a NULL.
   *
   * @throws {InvalidInputError} DER_INVALID: another type, or not empty
   */
  null(): void {
    this.expect(Tag.null);
    if (this.contentEnd !== this.contentStart) invalidDer('A NULL is not empty', this.contentStart);
  }

  /**
   * Reads a character string.
   *
   * @param type the string type, for an IMPLICIT tag that hides it; default that of the element
   * @returns the text
   * @throws {InvalidInputError} DER_INVALID: not a string type, or a character that does not belong to it
   */
  text(type?: number): string {
    const tag = this.expect(undefined);
    return decodeString(type ?? tag, this.bytes, this.contentStart, this.contentEnd);
  }

  private expectInteger(tag: number): void {
    this.expect(tag);
    const { bytes, contentStart, contentEnd } = this;
    if (contentEnd === contentStart) invalidDer('An INTEGER is empty', contentStart);
    if (contentEnd - contentStart > 1) {
      const first = bytes[contentStart];
      const negative = (bytes[contentStart + 1] as number) > 0x7f;
      if ((first === 0 && !negative) || (first === 0xff && negative)) {
        invalidDer('An INTEGER is not in its shortest form', contentStart);
      }
    }
  }

  private expect(wanted: number | undefined): number {
    const { bytes, end, position } = this;
    if (position >= end) {
      invalidDer(`Expected ${wanted === undefined ? 'an element' : describeTag(wanted)} but found the end`, position);
    }
    const tag = bytes[position] as number;
    if (wanted !== undefined && tag !== wanted) {
      invalidDer(`Expected ${describeTag(wanted)} but found ${describeTag(tag)}`, position);
    }
    if (tag === 0 || (tag & 0x1f) === 0x1f) invalidDer(`${describeTag(tag)} is not a tag of X.509`, position);
    const length = decodeLength(bytes, position + 1, end);
    const start = contentOffset(bytes, position + 1);
    this.contentStart = start;
    this.contentEnd = start + length;
    this.position = start + length;
    return tag;
  }
}
