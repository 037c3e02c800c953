import { requireObject } from '../../errors/require-object.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { openMessageStream } from './cobblestone/open-message-stream.ts';
import { RECORD_HEAD_LENGTH, type RecordKey } from './envelope.ts';
import { openHead } from './open-record.ts';
import type { VaultPrimitives } from './primitives.ts';
import { ByteReader } from './streams/byte-reader.ts';
import type { ByteSource } from './streams/byte-source.ts';
import type { RecordInfo } from './trailer.ts';
import { withoutTrailer } from './without-trailer.ts';

/**
 * Opens a sealed record as it comes, such as from the network. Holds one chunk and one piece of the source.
 *
 * A piece is given as soon as it has been authenticated; that the end is missing shows only at the end. Use what was given
 * only once the generator has returned. Where the record can be read at any offset, `openRecord` tells it beforehand.
 *
 * @param primitives the cryptography
 * @param options the key, the place that the record must be bound to, and a signal
 * @param source the sealed record; it is let go of when the generator is
 * @returns pieces of at most 16 KiB, and at the end what the record says of its content
 * @throws {SealError} SEAL_OPEN_FAILED: another key, place, version or key mode; or a piece was changed or exchanged
 * @throws {SealError} SEAL_TRUNCATED: the source ends before the record does
 * @throws {SealError} SEAL_INVALID: it is no sealed record, or does not end as one does
 * @throws {InvalidInputError} INVALID_ARGUMENT: one of the options is not what it should be, or a piece is not bytes
 * @throws {ChanceryError} ABORTED: the signal says so
 * @throws whatever the source throws
 */
export async function* openRecordStream(
  primitives: VaultPrimitives,
  options: RecordKey & Abortable,
  source: ByteSource,
): AsyncGenerator<Uint8Array, RecordInfo, undefined> {
  requireObject(options, 'openRecordStream() options');
  const reader = new ByteReader(source, options.signal);
  try {
    const head = await reader.take(RECORD_HEAD_LENGTH);
    const chunks = openMessageStream(await openHead(primitives, options, head), reader);
    return yield* withoutTrailer(chunks);
  } finally {
    await reader.close();
  }
}
