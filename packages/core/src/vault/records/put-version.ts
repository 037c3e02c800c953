import { randomVersion } from '../../store/receipts.ts';
import type { Transaction } from '../../store/transaction.ts';
import { owners, records } from '../collections.ts';
import type { VaultContext } from '../context.ts';
import type { SealRecordOptions } from '../format/seal-record.ts';
import type { Located } from '../owners/owner-directory.ts';
import { recordEvent } from '../vault-event.ts';
import { openCard, type RecordCard, type RecordValue, sealCard, stateOf } from './record.ts';
import { versionConflict } from './record-errors.ts';
import { type NewRecordKey, recordPlace } from './record-key.ts';
import { discardBody, READERS_GRACE_MS } from './removal.ts';
import type { CheckedStoreOptions } from './store-options.ts';

/** What a version consists of, once it is sealed. */
export interface SealedVersion {
  readonly version: number;
  readonly contentLength: number;
  readonly sealedLength: number;
  /** What goes into the record's own document. */
  readonly bytes: Uint8Array;
  readonly body?: { readonly id: string; readonly chunks: number };
}

/**
 * Says which version comes next.
 *
 * @throws {ConflictError} RECORD_VERSION_CONFLICT: the record is not as `ifVersion` says
 * @throws {SealError} SEAL_OPEN_FAILED, SEAL_INVALID: the present version's card was changed
 */
export async function nextVersion(
  { store, clock }: VaultContext,
  { owner, documentId, entry }: Located,
  { ifVersion }: CheckedStoreOptions,
): Promise<number> {
  const present = entry && (await openCard(store, owner, entry)).card;
  if (ifVersion !== undefined) {
    const actual = present !== undefined && stateOf(present, clock.now()) === 'live' ? present.version : null;
    if (actual !== ifVersion) throw versionConflict(documentId, ifVersion, actual);
  }
  return Math.max(present?.version ?? 0, owner.value.versionFloor) + 1;
}

/** Puts a sealed version into a transaction, in the place of the one that is there. */
export async function putVersion(
  context: VaultContext,
  transaction: Transaction,
  { owner, documentId, entry }: Located,
  options: CheckedStoreOptions,
  { heldKey }: NewRecordKey,
  { version, contentLength, sealedLength, bytes, body }: SealedVersion,
): Promise<void> {
  const { store, crypto, clock } = context;
  const { recordId, keyMode, contentType, expiresAt, maxReads } = options;
  const card: RecordCard = {
    recordId,
    version,
    keyMode,
    contentLength,
    sealedLength,
    storedAt: clock.now(),
    reads: 0,
    ...(contentType === undefined ? {} : { contentType }),
    ...(body === undefined ? {} : { body: body.id }),
    ...(heldKey === undefined ? {} : { heldKey }),
    ...(expiresAt === undefined ? {} : { expiresAt: expiresAt.getTime() }),
    ...(maxReads === undefined ? {} : { maxReads }),
  };
  const value: RecordValue = {
    owner: owner.value.owner,
    subject: entry?.value.subject ?? randomVersion(crypto),
    revision: (entry?.value.revision ?? 0) + 1,
    version,
    createdAt: entry?.value.createdAt ?? clock.now(),
    sealedLength,
    ...(body === undefined ? {} : { body }),
    card: await sealCard(store, owner, documentId, card),
  };
  transaction.put(records, documentId, value, {
    ifVersion: entry?.version ?? null,
    bytes,
    ...(expiresAt === undefined ? {} : { dueAt: expiresAt.getTime() }),
  });
  transaction.check(owners, owner.documentId, owner.version);
  for (const write of entry === undefined ? [] : discardBody(store, entry.value, READERS_GRACE_MS))
    transaction.add(write);
  for (const write of recordEvent(context, 'record.stored', value)) transaction.add(write);
}

/** What the format is told of a version. */
export function sealOptions(
  { store }: VaultContext,
  options: CheckedStoreOptions,
  { key }: NewRecordKey,
  version: number,
): SealRecordOptions {
  const { keyMode, contentType, padding } = options;
  return {
    key,
    place: recordPlace(store.namespace, options, keyMode, version),
    ...(contentType === undefined ? {} : { contentType }),
    ...(padding === undefined ? {} : { padding }),
  };
}
