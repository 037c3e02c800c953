import { unfilledBytes } from '../../../encoding/bytes.ts';
import type { ByteReader } from '../streams/byte-reader.ts';
import type { ChunkCipher } from './chunk-cipher.ts';
import { CHUNK_LENGTH, PREAMBLE_LENGTH, SEALED_CHUNK_LENGTH, TAG_LENGTH, truncated } from './sizes.ts';

/**
 * Opens a message as it comes, behind the preamble that its cipher was derived from.
 *
 * @param cipher of this message
 * @param source the sealed chunks
 * @returns each full chunk as soon as it has been authenticated; the final, short one is what the generator returns
 * @throws {SealError} SEAL_TRUNCATED: the source ends before the final chunk
 * @throws {SealError} SEAL_OPEN_FAILED: a chunk was changed, moved or exchanged
 */
export async function* openMessageStream(
  cipher: ChunkCipher,
  source: ByteReader,
): AsyncGenerator<Uint8Array, Uint8Array, undefined> {
  for (let index = 0; ; index++) {
    const sealed = await source.take(SEALED_CHUNK_LENGTH);
    if (sealed.length < TAG_LENGTH) throw truncated(PREAMBLE_LENGTH + index * SEALED_CHUNK_LENGTH + sealed.length);
    const chunk = unfilledBytes(sealed.length - TAG_LENGTH);
    await cipher.open(index, sealed, chunk);
    if (chunk.length < CHUNK_LENGTH) return chunk;
    yield chunk;
  }
}
