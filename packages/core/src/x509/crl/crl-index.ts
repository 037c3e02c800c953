import { InvalidInputError } from '../../errors/families.ts';
import { CrlEntryCursor } from './crl-entry-cursor.ts';

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const NOT_FOUND = -1;

/**
 * Finds the entries of a CRL by serial number: an open-addressing hash table of pairs (hash, position) in one typed
 * array, 16 to 32 bytes an entry. A hit is verified against the bytes of the entry, so the hash need not be trusted.
 */
export class CrlIndex {
  readonly #entries: Uint8Array;
  readonly #table: Uint32Array;
  readonly #mask: number;

  /**
   * @param entries the checked content of revokedCertificates
   * @param size how many entries it has
   * @throws {InvalidInputError} CRL_INVALID: the serial numbers were chosen so that their hashes collide
   */
  constructor(entries: Uint8Array, size: number) {
    const slots = 2 ** Math.ceil(Math.log2(Math.max(size * 2, 8)));
    this.#entries = entries;
    this.#table = new Uint32Array(slots * 2);
    this.#mask = slots - 1;
    // At most half of the slots are taken, so that 1.5 probes an entry are usual. Who makes it 32 does so on purpose.
    let probes = 32 * size + 1024;
    const cursor = new CrlEntryCursor(entries);
    while (cursor.next()) {
      if (cursor.isNegative) continue;
      const used = this.#insert(hash(entries, cursor.serialStart, cursor.serialEnd), cursor.start);
      probes -= used;
      if (probes < 0)
        throw new InvalidInputError('CRL_INVALID', 'The serial numbers of the CRL collide beyond all chance');
    }
  }

  /**
   * Finds an entry.
   *
   * @param serialNumber the magnitude, big-endian without leading zeros
   * @returns where the entry starts; of several, the first that the CRL lists; undefined when there is none
   */
  find(serialNumber: Uint8Array): number | undefined {
    const wanted = hash(serialNumber, 0, serialNumber.length);
    for (let slot = wanted & this.#mask; ; slot = (slot + 1) & this.#mask) {
      const position = (this.#table[slot * 2 + 1] as number) + NOT_FOUND;
      if (position === NOT_FOUND) return undefined;
      if (this.#table[slot * 2] === wanted && this.#isAt(position, serialNumber)) return position;
    }
  }

  /** Positions are stored plus one, so that zero means a free slot. Linear probing keeps equal keys in order. */
  #insert(hash: number, position: number): number {
    let probes = 1;
    let slot = hash & this.#mask;
    while (this.#table[slot * 2 + 1] !== 0) {
      slot = (slot + 1) & this.#mask;
      probes++;
    }
    this.#table[slot * 2] = hash;
    this.#table[slot * 2 + 1] = position + 1;
    return probes;
  }

  #isAt(position: number, serialNumber: Uint8Array): boolean {
    const cursor = new CrlEntryCursor(this.#entries, position);
    cursor.next();
    if (cursor.serialEnd - cursor.serialStart !== serialNumber.length) return false;
    for (let at = 0; at < serialNumber.length; at++) {
      if (this.#entries[cursor.serialStart + at] !== serialNumber[at]) return false;
    }
    return true;
  }
}

/** FNV-1a with a final mix, since a power-of-two table looks at the low bits only. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let value = FNV_OFFSET;
  for (let at = start; at < end; at++) value = Math.imul(value ^ (bytes[at] as number), FNV_PRIME);
  value ^= value >>> 16;
  value = Math.imul(value, 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
