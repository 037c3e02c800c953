import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { CHUNK_LENGTH } from './cobblestone/sizes.ts';
import { MAX_TRAILER_LENGTH } from './trailer.ts';

/**
 * How much the length of a sealed record tells: `none`, its content's length to the byte; `padme`, a class of lengths, at
 * most 12 % above it (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs",
 * section 4.2), and at least 256 bytes.
 */
export type Padding = 'none' | 'padme';

const SMALLEST_CLASS = 256;

/**
 * Tells how long the message of a record is: its content, zeros, and its trailer, which lies whole in the final chunk.
 *
 * @param contentLength in bytes
 * @param trailerLength in bytes
 * @param padding which lengths may be told apart
 * @returns the length, in bytes
 * @throws {InvalidInputError} INVALID_ARGUMENT: there is no such padding
 */
export function recordMessageLength(contentLength: number, trailerLength: number, padding: Padding): number {
  if (padding === 'none') return withTrailerWhole(contentLength + trailerLength, trailerLength);
  if (padding !== 'padme') {
    throw new InvalidInputError('INVALID_ARGUMENT', `There is no padding ${quote(padding)}`);
  }
  // As if every trailer were the longest, so that the content type does not show either.
  return withTrailerWhole(padme(Math.max(contentLength, SMALLEST_CLASS)) + MAX_TRAILER_LENGTH, MAX_TRAILER_LENGTH);
}

/** Moves the trailer behind a chunk's border if it would lie across. */
function withTrailerWhole(length: number, trailerLength: number): number {
  const inFinalChunk = length % CHUNK_LENGTH;
  return inFinalChunk < trailerLength ? length - inFinalChunk + trailerLength : length;
}

/** Rounds up, so that a length has no more significant bits than its exponent takes to write. */
function padme(length: number): number {
  const exponent = Math.floor(Math.log2(length));
  const step = 2 ** (exponent - (Math.floor(Math.log2(exponent)) + 1));
  return Math.ceil(length / step) * step;
}
