import { type CrlEntry, MAX_ENTRY_LENGTH, writeCrlEntry } from './crl-entry-writer.ts';

const FIRST_CHUNK = 4 * 1024;
const LARGEST_CHUNK = 1024 * 1024;

/**
 * The entries of a CRL, encoded as they are added.
 *
 * Keep the object to sign the next CRL with a few entries more: what is encoded once is only copied from then on. A
 * serial number must be added once only; an entry cannot be taken back, so one that leaves the CRL (a hold released, an
 * expired certificate) calls for new entries.
 */
export class CrlEntries {
  readonly #full: Uint8Array[] = [];
  #chunk = new Uint8Array(FIRST_CHUNK);
  #used = 0;
  #fullLength = 0;
  #size = 0;

  /**
   * Encodes entries.
   *
   * @param entries the entries; default none
   * @returns them, to be kept and added to
   * @throws {InvalidInputError} INVALID_ARGUMENT, HEX_INVALID: as {@link CrlEntries.add}
   */
  static from(entries: Iterable<CrlEntry> = []): CrlEntries {
    const encoded = new CrlEntries();
    for (const entry of entries) encoded.add(entry);
    return encoded;
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
    this.#used = writeCrlEntry(this.#chunk, this.#used, entry);
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

  #startChunk(): void {
    this.#full.push(this.#chunk.subarray(0, this.#used));
    this.#fullLength += this.#used;
    this.#chunk = new Uint8Array(Math.min(this.#chunk.length * 2, LARGEST_CHUNK));
    this.#used = 0;
  }
}
