import { StorageError } from '../../errors/storage-error.ts';
import type { Collection } from '../../store/collection.ts';
import type { Entry } from '../../store/entry.ts';
import { openField, sealField } from '../../store/seal.ts';
import type { AccountsContext } from '../context.ts';

const placeOf = <T extends object>(collection: Collection<T>, id: string) => ({ collection, id, field: 'totpSecret' });

/** Seals the secret of TOTP for one document. */
export function sealTotpSecret<T extends object>(
  { store, keyring }: AccountsContext,
  collection: Collection<T>,
  accountId: string,
  secret: Uint8Array,
): Promise<Uint8Array> {
  return sealField(store, keyring, placeOf(collection, accountId), secret);
}

/**
 * Opens the secret of TOTP of one document.
 *
 * @throws {SealError} SEAL_OPEN_FAILED, SEAL_INVALID, SEAL_KEY_UNKNOWN: it was not sealed there by this keyring
 * @throws {StorageError} STORAGE_CORRUPT: the document has lost it
 */
export function openTotpSecret<T extends object>(
  { store, keyring }: AccountsContext,
  collection: Collection<T>,
  { id, bytes }: Pick<Entry<T>, 'id' | 'bytes'>,
): Promise<Uint8Array> {
  if (bytes === undefined) {
    throw new StorageError('STORAGE_CORRUPT', `The second factor of account ${id} has lost its secret`, {
      facts: { collection: collection.name, id },
    });
  }
  return openField(store, keyring, placeOf(collection, id), bytes);
}
