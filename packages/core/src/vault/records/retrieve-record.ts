import { throwIfAborted } from '../../store/backoff.ts';
import type { VaultContext } from '../context.ts';
import { openRecord } from '../format/open-record.ts';
import { type ByteRange, type OpenedRecord, rangeNotSatisfiable } from '../format/opened-record.ts';
import { toWebStream } from '../format/streams/to-web-stream.ts';
import { givenSignal } from '../options.ts';
import { storedBody } from './body.ts';
import { countRead } from './count-read.ts';
import { openCard, type RecordCard } from './record.ts';
import { recordNotFound, requireLive, rolledBack, versionConflict } from './record-errors.ts';
import { recordKey, recordPlace } from './record-key.ts';
import {
  byteRange,
  type CheckedRetrieveOptions,
  checkRetrieveOptions,
  type RetrievedRecord,
  type RetrievedRecordInfo,
  type RetrievedRecordStream,
  type RetrieveRecordOptions,
} from './retrieve-options.ts';

/** Reads a record into memory. See `RecordVault.retrieve`. */
export async function retrieveRecord(context: VaultContext, given: RetrieveRecordOptions): Promise<RetrievedRecord> {
  const options = checkRetrieveOptions(given);
  const { opened, info } = await open(context, options);
  const { range } = options;
  const signal = givenSignal(options);
  const data = range === undefined ? await opened.bytes(signal) : await opened.range(byteRange(range), signal);
  return { ...info, data };
}

/** Reads a record piece by piece. See `RecordVault.retrieveStream`. */
export async function retrieveRecordStream(
  context: VaultContext,
  given: RetrieveRecordOptions,
): Promise<RetrievedRecordStream> {
  const options = checkRetrieveOptions(given);
  const { opened, info } = await open(context, options);
  const range = options.range === undefined ? { start: 0 } : byteRange(options.range);
  const stream = toWebStream(({ signal: cancelled }) => {
    const signal = options.signal === undefined ? cancelled : AbortSignal.any([cancelled, options.signal]);
    return opened.rangeStream(range, { signal });
  });
  return { ...info, stream };
}

/** Opens a record with its key, and counts the read, unless there is nothing to be read. Nothing of the content is decrypted before. */
async function open(
  context: VaultContext,
  options: CheckedRetrieveOptions,
): Promise<{ readonly opened: OpenedRecord; readonly info: RetrievedRecordInfo }> {
  const { store, crypto, clock, owners } = context;
  throwIfAborted(options.signal);
  const located = await owners.locate(options.ownerId, options.recordId);
  if (located?.entry === undefined) throw recordNotFound(located?.documentId);
  const { owner, documentId, entry } = located;
  const { card } = await openCard(store, owner, entry);
  requireLive(documentId, card, clock.now());
  checkVersion(documentId, card, options);
  const key = await recordKey(crypto, card, options.key);
  let opened: OpenedRecord;
  try {
    const place = recordPlace(store.namespace, options, card.keyMode, card.version);
    opened = await openRecord(crypto, { key, place, ...givenSignal(options) }, storedBody(store, entry));
  } finally {
    key.fill(0);
  }
  const isNothing = options.range !== undefined && isAtEnd(byteRange(options.range), card);
  const counted =
    card.maxReads === undefined || isNothing ? card : await countRead(context, owner, entry, givenSignal(options));
  return { opened, info: infoOf(counted) };
}

/**
 * Whether nothing of the content lies in a range, which is then no read to count.
 *
 * @throws {InvalidInputError} RANGE_NOT_SATISFIABLE: it begins behind the end
 */
function isAtEnd({ start }: ByteRange, { contentLength }: RecordCard): boolean {
  if (start > contentLength) throw rangeNotSatisfiable(start, contentLength);
  return start === contentLength;
}

function checkVersion(
  documentId: string,
  { version }: RecordCard,
  { version: wanted, expectVersion }: CheckedRetrieveOptions,
): void {
  if (expectVersion !== undefined && version < expectVersion) throw rolledBack(documentId, expectVersion, version);
  const other = [expectVersion, wanted].find((each) => each !== undefined && each !== version);
  if (other !== undefined) throw versionConflict(documentId, other, version);
}

function infoOf(card: RecordCard): RetrievedRecordInfo {
  const { recordId, version, keyMode, contentType, contentLength, storedAt, expiresAt, maxReads, reads } = card;
  return {
    recordId,
    version,
    keyMode,
    contentLength,
    storedAt: new Date(storedAt),
    ...(contentType === undefined ? {} : { contentType }),
    ...(expiresAt === undefined ? {} : { expiresAt: new Date(expiresAt) }),
    ...(maxReads === undefined ? {} : { readsLeft: maxReads - reads }),
  };
}
