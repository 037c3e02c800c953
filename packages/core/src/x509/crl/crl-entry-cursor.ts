import { invalidDer } from '../../encoding/der/der-error.ts';
import { contentOffset, decodeLength } from '../../encoding/der/length.ts';
import { DerReader } from '../../encoding/der/reader.ts';
import { describeTag, Tag } from '../../encoding/der/tags.ts';
import { decodeGeneralizedTime } from '../../encoding/der/time.ts';
import { decodeCertificateIssuer } from '../extensions/alternative-names.ts';
import { decodeInvalidityDate, decodeReasonCode } from '../extensions/crl-entry.ts';
import { type Extension, readExtensions } from '../extensions/extension.ts';
import { ExtensionOid } from '../extensions/extension-oids.ts';
import { INVALIDITY_PREFIX, REASON_PREFIX } from './crl-entry-writer.ts';
import { crlReasonFromCode } from './crl-reason.ts';

const REASON_LENGTH = REASON_PREFIX.length + 1;
const INVALIDITY_LENGTH = INVALIDITY_PREFIX.length + 15;
const MAX_SERIAL_OCTETS = 20;

/**
 * Walks over the entries of revokedCertificates (RFC 5280 section 5.1.2.6) without making an object for each: a CRL may
 * have millions. After {@link CrlEntryCursor.next} the fields tell where the parts of the entry lie.
 */
export class CrlEntryCursor {
  readonly bytes: Uint8Array;
  /** Where the entry starts. */
  start = 0;
  /** Where the serial number's magnitude starts, behind its sign octet; of a negative one, its two's complement. */
  serialStart = 0;
  serialEnd = 0;
  /** Whether the serial number is negative: no certificate that can be read has it. */
  isNegative = false;
  #timeStart = 0;
  #extensionsStart = 0;
  #end = 0;

  /**
   * @param bytes the entries, one behind the other
   * @param start where the first one to visit starts; default 0
   */
  constructor(bytes: Uint8Array, start = 0) {
    this.bytes = bytes;
    this.#end = start;
  }

  /** Where the entry ends. */
  get end(): number {
    return this.#end;
  }

  /** Whether the entry has extensions. */
  get hasExtensions(): boolean {
    return this.#extensionsStart < this.#end;
  }

  /**
   * Moves to the next entry and reads as far as the serial number.
   *
   * @returns false at the end
   * @throws {InvalidInputError} DER_INVALID: the entry is malformed, or its serial number is too long
   */
  next(): boolean {
    const { bytes } = this;
    const start = this.#end;
    if (start >= bytes.length) return false;
    this.start = start;
    if (bytes[start] !== Tag.sequence) wrongTag(Tag.sequence, bytes, start);
    const length = decodeLength(bytes, start + 1, bytes.length);
    const content = contentOffset(bytes, start + 1);
    const end = content + length;
    this.#end = end;

    if (length === 0 || bytes[content] !== Tag.integer) wrongTag(Tag.integer, bytes, content);
    const serialLength = decodeLength(bytes, content + 1, end);
    let serialStart = contentOffset(bytes, content + 1);
    const serialEnd = serialStart + serialLength;
    if (serialLength === 0) invalidDer('The serial number is empty', content);
    const first = bytes[serialStart] as number;
    this.isNegative = first > 0x7f;
    if (first === 0xff && serialLength > 1 && (bytes[serialStart + 1] as number) > 0x7f) {
      invalidDer('An INTEGER is not in its shortest form', content);
    }
    if (first === 0 && serialLength > 1) {
      if ((bytes[serialStart + 1] as number) < 0x80) invalidDer('An INTEGER is not in its shortest form', content);
      serialStart++;
    }
    if (serialEnd - serialStart > MAX_SERIAL_OCTETS) {
      invalidDer(`The serial number has more than ${MAX_SERIAL_OCTETS} octets`, content);
    }
    this.serialStart = serialStart;
    this.serialEnd = serialEnd;
    this.#timeStart = serialEnd;
    // Time has no other form than these two, so its length follows from its tag; check() reads it.
    this.#extensionsStart = Math.min(serialEnd + (bytes[serialEnd] === Tag.utcTime ? 15 : 17), end);
    return true;
  }

  /**
   * Reads the rest of the entry strictly.
   *
   * @param criticalExtensions takes the OIDs of critical extensions
   * @throws {InvalidInputError} DER_INVALID, EXTENSION_INVALID: the entry is malformed
   */
  check(criticalExtensions: Set<string>): void {
    this.revokedAt();
    if (!this.hasExtensions || this.#hasUsualExtensions()) return;
    for (const { oid, critical, value } of this.extensions()) {
      if (critical) criticalExtensions.add(oid);
      if (oid === ExtensionOid.reasonCode) decodeReasonCode(value);
      else if (oid === ExtensionOid.invalidityDate) decodeInvalidityDate(value);
      else if (oid === ExtensionOid.certificateIssuer) decodeCertificateIssuer(value);
    }
  }

  /**
   * Reads revocationDate.
   *
   * @returns milliseconds since the epoch
   * @throws {InvalidInputError} DER_INVALID: it is malformed
   */
  revokedAt(): number {
    return new DerReader(this.bytes, this.#timeStart, this.#end).time();
  }

  /**
   * Reads crlEntryExtensions.
   *
   * @returns the extensions; the values are views
   * @throws {InvalidInputError} DER_INVALID, EXTENSION_INVALID: they are malformed
   */
  extensions(): Extension[] {
    if (!this.hasExtensions) return [];
    const reader = new DerReader(this.bytes, this.#extensionsStart, this.#end);
    const list = reader.read(Tag.sequence);
    reader.finish();
    return readExtensions(list);
  }

  /**
   * Recognizes the shapes that almost every entry has, a reason, an invalidity date or both, by comparing constant
   * octets. What it does not recognize is not thereby wrong.
   */
  #hasUsualExtensions(): boolean {
    const { bytes } = this;
    const start = this.#extensionsStart;
    const end = this.#end;
    let at = start + 2;
    if (bytes[start] !== Tag.sequence || bytes[start + 1] !== end - at) return false;
    if (end - at >= REASON_LENGTH && matches(bytes, at, REASON_PREFIX)) {
      if (crlReasonFromCode(bytes[at + REASON_LENGTH - 1] as number) === undefined) return false;
      at += REASON_LENGTH;
    }
    if (end - at >= INVALIDITY_LENGTH && matches(bytes, at, INVALIDITY_PREFIX)) {
      decodeGeneralizedTime(bytes, at + INVALIDITY_PREFIX.length, at + INVALIDITY_LENGTH);
      at += INVALIDITY_LENGTH;
    }
    return at === end && at > start + 2;
  }
}

function matches(bytes: Uint8Array, at: number, prefix: Uint8Array): boolean {
  for (let index = 0; index < prefix.length; index++) {
    if (bytes[at + index] !== prefix[index]) return false;
  }
  return true;
}

function wrongTag(wanted: number, bytes: Uint8Array, at: number): never {
  const found = bytes[at];
  return invalidDer(
    `Expected ${describeTag(wanted)} but found ${found === undefined ? 'the end' : describeTag(found)}`,
    at,
  );
}
