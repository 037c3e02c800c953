/**
 * Memory that one piece of work after the other uses, where to allocate it anew would take a good part of the time. Who takes some while it
 * is in use gets other memory, since a provider may answer late.
 */
export class WorkingBytes {
  #all: Uint8Array;
  #isTaken = false;

  /** @param most how much is kept, in bytes; what is longer is allocated each time */
  constructor(most: number) {
    this.#all = new Uint8Array(most);
  }

  /**
   * Takes memory. If it is never given back, it is garbage.
   *
   * @param length in bytes
   * @returns zeros
   */
  take(length: number): Uint8Array {
    if (length > this.#all.length) return new Uint8Array(length);
    if (this.#isTaken) this.#all = new Uint8Array(this.#all.length);
    this.#isTaken = true;
    return this.#all.subarray(0, length);
  }

  /**
   * Overwrites memory and gives it back.
   *
   * @param bytes what was taken, which must not be used any more
   */
  giveBack(bytes: Uint8Array): void {
    bytes.fill(0);
    if (bytes.buffer === this.#all.buffer) this.#isTaken = false;
  }
}
