import { SealError } from '../../../errors/families.ts';
import type { AeadKey, MaybePromise } from '../../../ports/crypto.ts';
import { MAX_CHUNKS } from './sizes.ts';

const COUNTER_LOW = 0x1_0000_0000;

/** Seals and opens the chunks of one message, each under a nonce of its own. */
export class ChunkCipher {
  readonly #key: AeadKey;
  readonly #baseNonce: Uint8Array;

  /**
   * @param key of this message alone
   * @param baseNonce 12 bytes, of this message alone
   */
  constructor(key: AeadKey, baseNonce: Uint8Array) {
    this.#key = key;
    this.#baseNonce = baseNonce;
  }

  /**
   * Seals one chunk. Each index once: a second plaintext under the same nonce gives both away.
   *
   * @param index of the chunk, from 0
   * @param plaintext the chunk
   * @param output receives ciphertext and tag
   * @throws {SealError} SEAL_INVALID: a message has no more than 2^38 chunks
   */
  seal(index: number, plaintext: Uint8Array, output: Uint8Array): MaybePromise<void> {
    return this.#key.seal(this.#nonce(index), plaintext, output);
  }

  /**
   * Opens one chunk.
   *
   * @param index of the chunk, from 0
   * @param sealed ciphertext and tag
   * @param output receives the plaintext
   * @throws {SealError} SEAL_OPEN_FAILED: it is not this chunk of this message
   * @throws {SealError} SEAL_INVALID: a message has no more than 2^38 chunks
   */
  open(index: number, sealed: Uint8Array, output: Uint8Array): MaybePromise<void> {
    return this.#key.open(this.#nonce(index), sealed, output);
  }

  /** The base nonce XOR the index, as a big-endian number: 38 bits, so five bytes change. */
  #nonce(index: number): Uint8Array {
    if (index >= MAX_CHUNKS) throw new SealError('SEAL_INVALID', `A sealed message has at most ${MAX_CHUNKS} chunks`);
    const nonce = this.#baseNonce.slice();
    const high = Math.floor(index / COUNTER_LOW);
    nonce[7] = (nonce[7] as number) ^ high;
    nonce[8] = (nonce[8] as number) ^ (index >>> 24);
    nonce[9] = (nonce[9] as number) ^ (index >>> 16);
    nonce[10] = (nonce[10] as number) ^ (index >>> 8);
    nonce[11] = (nonce[11] as number) ^ index;
    return nonce;
  }
}
