import { fromHex } from '../../encoding/hex.ts';
import { withoutLeadingZeros } from '../certificate/serial-number.ts';

/**
 * Serial numbers to look for in a CRL, entry by entry and without making a text of each: a million entries are compared with a few.
 */
export class SerialNumberSet {
  /** By their last octets, which random serial numbers seldom share. */
  readonly #byTail = new Map<number, Uint8Array[]>();
  #size = 0;

  /**
   * @param serialNumbers hexadecimal; each counts once
   * @throws {InvalidInputError} HEX_INVALID: one is not
   */
  constructor(serialNumbers: Iterable<string>) {
    for (const serialNumber of serialNumbers) this.#add(withoutLeadingZeros(fromHex(serialNumber)));
  }

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  /**
   * Tells whether the set has a serial number.
   *
   * @param bytes where it stands
   * @param start where its magnitude starts, without leading zeros
   * @param end where it ends
   */
  has(bytes: Uint8Array, start: number, end: number): boolean {
    const candidates = this.#byTail.get(tail(bytes, start, end));
    return candidates?.some((candidate) => isAt(candidate, bytes, start, end)) ?? false;
  }

  #add(serialNumber: Uint8Array): void {
    if (this.has(serialNumber, 0, serialNumber.length)) return;
    const key = tail(serialNumber, 0, serialNumber.length);
    const candidates = this.#byTail.get(key);
    if (candidates === undefined) this.#byTail.set(key, [serialNumber]);
    else candidates.push(serialNumber);
    this.#size++;
  }
}

/** The last three octets as one small integer. */
function tail(bytes: Uint8Array, start: number, end: number): number {
  let value = 0;
  for (let at = Math.max(start, end - 3); at < end; at++) value = (value << 8) | (bytes[at] as number);
  return value;
}

function isAt(serialNumber: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (serialNumber.length !== end - start) return false;
  for (let at = 0; at < serialNumber.length; at++) if (serialNumber[at] !== bytes[start + at]) return false;
  return true;
}
