import { InvalidInputError, SealError } from '../../errors/families.ts';
import { CHUNK_LENGTH } from './cobblestone/sizes.ts';

/** What a record says of its content, sealed with it. */
export interface RecordInfo {
  /** How long the content is, in bytes. */
  readonly contentLength: number;
  /** What the content is, such as `application/json`, if its writer said so. */
  readonly contentType?: string;
}

/** The longest trailer, in bytes. */
export const MAX_TRAILER_LENGTH = 255 + 8;

// content type | length of content type (1) | content length (7)
const FIXED_LENGTH = 8;
const PRINTABLE_ASCII = /^[\x20-\x7e]{1,255}$/;

/**
 * Tells how long the trailer of a record is.
 *
 * @param contentType 1 to 255 printable ASCII characters
 * @returns the length, in bytes
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is no such content type
 */
export function trailerLength(contentType: string | undefined): number {
  if (contentType === undefined) return FIXED_LENGTH;
  if (typeof contentType === 'string' && PRINTABLE_ASCII.test(contentType)) return FIXED_LENGTH + contentType.length;
  throw new InvalidInputError('INVALID_ARGUMENT', 'A content type is 1 to 255 printable ASCII characters');
}

/**
 * Writes the trailer at the end of a message.
 *
 * @param message its last bytes at least
 * @param contentLength what it says
 * @param contentType what it says
 */
export function writeTrailer(message: Uint8Array, contentLength: number, contentType = ''): void {
  let at = message.length - FIXED_LENGTH - contentType.length;
  for (let letter = 0; letter < contentType.length; letter++) message[at++] = contentType.charCodeAt(letter);
  message[at] = contentType.length;
  for (let rest = contentLength, last = message.length - 1; last > at; last--, rest = Math.floor(rest / 256)) {
    message[last] = rest % 256;
  }
}

/**
 * Reads the trailer off the final chunk.
 *
 * @param finalChunk its plaintext
 * @param offset where in the message it begins, in bytes
 * @returns what the trailer says, and where in the message the padding in front of it ends
 * @throws {SealError} SEAL_INVALID: there is no trailer, or it does not fit the message
 */
export function readTrailer(
  finalChunk: Uint8Array,
  offset: number,
): { readonly info: RecordInfo; readonly start: number } {
  const fixedAt = finalChunk.length - FIXED_LENGTH;
  if (fixedAt < 0) throw noTrailer();
  const view = new DataView(finalChunk.buffer, finalChunk.byteOffset, finalChunk.length);
  const typeLength = view.getUint8(fixedAt);
  const contentLength = (view.getUint32(fixedAt) & 0xff_ffff) * 0x1_0000_0000 + view.getUint32(fixedAt + 4);
  const typeAt = fixedAt - typeLength;
  if (typeAt < 0 || contentLength > offset + typeAt) throw noTrailer();
  const start = offset + typeAt;
  if (typeLength === 0) return { info: { contentLength }, start };
  const contentType = String.fromCharCode(...finalChunk.subarray(typeAt, fixedAt));
  if (!PRINTABLE_ASCII.test(contentType)) throw noTrailer();
  return { info: { contentLength, contentType }, start };
}

/**
 * Makes the error for a message that opened, and yet does not end as a record does.
 *
 * @returns SEAL_INVALID
 */
export function noTrailer(): SealError {
  return new SealError(
    'SEAL_INVALID',
    `The sealed record does not end in a trailer within its last ${CHUNK_LENGTH} bytes`,
  );
}
