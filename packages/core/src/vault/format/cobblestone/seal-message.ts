import type { ByteReader } from '../streams/byte-reader.ts';
import type { NewMessage } from './message-key.ts';
import { CHUNK_LENGTH, chunkCount, PREAMBLE_LENGTH, sealedLength, TAG_LENGTH } from './sizes.ts';

/**
 * Seals a whole message, which is given as two parts so that a long one need not be copied.
 *
 * @param message preamble and cipher, used for nothing else
 * @param body the first part, whole chunks only
 * @param rest the second part
 * @param room how many bytes to leave free in front
 * @returns the free bytes, salt, commitment and chunks, in one buffer
 */
export async function sealMessage(
  { preamble, cipher }: NewMessage,
  body: Uint8Array,
  rest: Uint8Array,
  room = 0,
): Promise<Uint8Array> {
  const length = body.length + rest.length;
  const sealed = new Uint8Array(room + sealedLength(length));
  sealed.set(preamble, room);
  let at = room + PREAMBLE_LENGTH;
  for (let index = 0, count = chunkCount(length); index < count; index++) {
    const start = index * CHUNK_LENGTH;
    const chunk =
      start < body.length
        ? body.subarray(start, start + CHUNK_LENGTH)
        : rest.subarray(start - body.length, start - body.length + CHUNK_LENGTH);
    const end = at + chunk.length + TAG_LENGTH;
    const sealing = cipher.seal(index, chunk, sealed.subarray(at, end));
    // Most are done by then, and waiting for nothing takes as long as a tenth of a chunk.
    if (sealing !== undefined) await sealing;
    at = end;
  }
  return sealed;
}

/**
 * Seals a message as it comes.
 *
 * @param message preamble and cipher, used for nothing else
 * @param source the message
 * @returns the preamble, then one sealed chunk at a time; the last one is short
 * @throws {SealError} SEAL_INVALID: the message passes 2^38 chunks
 */
export async function* sealMessageStream(
  { preamble, cipher }: NewMessage,
  source: ByteReader,
): AsyncGenerator<Uint8Array, void, undefined> {
  yield preamble;
  for (let index = 0; ; index++) {
    const chunk = await source.take(CHUNK_LENGTH);
    const sealed = new Uint8Array(chunk.length + TAG_LENGTH);
    await cipher.seal(index, chunk, sealed);
    yield sealed;
    if (chunk.length < CHUNK_LENGTH) return;
  }
}
