import { CrlEntryCursor } from './crl-entry-cursor.ts';
import { type CrlEntry, MAX_ENTRY_LENGTH, writeCrlEntry } from './crl-entry-writer.ts';
import type { SerialNumberSet } from './serial-number-set.ts';

const FIRST_CHUNK = 4 * 1024;
const LARGEST_CHUNK = 1024 * 1024;

/** Entries that are encoded, as a CRL holds them. */
export interface EncodedEntries {
  /** The content of revokedCertificates; not to be changed. */
  readonly bytes: Uint8Array;
  readonly size: number;
}

/** What kind of CRL entries are for. */
export interface CrlEntriesOptions {
  /** For a delta CRL, which alone may hold the reason removeFromCRL; default false. */
  readonly isDelta?: boolean;
}

/**
 * The entries of a CRL, encoded as they are added.
 *
 * Keep the object to sign the next CRL with a few entries more: what is encoded once is only copied from then on. A
 * serial number must be added once only. An entry cannot be taken back: where some leave the CRL (a hold released, an
 * expired certificate), {@link CrlEntries.without} makes new entries of the old ones.
 */
export class CrlEntries {
  /** Whether they are for a delta CRL. */
  readonly isDelta: boolean;
  readonly #full: Uint8Array[] = [];
  #chunk = new Uint8Array(FIRST_CHUNK);
  #used = 0;
  #fullLength = 0;
  #size = 0;

  /**
   * Encodes entries.
   *
   * @param entries the entries; default none
   * @param options what kind of CRL they are for
   * @returns them, to be kept and added to
   * @throws {InvalidInputError} INVALID_ARGUMENT, HEX_INVALID: as {@link CrlEntries.add}
   */
  static from(entries: Iterable<CrlEntry> = [], options: CrlEntriesOptions = {}): CrlEntries {
    const encoded = new CrlEntries(options);
    for (const entry of entries) encoded.add(entry);
    return encoded;
  }

  /**
   * Takes over what another CRL holds, but for some certificates. The bytes are not copied before the CRL is built.
   *
   * @param previous the entries of a CRL that was read before, or that this house has made
   * @param serialNumbers whose entries are left out
   * @param options what kind of CRL they are for
   * @throws {InvalidInputError} DER_INVALID: an entry is malformed
   */
  static without(
    previous: EncodedEntries,
    serialNumbers: SerialNumberSet,
    options: CrlEntriesOptions = {},
  ): CrlEntries {
    const entries = new CrlEntries(options);
    if (serialNumbers.size === 0) {
      entries.#adopt(previous.bytes, 0, previous.bytes.length, previous.size);
      return entries;
    }
    const cursor = new CrlEntryCursor(previous.bytes);
    let [from, size] = [0, 0];
    while (cursor.next()) {
      if (!serialNumbers.has(previous.bytes, cursor.serialStart, cursor.serialEnd)) {
        size++;
        continue;
      }
      entries.#adopt(previous.bytes, from, cursor.start, size);
      [from, size] = [cursor.end, 0];
    }
    entries.#adopt(previous.bytes, from, previous.bytes.length, size);
    return entries;
  }

  /** @param options what kind of CRL they are for */
  constructor({ isDelta = false }: CrlEntriesOptions = {}) {
    this.isDelta = isDelta;
  }

  /** How many entries there are. */
  get size(): number {
    return this.#size;
  }

  /** Their length once encoded, in bytes. */
  get byteLength(): number {
    return this.#fullLength + this.#used;
  }

  /**
   * Adds an entry. When it is refused, nothing is added.
   *
   * @param entry the revoked certificate; times are cut to whole seconds
   * @throws {InvalidInputError} INVALID_ARGUMENT: the serial number, a time or the reason is impossible
   * @throws {InvalidInputError} HEX_INVALID: the serial number is text, but not hexadecimal
   */
  add(entry: CrlEntry): void {
    if (this.#chunk.length - this.#used < MAX_ENTRY_LENGTH) this.#startChunk();
    this.#used = writeCrlEntry(this.#chunk, this.#used, entry, this.isDelta);
    this.#size++;
  }

  /**
   * Copies the encoded entries, one behind the other, in the order in which they were added.
   *
   * @param target where to; {@link CrlEntries.byteLength} bytes must be left
   * @param at at which offset
   * @returns the offset behind what was written
   */
  copyTo(target: Uint8Array, at: number): number {
    let next = at;
    for (const chunk of this.#full) {
      target.set(chunk, next);
      next += chunk.length;
    }
    target.set(this.#chunk.subarray(0, this.#used), next);
    return next + this.#used;
  }

  /** The entries once encoded, one behind the other: the content of revokedCertificates. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.byteLength);
    this.copyTo(bytes, 0);
    return bytes;
  }

  /** Before anything is added. */
  #adopt(bytes: Uint8Array, from: number, to: number, size: number): void {
    if (from === to) return;
    this.#full.push(bytes.subarray(from, to));
    this.#fullLength += to - from;
    this.#size += size;
  }

  #startChunk(): void {
    this.#full.push(this.#chunk.subarray(0, this.#used));
    this.#fullLength += this.#used;
    this.#chunk = new Uint8Array(Math.min(this.#chunk.length * 2, LARGEST_CHUNK));
    this.#used = 0;
  }
}
