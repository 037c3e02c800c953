import { CHUNK_LENGTH } from './cobblestone/sizes.ts';
import { noTrailer, type RecordInfo, readTrailer } from './trailer.ts';

/**
 * Gives the content of a message that comes chunk by chunk. Only the trailer tells where content ends and padding begins, so
 * zeros wait, as a number, until either something else comes or the trailer does.
 *
 * @param chunks the opened chunks; the final one is what the generator returns
 * @returns pieces of at most 16 KiB, and at the end what the trailer says
 * @throws {SealError} SEAL_INVALID: the message does not end in a trailer, or is padded with something else than zeros
 */
export async function* withoutTrailer(
  chunks: AsyncGenerator<Uint8Array, Uint8Array, undefined>,
): AsyncGenerator<Uint8Array, RecordInfo, undefined> {
  // Everything from `given` to `offset` is zeros.
  let given = 0;
  for (let offset = 0; ; offset += CHUNK_LENGTH) {
    const { done, value: chunk } = await chunks.next();
    if (done) {
      const { info, start } = readTrailer(chunk, offset);
      const body = chunk.subarray(0, start - offset);
      if (info.contentLength < endOfContent(body, offset, given)) throw noTrailer();
      yield* contentTo(info.contentLength, body, offset, given);
      return info;
    }
    const end = endOfContent(chunk, offset, given);
    yield* contentTo(end, chunk, offset, given);
    given = end;
  }
}

/** Where the content must at least end: behind the last byte that is not zero. */
function endOfContent(body: Uint8Array, offset: number, given: number): number {
  let length = body.length;
  while (length > 0 && body[length - 1] === 0) length--;
  return length > 0 ? offset + length : given;
}

function* contentTo(
  end: number,
  body: Uint8Array,
  offset: number,
  given: number,
): Generator<Uint8Array, void, undefined> {
  for (let at = given; at < Math.min(end, offset); at += CHUNK_LENGTH) {
    yield new Uint8Array(Math.min(CHUNK_LENGTH, Math.min(end, offset) - at));
  }
  if (end > offset) yield body.subarray(0, end - offset);
}
