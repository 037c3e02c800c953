import { isBytes, unfilledBytes } from '../../../encoding/bytes.ts';
import { SealError } from '../../../errors/families.ts';
import type { Abortable } from '../../../ports/abortable.ts';
import type { MaybePromise } from '../../../ports/crypto.ts';
import { andThen, isPromise } from '../../../ports/maybe-promise.ts';
import { throwIfAborted } from '../../../store/backoff.ts';
import type { ChunkCipher } from './chunk-cipher.ts';
import {
  CHUNK_LENGTH,
  chunkCount,
  messageLength,
  PREAMBLE_LENGTH,
  SEALED_CHUNK_LENGTH,
  TAG_LENGTH,
  truncated,
} from './sizes.ts';

/** How many chunks are read at once where many are wanted. */
export const SPAN_CHUNKS = 11;

/** Sealed bytes that can be read at any offset, such as the chunk documents of a storage, or ranges of a file. */
export interface SealedSource {
  /** How many bytes there are. */
  readonly length: number;
  /** Reads exactly `length` bytes from `offset` on; they are not changed until the next call. */
  read(offset: number, length: number, options?: Abortable): MaybePromise<Uint8Array>;
}

/** One chunk's plaintext, and where in the message it begins. */
export interface OpenedChunk {
  readonly offset: number;
  readonly plaintext: Uint8Array;
}

/** A sealed message whose commitment fits, read in any order. Nothing leaves it that has not been authenticated. */
export class MessageReader {
  /** How long the message claims to be, in bytes. It is so only if the final chunk opens. */
  readonly length: number;
  readonly #cipher: ChunkCipher;
  readonly #source: SealedSource;
  readonly #start: number;

  /**
   * @param cipher of this message
   * @param source where the message is
   * @param start where in the source it begins, in bytes
   * @throws {SealError} SEAL_TRUNCATED, SEAL_INVALID: no sealed message has its length
   */
  constructor(cipher: ChunkCipher, source: SealedSource, start: number) {
    this.length = messageLength(source.length - start);
    this.#cipher = cipher;
    this.#source = source;
    this.#start = start;
  }

  /** The index of the final chunk, which is the one that proves the length. */
  get finalIndex(): number {
    return chunkCount(this.length) - 1;
  }

  /**
   * Opens the final chunk, and so authenticates the length of the message.
   *
   * @throws {SealError} SEAL_OPEN_FAILED: it was cut off, extended or changed
   */
  async final(options: Abortable = {}): Promise<OpenedChunk> {
    const index = this.finalIndex;
    const sealed = await this.#read(index, index + 1, options);
    const plaintext = new Uint8Array(sealed.length - TAG_LENGTH);
    await this.#cipher.open(index, sealed, plaintext);
    return { offset: index * CHUNK_LENGTH, plaintext };
  }

  /**
   * Opens chunks in order.
   *
   * @param first the index of the first one
   * @param end the index behind the last one; the final chunk is not among them
   */
  async *chunks(first: number, end: number, options: Abortable = {}): AsyncGenerator<OpenedChunk, void, undefined> {
    for (let index = first; index < end; ) {
      const spanEnd = Math.min(end, spanBehind(index));
      const sealed = await this.#read(index, spanEnd, options);
      for (let at = 0; index < spanEnd; index++, at += SEALED_CHUNK_LENGTH) {
        throwIfAborted(options.signal);
        const plaintext = unfilledBytes(CHUNK_LENGTH);
        await this.#cipher.open(index, sealed.subarray(at, at + SEALED_CHUNK_LENGTH), plaintext);
        yield { offset: index * CHUNK_LENGTH, plaintext };
      }
    }
  }

  /**
   * Opens all of it into one buffer.
   *
   * @returns the message
   * @throws {SealError} SEAL_OPEN_FAILED: a chunk was changed, moved or exchanged, or the end is missing
   */
  async all(options: Abortable = {}): Promise<Uint8Array> {
    const count = this.finalIndex + 1;
    const message = unfilledBytes(this.length);
    try {
      for (let index = 0; index < count; ) {
        const spanEnd = Math.min(count, spanBehind(index));
        const reading = this.#read(index, spanEnd, options);
        const sealed = isPromise(reading) ? await reading : reading;
        for (let at = 0; index < spanEnd; index++, at += SEALED_CHUNK_LENGTH) {
          const start = index * CHUNK_LENGTH;
          const chunk = message.subarray(start, start + CHUNK_LENGTH);
          const opening = this.#cipher.open(index, sealed.subarray(at, at + SEALED_CHUNK_LENGTH), chunk);
          if (opening !== undefined) await opening;
        }
      }
      return message;
    } catch (error) {
      message.fill(0);
      throw error;
    }
  }

  /** Reads sealed chunks, the one behind the last excluded. */
  #read(first: number, end: number, { signal }: Abortable): MaybePromise<Uint8Array> {
    throwIfAborted(signal);
    const offset = this.#start + PREAMBLE_LENGTH + first * SEALED_CHUNK_LENGTH;
    const length = Math.min((end - first) * SEALED_CHUNK_LENGTH, this.#source.length - offset);
    return andThen(this.#source.read(offset, length, signal === undefined ? {} : { signal }), (sealed) => {
      throwIfAborted(signal);
      return exactly(length, sealed, offset);
    });
  }
}

/**
 * Checks that a source gave as many bytes as it was asked for.
 *
 * @throws {SealError} SEAL_TRUNCATED: it gave fewer
 * @throws {SealError} SEAL_INVALID: it gave more, or something else
 */
export function exactly(length: number, found: Uint8Array, offset: number): Uint8Array {
  if (!isBytes(found)) throw new SealError('SEAL_INVALID', `The source gave ${typeof found} at ${offset}, not bytes`);
  if (found.length < length) throw truncated(offset + found.length);
  if (found.length === length) return found;
  throw new SealError('SEAL_INVALID', `The source gave ${found.length} bytes at ${offset}, not ${length}`);
}

/** The first chunk of the span behind the one that a chunk is in. */
function spanBehind(index: number): number {
  return index - (index % SPAN_CHUNKS) + SPAN_CHUNKS;
}
