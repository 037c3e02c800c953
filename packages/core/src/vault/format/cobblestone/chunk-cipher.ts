import { NONCE_LENGTH } from '../../../crypto/aead.ts';
import { SealError } from '../../../errors/families.ts';
import type { AeadKey, MaybePromise } from '../../../ports/crypto.ts';
import { MAX_CHUNKS } from './sizes.ts';

/** Nonces lie side by side, so many to an array: an array each would take as long as a twentieth of a chunk. */
const RUN_LENGTH = 16;
const NONE = new Uint8Array();
const COUNTER_LOW = 0x1_0000_0000;

/** Seals and opens the chunks of one message, each under a nonce of its own. */
export class ChunkCipher {
  readonly #key: AeadKey;
  readonly #baseNonce: Uint8Array;
  #nonces: Uint8Array = NONE;
  #firstOfNonces = -1;

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

  /** Is not changed any more once it is given: a provider may look at it late. */
  #nonce(index: number): Uint8Array {
    if (index >= MAX_CHUNKS) throw new SealError('SEAL_INVALID', `A sealed message has at most ${MAX_CHUNKS} chunks`);
    if (index === 0) return this.#baseNonce;
    const at = index % RUN_LENGTH;
    if (index - at !== this.#firstOfNonces) {
      this.#firstOfNonces = index - at;
      this.#nonces = noncesFrom(this.#baseNonce, index - at);
    }
    return this.#nonces.subarray(at * NONCE_LENGTH, (at + 1) * NONCE_LENGTH);
  }
}

/** For each chunk of a run, the base nonce XOR its index, as a big-endian number: 38 bits, so five bytes change. */
function noncesFrom(baseNonce: Uint8Array, first: number): Uint8Array {
  const nonces = new Uint8Array(RUN_LENGTH * NONCE_LENGTH);
  const high = Math.floor(first / COUNTER_LOW);
  for (let at = 0, end = NONCE_LENGTH; at < RUN_LENGTH; at++, end += NONCE_LENGTH) {
    const low = first + at;
    nonces.set(baseNonce, end - NONCE_LENGTH);
    nonces[end - 5] = (nonces[end - 5] as number) ^ high;
    nonces[end - 4] = (nonces[end - 4] as number) ^ (low >>> 24);
    nonces[end - 3] = (nonces[end - 3] as number) ^ (low >>> 16);
    nonces[end - 2] = (nonces[end - 2] as number) ^ (low >>> 8);
    nonces[end - 1] = (nonces[end - 1] as number) ^ low;
  }
  return nonces;
}
