import { z } from 'zod';
import { SealError } from '../../errors/families.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { records } from '../collections.ts';
import type { VaultContext } from '../context.ts';
import { callersId, givenSignal, parseOptions, recordId, recordVersion } from '../options.ts';
import { recordEvent } from '../vault-event.ts';
import { purgeRecord } from './purge.ts';
import { openCard, type RecordCard, sealCard, stateOf } from './record.ts';
import { notDeleted, recordNotFound, requireLive, versionConflict } from './record-errors.ts';

/** Which record to delete. */
export interface DeleteRecordOptions extends Abortable {
  readonly ownerId: string;
  /** Default `default`. */
  readonly recordId?: string;
  /** The version that must be there. Default: any. */
  readonly ifVersion?: number;
}

/** Which record to bring back. */
export type UndeleteRecordOptions = Omit<DeleteRecordOptions, 'ifVersion'>;

const which = { ownerId: callersId, recordId, signal: abortSignal };
const deleteOptions = z.strictObject({ ...which, ifVersion: recordVersion.optional() });
const undeleteOptions = z.strictObject(which);

/** Deletes a record. See `RecordVault.delete`. */
export async function deleteRecord(context: VaultContext, given: DeleteRecordOptions): Promise<void> {
  const options = parseOptions(deleteOptions, given, 'delete() options');
  const { store, clock, undeleteForMs } = context;
  const { owner, documentId } = await locateRecord(context, options);
  await store.transact(async (transaction) => {
    const entry = await transaction.get(records, documentId);
    if (entry === undefined) throw recordNotFound(documentId);
    if (options.ifVersion !== undefined && options.ifVersion !== entry.value.version) {
      throw versionConflict(documentId, options.ifVersion, entry.value.version);
    }
    let card: RecordCard;
    try {
      ({ card } = await openCard(store, owner, entry));
    } catch (error) {
      if (!(error instanceof SealError)) throw error;
      // What was tampered with cannot be brought back, but it can be got rid of.
      await purgeRecord(context, transaction, entry);
      return;
    }
    const state = stateOf(card, clock.now());
    if (state === 'deleted' || state === 'expired') throw recordNotFound(documentId, state);
    if (undeleteForMs === 0 || state === 'spent') {
      await purgeRecord(context, transaction, entry, 'record.deleted');
      return;
    }
    const value = {
      ...entry.value,
      revision: entry.value.revision + 1,
      card: await sealCard(store, owner, documentId, { ...card, deletedAt: clock.now() }),
    };
    const purgeAt = clock.now() + undeleteForMs;
    const { bytes } = entry;
    const dueAt = Math.min(purgeAt, card.expiresAt ?? purgeAt);
    transaction.put(records, documentId, value, { ...(bytes && { bytes }), dueAt });
    for (const write of recordEvent(context, 'record.deleted', value)) transaction.add(write);
  }, givenSignal(options));
}

/** Brings a deleted record back. See `RecordVault.undelete`. */
export async function undeleteRecord(context: VaultContext, given: UndeleteRecordOptions): Promise<void> {
  const options = parseOptions(undeleteOptions, given, 'undelete() options');
  const { store, clock, undeleteForMs } = context;
  const { owner, documentId } = await locateRecord(context, options);
  await store.transact(async (transaction) => {
    const entry = await transaction.get(records, documentId);
    if (entry === undefined) throw recordNotFound(documentId);
    const { card } = await openCard(store, owner, entry);
    const { deletedAt, ...restored } = card;
    if (deletedAt === undefined) {
      requireLive(documentId, card, clock.now());
      throw notDeleted(documentId);
    }
    requireLive(documentId, restored, clock.now());
    if (deletedAt + undeleteForMs <= clock.now()) throw recordNotFound(documentId, 'deleted');
    const value = {
      ...entry.value,
      revision: entry.value.revision + 1,
      card: await sealCard(store, owner, documentId, restored),
    };
    const { bytes } = entry;
    const { expiresAt: dueAt } = restored;
    transaction.put(records, documentId, value, { ...(bytes && { bytes }), ...(dueAt !== undefined && { dueAt }) });
    for (const write of recordEvent(context, 'record.undeleted', value)) transaction.add(write);
  }, givenSignal(options));
}

async function locateRecord(context: VaultContext, { ownerId, recordId, signal }: z.output<typeof undeleteOptions>) {
  throwIfAborted(signal);
  const located = await context.owners.locate(ownerId, recordId);
  if (located?.entry === undefined) throw recordNotFound(located?.documentId);
  return located;
}
