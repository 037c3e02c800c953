import { z } from 'zod';
import { fromBase64Url, toBase64Url } from '../../../encoding/base64.ts';
import { fromUtf8, utf8 } from '../../../encoding/bytes.ts';
import { StorageError } from '../../../errors/storage-error.ts';
import { defineCollection } from '../../../store/collection.ts';
import type { Entry } from '../../../store/entry.ts';
import { openField, sealField } from '../../../store/seal.ts';
import type { AccountsContext } from '../../context.ts';

const instant = z.number().int();

/**
 * One document a passkey, under the hash of its credential id. Its bytes are what a login trusts, sealed: whoever can write to the database
 * can neither add a key nor give one to another account.
 */
export const passkeys = defineCollection({
  name: 'account_passkeys',
  recordVersion: 1,
  schema: z.strictObject({
    accountId: z.string(),
    /** The authenticator's signature counter; many keep it at 0. */
    counter: z.number().int().nonnegative(),
    name: z.string().optional(),
    transports: z.array(z.string()),
    isBackedUp: z.boolean(),
    createdAt: instant,
    lastUsedAt: instant.optional(),
    changedAt: instant,
  }),
  indexes: {
    byAccount: { equals: ['accountId'], orderBy: 'createdAt' },
    byChange: { orderBy: 'changedAt' },
  },
});

/** What the document holds beside the sealed part. */
export type PasskeyValue = z.infer<typeof passkeys.schema>;

const sealedPart = z.strictObject({ accountId: z.string(), credentialId: z.string(), publicKey: z.string() });

/** What a login trusts of a passkey. */
export interface PasskeyKey {
  readonly accountId: string;
  /** Base64url, as the authenticator gave it. */
  readonly credentialId: string;
  /** COSE_Key (RFC 9052 section 7). */
  readonly publicKey: Uint8Array;
}

const placeOf = (id: string) => ({ collection: passkeys, id, field: 'key' });

/** The id that a passkey has here: the hash of its credential id. */
export async function passkeyIdOf({ crypto }: AccountsContext, credentialId: string): Promise<string> {
  return toBase64Url(await crypto.digest('SHA-256', utf8(credentialId)));
}

/** Seals what a login will trust. */
export function sealPasskey({ store, keyring }: AccountsContext, id: string, key: PasskeyKey): Promise<Uint8Array> {
  const { accountId, credentialId, publicKey } = key;
  const part: z.input<typeof sealedPart> = { accountId, credentialId, publicKey: toBase64Url(publicKey) };
  return sealField(store, keyring, placeOf(id), utf8(JSON.stringify(part)));
}

/**
 * Opens what a login trusts.
 *
 * @throws {SealError} SEAL_OPEN_FAILED, SEAL_INVALID, SEAL_KEY_UNKNOWN: it was not sealed there by this keyring
 * @throws {StorageError} STORAGE_CORRUPT: the sealed part is missing, or of another account than the document says
 */
export async function openPasskey(
  { store, keyring }: AccountsContext,
  { id, value, bytes }: Pick<Entry<PasskeyValue>, 'id' | 'value' | 'bytes'>,
): Promise<PasskeyKey> {
  if (bytes === undefined) throw corrupt(id, 'has lost its key');
  const opened = fromUtf8(await openField(store, keyring, placeOf(id), bytes));
  const { success, data: part } = sealedPart.safeParse(JSON.parse(opened));
  if (!success) throw corrupt(id, 'has a key in no known form');
  if (part.accountId !== value.accountId) throw corrupt(id, 'is of another account than its document says');
  return { ...part, publicKey: fromBase64Url(part.publicKey) };
}

/** The passkeys of an account, oldest first. There are few: `MOST_PASSKEYS` at the most. */
export async function passkeysOf(
  { store }: Pick<AccountsContext, 'store'>,
  accountId: string,
  withBytes = false,
): Promise<Entry<PasskeyValue>[]> {
  const query = { index: 'byAccount', equals: { accountId }, limit: MOST_PASSKEYS, withBytes };
  return (await store.query(passkeys, query)).entries;
}

/** How many passkeys an account may have. */
export const MOST_PASSKEYS = 20;

function corrupt(id: string, problem: string): StorageError {
  return new StorageError('STORAGE_CORRUPT', `Passkey ${id} ${problem}`, {
    facts: { collection: passkeys.name, id },
  });
}
