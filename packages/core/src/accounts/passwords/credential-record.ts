import { z } from 'zod';
import { fromUtf8, utf8 } from '../../encoding/bytes.ts';
import { StorageError } from '../../errors/storage-error.ts';
import { defineCollection } from '../../store/collection.ts';
import type { Entry } from '../../store/entry.ts';
import { openField, sealField } from '../../store/seal.ts';
import type { AccountsContext } from '../context.ts';

/**
 * One document an account that has a password, under the account's id. Its bytes are the encoded hash, sealed by the keyring: without the
 * keyring a stolen database gives nothing to guess at.
 */
export const credentials = defineCollection({
  name: 'account_credentials',
  recordVersion: 1,
  schema: z.strictObject({
    /** Raised by every change of the password, not by hashing the same one anew. */
    passwordRevision: z.number().int().positive(),
    /** The least length that the password was judged by; none where its hash was imported. */
    minimumLength: z.number().int().positive().optional(),
    /** Another system made the hash, from the characters as they were typed. */
    imported: z.literal(true).optional(),
    changedAt: z.number().int(),
  }),
  indexes: { byChange: { orderBy: 'changedAt' } },
});

/** What the document holds beside the hash. */
export type CredentialValue = z.infer<typeof credentials.schema>;

/** A credential with its sealed hash, as it is to be written. */
export interface SealedCredential {
  readonly value: CredentialValue;
  readonly bytes: Uint8Array;
}

const placeOf = (accountId: string) => ({ collection: credentials, id: accountId, field: 'passwordHash' });

/** Seals an encoded hash for one account. */
export function sealHash({ store, keyring }: AccountsContext, accountId: string, encoded: string): Promise<Uint8Array> {
  return sealField(store, keyring, placeOf(accountId), utf8(encoded));
}

/**
 * Opens the encoded hash of an account.
 *
 * @throws {SealError} SEAL_OPEN_FAILED, SEAL_INVALID, SEAL_KEY_UNKNOWN: it was not sealed for this account by this keyring
 */
export async function openHash(
  { store, keyring }: AccountsContext,
  accountId: string,
  sealed: Uint8Array,
): Promise<string> {
  return fromUtf8(await openField(store, keyring, placeOf(accountId), sealed));
}

/** The sealed hash of a stored credential. @throws {StorageError} STORAGE_CORRUPT: it has none */
export function sealedHashOf({ id, bytes }: Pick<Entry<CredentialValue>, 'id' | 'bytes'>): Uint8Array {
  if (bytes !== undefined) return bytes;
  throw new StorageError('STORAGE_CORRUPT', `The credential of account ${id} has lost its hash`, {
    facts: { collection: credentials.name, id },
  });
}
