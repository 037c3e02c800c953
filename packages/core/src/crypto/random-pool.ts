import { InvalidInputError } from '../errors/families.ts';

/** Fills an array with random bytes, as `crypto.randomFillSync` does. */
export type RandomFill = (target: Uint8Array) => unknown;

const POOL_BYTES = 4096;
/** What is longer gains nothing from the pool. */
const MAX_POOLED = 64;

/**
 * Random bytes drawn from the system's generator a page at a time: asking it for 16 octets costs as much as for a thousand. What is handed
 * out is a copy, and its place in the pool is zeroed, so that no byte serves twice or lies about afterwards.
 */
export class RandomPool {
  readonly #fill: RandomFill;
  readonly #pool = new Uint8Array(POOL_BYTES);
  #next = POOL_BYTES;

  /** @param fill the generator; called at first use */
  constructor(fill: RandomFill) {
    this.#fill = fill;
  }

  /**
   * Draws random bytes.
   *
   * @param length how many
   * @returns a new array
   * @throws {InvalidInputError} INVALID_ARGUMENT: `length` is no natural number
   */
  draw(length: number): Uint8Array {
    // Anything else would move the place in the pool to where it gives no bytes, or the same ones, for ever.
    if (!(Number.isSafeInteger(length) && length >= 0)) {
      throw new InvalidInputError('INVALID_ARGUMENT', `${length} is not a number of random bytes`);
    }
    if (length > MAX_POOLED) {
      const bytes = new Uint8Array(length);
      this.#fill(bytes);
      return bytes;
    }
    if (this.#next + length > POOL_BYTES) {
      this.#fill(this.#pool);
      this.#next = 0;
    }
    const end = this.#next + length;
    const bytes = this.#pool.slice(this.#next, end);
    this.#pool.fill(0, this.#next, end);
    this.#next = end;
    return bytes;
  }
}
