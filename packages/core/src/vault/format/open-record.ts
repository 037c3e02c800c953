import { cannotOpen } from '../../crypto/aead.ts';
import { requireObject } from '../../errors/require-object.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { MaybePromise } from '../../ports/crypto.ts';
import { andThen, isPromise } from '../../ports/maybe-promise.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { ChunkCipher } from './cobblestone/chunk-cipher.ts';
import { checkKey, committedMessage } from './cobblestone/message-key.ts';
import { exactly, MessageReader } from './cobblestone/message-reader.ts';
import { HEADER_LENGTH, keyModeOf, RECORD_HEAD_LENGTH, type RecordKey, recordContext } from './envelope.ts';
import { OpenedRecord } from './opened-record.ts';
import type { VaultPrimitives } from './primitives.ts';
import { type RecordSource, toRecordSource } from './record-source.ts';

/**
 * Opens a sealed record, as far as telling that the key fits: nothing of the content is decrypted.
 *
 * @param primitives the cryptography
 * @param options the key, the place that the record must be bound to, and a signal
 * @param sealed the record, or where it can be read
 * @returns the record, from which the content can be read
 * @throws {SealError} SEAL_OPEN_FAILED: another key, place, version or key mode, or a changed head
 * @throws {SealError} SEAL_INVALID: it is no sealed record, or one of another format version
 * @throws {SealError} SEAL_TRUNCATED: it has a length that no sealed record has
 * @throws {InvalidInputError} INVALID_ARGUMENT: the key is not 32 bytes, or the place is not one
 * @throws {ChanceryError} ABORTED: the signal says so
 * @example
 * const record = await openRecord(nodeCrypto(), { key, place }, sealed);
 * const content = await record.bytes();
 */
export async function openRecord(
  primitives: VaultPrimitives,
  options: RecordKey & Abortable,
  sealed: RecordSource | Uint8Array,
): Promise<OpenedRecord> {
  requireObject(options, 'openRecord() options');
  const source = toRecordSource(sealed);
  throwIfAborted(options.signal);
  const wanted = Math.min(RECORD_HEAD_LENGTH, source.length);
  const reading = source.read(0, wanted, signalOf(options));
  const head = exactly(wanted, isPromise(reading) ? await reading : reading, 0);
  const opening = openHead(primitives, options, head);
  const cipher = isPromise(opening) ? await opening : opening;
  return new OpenedRecord(new MessageReader(cipher, source, HEADER_LENGTH));
}

/**
 * Tells whether a key fits a record, by its head alone.
 *
 * @param primitives the cryptography
 * @param options the key, and the place that the record must be bound to
 * @param head the first 61 bytes of the sealed record, or more
 * @returns false: another key, place, version or key mode
 * @throws {SealError} SEAL_INVALID, SEAL_TRUNCATED: it is no head of a sealed record
 * @throws {InvalidInputError} INVALID_ARGUMENT: the key is not 32 bytes, or the place is not one
 */
export async function commitmentFits(
  primitives: VaultPrimitives,
  options: RecordKey,
  head: Uint8Array,
): Promise<boolean> {
  return (await cipherFor(primitives, options, head)) !== undefined;
}

/**
 * Derives the cipher of a record's chunks from its head.
 *
 * @throws {SealError} SEAL_OPEN_FAILED: another key, place, version or key mode
 * @throws {SealError} SEAL_INVALID, SEAL_TRUNCATED: it is no head of a sealed record
 * @throws {InvalidInputError} INVALID_ARGUMENT: the key is not 32 bytes, or the place is not one
 */
export function openHead(primitives: VaultPrimitives, options: RecordKey, head: Uint8Array): MaybePromise<ChunkCipher> {
  return andThen(cipherFor(primitives, options, head), (cipher) => {
    if (cipher === undefined) throw cannotOpen();
    return cipher;
  });
}

function cipherFor(
  primitives: VaultPrimitives,
  { key, place }: RecordKey,
  head: Uint8Array,
): MaybePromise<ChunkCipher | undefined> {
  checkKey(key);
  requireObject(place, "A record's place");
  const mode = keyModeOf(head);
  const context = recordContext(head.subarray(0, HEADER_LENGTH), place);
  return andThen(committedMessage(primitives, key, context, head.subarray(HEADER_LENGTH)), (cipher) =>
    mode === place.keyMode ? cipher : undefined,
  );
}
