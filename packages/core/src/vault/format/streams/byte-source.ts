import { isBytes } from '../../../encoding/bytes.ts';
import { InvalidInputError } from '../../../errors/families.ts';

/** Bytes that come piece by piece: a generator, a Node stream, a Web Stream, or a list. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array> | ReadableStream<Uint8Array>;

/** Gives the pieces of a source. */
export interface PieceIterator {
  next(): Promise<IteratorResult<unknown, unknown>> | IteratorResult<unknown, unknown>;
  /** Tells the source that no more is wanted. */
  return?(): unknown;
}

/**
 * Starts to read a source.
 *
 * @param source the source
 * @returns its pieces, not yet checked to be bytes
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is nothing that can be read piece by piece
 */
export function piecesOf(source: ByteSource): PieceIterator {
  if (isBytes(source)) return [source][Symbol.iterator]();
  if (typeof source === 'object' && source !== null) {
    // Not every browser lets a ReadableStream be iterated, whatever its type says.
    if ('getReader' in source) return readerPieces(source.getReader());
    if (Symbol.asyncIterator in source) return source[Symbol.asyncIterator]();
    if (Symbol.iterator in source) return source[Symbol.iterator]();
  }
  const problem = `A source of bytes is iterable or a ReadableStream, not ${typeof source}`;
  throw new InvalidInputError('INVALID_ARGUMENT', problem);
}

function readerPieces(reader: ReadableStreamDefaultReader<Uint8Array>): PieceIterator {
  return {
    next: () => reader.read(),
    return: () => reader.cancel(),
  };
}
