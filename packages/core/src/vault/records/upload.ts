import { ConflictError } from '../../errors/families.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { Write } from '../../ports/storage.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { randomVersion } from '../../store/receipts.ts';
import type { Store } from '../../store/store.ts';
import { owners, recordChunks, removals } from '../collections.ts';
import type { VaultContext } from '../context.ts';
import { regroup } from '../format/streams/regroup.ts';
import { givenSignal } from '../options.ts';
import { BODY_CHUNK_LENGTH, bodyChunkId } from './body.ts';
import { ownerErased } from './record-errors.ts';
import type { CheckedStoreOptions } from './store-options.ts';

const HOUR_MS = 3_600_000;
/** 1.4 MiB a commit: few round trips, and little memory. */
const CHUNKS_A_COMMIT = 8;

/** A sealed record of which all but the head is in storage, and belongs to nobody until the record's commit takes it off the list. */
export interface Upload {
  readonly head: Uint8Array;
  readonly body: { readonly id: string; readonly chunks: number };
  readonly sealedLength: number;
  /** The version of the body's entry in the list of removals. */
  readonly removalVersion: string;
}

/** The name of a body, and the entry in the list of removals that its writer keeps from coming due. */
export interface AnnouncedBody {
  readonly id: string;
  readonly version: string;
  readonly value: { readonly owner: string; readonly chunks: number; readonly createdAt: number };
}

/**
 * Puts the body of a record that is about to be written on the list of removals. From then on it is swept unless its record's commit
 * takes it off.
 *
 * @param known the owner's random name
 * @throws {ConflictError} VAULT_OWNER_ERASED: the owner is gone, or another one of the same id has come
 */
export async function announceBody(
  { store, owners: directory }: VaultContext,
  options: CheckedStoreOptions,
  known: string,
): Promise<AnnouncedBody> {
  const id = randomVersion(store.crypto);
  return store.transact(async (transaction) => {
    const owner = await directory.find(options.ownerId);
    if (owner?.value.owner !== known) throw ownerErased();
    // Whoever erases the owner reads the list after the owner's document is gone: nothing is added to it from then on.
    transaction.check(owners, owner.documentId, owner.version);
    const now = store.clock.now();
    const value = { owner: known, chunks: 0, createdAt: now };
    const removal = store.put(removals, id, value, { ifVersion: null, dueAt: now + HOUR_MS });
    transaction.add(removal);
    return { id, version: removal.version, value };
  }, givenSignal(options));
}

/**
 * Writes a sealed record into chunk documents as it comes. Its entry in the list of removals is put off to an hour after each commit, and
 * counts what was written: so a crash at any step leaves nothing that the maintenance does not find.
 *
 * @param sealed what `sealRecordStream` gives: no piece is written over when the next one comes
 * @throws {ConflictError} COMMIT_CONFLICT: a commit came more than an hour after the last, and the body was removed meanwhile
 */
export async function uploadBody(
  store: Store,
  { id, value, version }: AnnouncedBody,
  sealed: AsyncGenerator<Uint8Array>,
  { signal }: Abortable,
): Promise<Upload> {
  const { value: head = new Uint8Array() } = await sealed.next();
  let removalVersion = version;
  let chunks = 0;
  let sealedLength = head.length;
  let batch: Write[] = [];
  const flush = async (): Promise<void> => {
    throwIfAborted(signal);
    const options = { ifVersion: removalVersion, dueAt: store.clock.now() + HOUR_MS };
    const moved = store.put(removals, id, { ...value, chunks }, options);
    if (!(await store.commit([moved, ...batch])).committed) throw removedMeanwhile(id);
    removalVersion = moved.version;
    batch = [];
  };
  for await (const piece of regroup(sealed, BODY_CHUNK_LENGTH)) {
    batch.push(store.put(recordChunks, bodyChunkId(id, chunks), {}, { bytes: piece }));
    chunks += 1;
    sealedLength += piece.length;
    if (batch.length === CHUNKS_A_COMMIT) await flush();
  }
  if (batch.length > 0) await flush();
  return { head, body: { id, chunks }, sealedLength, removalVersion };
}

/** Makes the error for a body that the maintenance removed before its record was committed. */
export function removedMeanwhile(body: string): ConflictError {
  return new ConflictError('COMMIT_CONFLICT', `The body '${body}' of a record was removed while it was being written`, {
    facts: { body },
  });
}
