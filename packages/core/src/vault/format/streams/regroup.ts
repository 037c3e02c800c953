import { InvalidInputError } from '../../../errors/families.ts';
import type { Abortable } from '../../../ports/abortable.ts';
import { ByteReader } from './byte-reader.ts';
import type { ByteSource } from './byte-source.ts';

/**
 * Cuts a stream of bytes anew, into pieces of one length. Holds one piece.
 *
 * @param source the stream; it is let go of when the generator is
 * @param length of the pieces, in bytes; the last one may be shorter, and is never empty
 * @returns the pieces
 * @throws {InvalidInputError} INVALID_ARGUMENT: no pieces have that length, or one of the source is not bytes
 * @throws {ChanceryError} ABORTED: the signal says so
 * @throws whatever the source throws
 */
export async function* regroup(
  source: ByteSource,
  length: number,
  options: Abortable = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!Number.isSafeInteger(length) || length < 1) {
    throw new InvalidInputError('INVALID_ARGUMENT', `There are no pieces of ${length} bytes`);
  }
  const reader = new ByteReader(source, options.signal);
  try {
    for (let piece = await reader.take(length); piece.length > 0; piece = await reader.take(length)) {
      yield piece;
      if (piece.length < length) return;
    }
  } finally {
    await reader.close();
  }
}
