import { concatBytes } from '../../encoding/bytes.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { newMessage } from './cobblestone/message-key.ts';
import { sealMessageStream } from './cobblestone/seal-message.ts';
import { CHUNK_LENGTH } from './cobblestone/sizes.ts';
import { recordContext, recordHeader } from './envelope.ts';
import { recordMessageLength } from './padding.ts';
import type { VaultPrimitives } from './primitives.ts';
import type { SealRecordOptions } from './seal-record.ts';
import { ByteReader } from './streams/byte-reader.ts';
import type { ByteSource } from './streams/byte-source.ts';
import { trailerLength, writeTrailer } from './trailer.ts';

const ZEROS = new Uint8Array(CHUNK_LENGTH);

/**
 * Seals a record as its content comes. Holds one chunk and one piece of the source.
 *
 * @param primitives the cryptography
 * @param options the key, the place that the record is bound to, its content type and padding
 * @param source the content; it is let go of when the generator is
 * @returns the head of 61 bytes, then one sealed chunk at a time, each in memory of its own. A generator that
 *   ends early has given no record.
 * @throws {InvalidInputError} INVALID_ARGUMENT: one of the options is not what it should be, or a piece is not bytes
 * @throws {ChanceryError} ABORTED: the signal says so
 * @throws whatever the source throws
 */
export async function* sealRecordStream(
  primitives: VaultPrimitives,
  options: SealRecordOptions & Abortable,
  source: ByteSource,
): AsyncGenerator<Uint8Array, void, undefined> {
  requireObject(options, 'sealRecordStream() options');
  requireObject(options.place, "A record's place");
  const reader = new ByteReader(source, options.signal);
  try {
    throwIfAborted(options.signal);
    // Before the first byte is read: an unknown content type or padding must not come out at the end.
    recordMessageLength(0, trailerLength(options.contentType), options.padding ?? 'none');
    const header = recordHeader(options.place.keyMode);
    const message = await newMessage(primitives, options.key, recordContext(header, options.place));
    const sealed = sealMessageStream(message, new ByteReader(withTrailer(reader, options)));
    const { value: preamble } = await sealed.next();
    yield concatBytes([header, preamble as Uint8Array]);
    yield* sealed;
  } finally {
    await reader.close();
  }
}

/** The content, then zeros, then the trailer. */
async function* withTrailer(
  content: ByteReader,
  options: SealRecordOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const { contentType, padding = 'none' } = options;
  let contentLength = 0;
  for (let piece = await content.take(CHUNK_LENGTH); piece.length > 0; piece = await content.take(CHUNK_LENGTH)) {
    contentLength += piece.length;
    yield piece;
  }
  const trailer = new Uint8Array(trailerLength(contentType));
  writeTrailer(trailer, contentLength, contentType);
  let zeros = recordMessageLength(contentLength, trailer.length, padding) - contentLength - trailer.length;
  for (; zeros > 0; zeros -= ZEROS.length) yield ZEROS.subarray(0, Math.min(zeros, ZEROS.length));
  yield trailer;
}
