import { unfilledBytes } from '../../../encoding/bytes.ts';
import type { MaybePromise } from '../../../ports/crypto.ts';
import { andThen, isPromise } from '../../../ports/maybe-promise.ts';
import type { ByteReader } from '../streams/byte-reader.ts';
import type { NewMessage } from './message-key.ts';
import { CHUNK_LENGTH, chunkCount, PREAMBLE_LENGTH, SEALED_CHUNK_LENGTH, sealedLength, TAG_LENGTH } from './sizes.ts';

/**
 * Seals a whole message, which is given as two parts so that a long one need not be copied.
 *
 * @param message preamble and cipher, used for nothing else
 * @param body the first part, whole chunks only
 * @param rest the second part
 * @param room how many bytes to leave free in front, as zeros
 * @returns the free bytes, salt, commitment and chunks, in one buffer
 */
export function sealMessage(
  { preamble, cipher }: NewMessage,
  body: Uint8Array,
  rest: Uint8Array,
  room = 0,
): MaybePromise<Uint8Array> {
  const length = body.length + rest.length;
  const sealed = unfilledBytes(room + sealedLength(length));
  sealed.fill(0, 0, room);
  sealed.set(preamble, room);
  const sealing = inTurn(chunkCount(length), (index) => {
    const start = index * CHUNK_LENGTH;
    const chunk =
      start < body.length
        ? body.subarray(start, start + CHUNK_LENGTH)
        : rest.subarray(start - body.length, start - body.length + CHUNK_LENGTH);
    const at = room + PREAMBLE_LENGTH + index * SEALED_CHUNK_LENGTH;
    return cipher.seal(index, chunk, sealed.subarray(at, at + chunk.length + TAG_LENGTH));
  });
  return andThen(sealing, () => sealed);
}

/**
 * Seals a message as it comes.
 *
 * @param message preamble and cipher, used for nothing else
 * @param source the message
 * @returns the preamble, then one sealed chunk at a time, each in memory of its own; the last one is short
 * @throws {SealError} SEAL_INVALID: the message passes 2^38 chunks
 */
export async function* sealMessageStream(
  { preamble, cipher }: NewMessage,
  source: ByteReader,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield preamble;
  for (let index = 0; ; index++) {
    const chunk = await source.take(CHUNK_LENGTH);
    const sealed = unfilledBytes(chunk.length + TAG_LENGTH);
    await cipher.seal(index, chunk, sealed);
    yield sealed;
    if (chunk.length < CHUNK_LENGTH) return;
  }
}

/** Takes steps one after the other, and waits for none but those that are still to come: to wait takes as long as a tenth of a chunk. */
function inTurn(count: number, step: (index: number) => MaybePromise<void>): MaybePromise<void> {
  for (let index = 0; index < count; index++) {
    const taken = step(index);
    if (isPromise(taken)) return taken.then(() => waitingInTurn(index + 1, count, step));
  }
}

async function waitingInTurn(first: number, count: number, step: (index: number) => MaybePromise<void>): Promise<void> {
  for (let index = first; index < count; index++) await step(index);
}
