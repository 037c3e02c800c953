import { isBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { requireObject } from '../../errors/require-object.ts';
import { andThen, isPromise } from '../../ports/maybe-promise.ts';
import { newMessage } from './cobblestone/message-key.ts';
import { sealMessage } from './cobblestone/seal-message.ts';
import { CHUNK_LENGTH, sealedLength } from './cobblestone/sizes.ts';
import { HEADER_LENGTH, type RecordKey, recordContext, recordHeader } from './envelope.ts';
import { type Padding, recordMessageLength } from './padding.ts';
import type { VaultPrimitives } from './primitives.ts';
import { trailerLength, writeTrailer } from './trailer.ts';
import { WorkingBytes } from './working-bytes.ts';

/** For what shares a chunk with padding or trailer. */
const rests = new WorkingBytes(2 * CHUNK_LENGTH);

/** How a record's content is described and how much its length may tell. */
export interface RecordShape {
  /** What the content is: 1 to 255 printable ASCII characters. It is sealed with the content. */
  readonly contentType?: string;
  /** Default `none`. */
  readonly padding?: Padding;
}

/** Options of `sealRecord` and `sealRecordStream`. */
export interface SealRecordOptions extends RecordKey, RecordShape {}

/**
 * Seals a record whose content is at hand.
 *
 * @param primitives the cryptography
 * @param options the key, the place that the record is bound to, its content type and padding
 * @param content not changed until the promise settles
 * @returns the sealed record
 * @throws {InvalidInputError} INVALID_ARGUMENT: the content is not bytes, or one of the options is not what it should be
 * @example
 * const key = nodeCrypto().randomBytes(32);
 * const place = { namespace: 'app', owner: 'ada', record: 'diary', version: 1, keyMode: 'user' } as const;
 * const sealed = await sealRecord(nodeCrypto(), { key, place }, content);
 */
export async function sealRecord(
  primitives: VaultPrimitives,
  options: SealRecordOptions,
  content: Uint8Array,
): Promise<Uint8Array> {
  if (!isBytes(content)) {
    throw new InvalidInputError('INVALID_ARGUMENT', `A record's content is a Uint8Array, not ${typeof content}`);
  }
  requireObject(options, 'sealRecord() options');
  const { key, place, contentType, padding = 'none' } = options;
  const length = recordMessageLength(content.length, trailerLength(contentType), padding);
  requireObject(place, "A record's place");
  const header = recordHeader(place.keyMode);
  const context = recordContext(header, place);
  // Full chunks are sealed from where they are; only what shares a chunk with padding or trailer is copied.
  const body = content.subarray(0, content.length - (content.length % CHUNK_LENGTH));
  const rest = rests.take(length - body.length);
  try {
    rest.set(content.subarray(body.length));
    writeTrailer(rest, content.length, contentType);
    const sealing = andThen(newMessage(primitives, key, context), (message) =>
      sealMessage(message, body, rest, HEADER_LENGTH),
    );
    const sealed = isPromise(sealing) ? await sealing : sealing;
    sealed.set(header);
    return sealed;
  } finally {
    rests.giveBack(rest);
  }
}

/**
 * Tells how long a record is once it is sealed.
 *
 * @param contentLength in bytes
 * @param shape its content type and padding
 * @returns the length, in bytes
 * @throws {InvalidInputError} INVALID_ARGUMENT: no record is that long, or the shape is not what it should be
 */
export function sealedRecordLength(contentLength: number, shape: RecordShape = {}): number {
  const { contentType, padding = 'none' } = shape;
  return HEADER_LENGTH + sealedLength(recordMessageLength(contentLength, trailerLength(contentType), padding));
}
