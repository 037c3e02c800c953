import type { VaultContext } from '../context.ts';
import type { Located } from '../owners/owner-directory.ts';
import { ownerErased } from './record-errors.ts';
import type { NewRecordKey } from './record-key.ts';
import type { CheckedStoreOptions, StoredRecord } from './store-options.ts';

/** Finds the owner, filing a new one where there is none, and the record that is to be replaced. */
export async function locateOrCreate(
  { owners }: VaultContext,
  { ownerId, recordId }: CheckedStoreOptions,
): Promise<Located> {
  while (true) {
    const located = await owners.locate(ownerId, recordId);
    if (located !== undefined) return located;
    await owners.findOrCreate(ownerId);
  }
}

/**
 * Takes it that the record is new, and its owner as it was last: a guess that costs no read, and that the commit finds out where it is
 * wrong. Undefined where nothing is known of the owner.
 */
export async function guessNew(
  { owners }: VaultContext,
  { ownerId, recordId, ifVersion }: CheckedStoreOptions,
): Promise<Located | undefined> {
  if (typeof ifVersion === 'number') return undefined;
  const owner = owners.recall(ownerId);
  return owner && { owner, documentId: await owner.recordDocumentId(recordId), entry: undefined };
}

/**
 * Refuses to go on for an owner of the same id who came after the erasure of the one that the store began with.
 *
 * @returns the owner's random name
 * @throws {ConflictError} VAULT_OWNER_ERASED
 */
export function requireSameOwner({ owner }: Located, known: string | undefined): string {
  if (known !== undefined && known !== owner.value.owner) throw ownerErased();
  return owner.value.owner;
}

/** What `store` answers. */
export function storedRecord(
  { recordId }: CheckedStoreOptions,
  version: number,
  { userKey }: NewRecordKey,
): StoredRecord {
  return userKey === undefined ? { recordId, version } : { recordId, version, key: userKey };
}
