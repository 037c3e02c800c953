import { isBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { SealedSource } from './cobblestone/message-reader.ts';
import { SPAN_CHUNKS } from './cobblestone/message-reader.ts';
import { SEALED_CHUNK_LENGTH } from './cobblestone/sizes.ts';

/** A sealed record that can be read at any offset. Whole and streamed reading asks it for spans of `SPAN_LENGTH`. */
export interface RecordSource extends SealedSource {}

/**
 * The most that a source is asked for at once, in bytes: 11 sealed chunks. The first span begins behind the head, and no
 * read crosses the border of two; a storage that keeps one span a document reads one document each time.
 */
export const SPAN_LENGTH = SPAN_CHUNKS * SEALED_CHUNK_LENGTH;

/**
 * Makes a source of a sealed record in memory.
 *
 * @param sealed the record; not changed as long as the source is used
 * @returns the source, which copies nothing
 */
export function bytesSource(sealed: Uint8Array): RecordSource {
  return { length: sealed.length, read: (offset, length) => sealed.subarray(offset, offset + length) };
}

/**
 * Takes a record as bytes or as a source.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is neither
 */
export function toRecordSource(sealed: RecordSource | Uint8Array): RecordSource {
  if (isBytes(sealed)) return bytesSource(sealed);
  if (typeof sealed === 'object' && sealed !== null && typeof sealed.read === 'function') {
    if (Number.isSafeInteger(sealed.length) && sealed.length >= 0) return sealed;
    throw new InvalidInputError('INVALID_ARGUMENT', `A record source has no length of ${sealed.length} bytes`);
  }
  throw new InvalidInputError('INVALID_ARGUMENT', `A sealed record is a Uint8Array or a source, not ${typeof sealed}`);
}
