import { z } from 'zod';
import { defaultCrypto } from '../../crypto/node-provider.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { Keyring } from '../../keyring/keyring.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { ErasureKeys } from '../../ports/erasure-keys.ts';
import type { StorageBackend } from '../../ports/storage.ts';
import { systemClock } from '../../ports/system-clock.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { defineCollection } from '../../store/collection.ts';
import { openField, sealField } from '../../store/seal.ts';
import { Store } from '../../store/store.ts';

const erasureKeys = defineCollection({
  name: 'vault_erasure_keys',
  recordVersion: 1,
  schema: z.strictObject({}),
});

/**
 * Keeps erasure keys on a storage of their own, sealed by the keyring. It must be another database than the vault's, and one of
 * which no backup outlives the keys that are destroyed in it: replicate it instead.
 *
 * @param options.storage the other database
 * @param options.keyring what seals them there
 * @returns what `RecordVaultOptions.erasureKeys` takes
 */
export function storageErasureKeys(options: {
  readonly storage: StorageBackend;
  readonly keyring: Keyring;
  readonly crypto?: CryptoProvider;
}): ErasureKeys {
  requireObject(options, 'storageErasureKeys() options');
  const { storage, keyring, crypto = defaultCrypto } = options;
  requireObject(storage, 'storage');
  requireObject(keyring, 'keyring');
  const store = new Store({ storage, keyring, crypto, clock: systemClock, collections: [erasureKeys] });
  const place = (id: string) => ({ collection: erasureKeys, id, field: 'key' });
  return {
    async write(keyId, key, { signal } = {}) {
      throwIfAborted(signal);
      const bytes = await sealField(store, keyring, place(keyId), key);
      await store.transact(async (transaction) => {
        transaction.put(erasureKeys, keyId, {}, { ifVersion: null, bytes });
      });
    },
    async read(keyId, { signal } = {}) {
      throwIfAborted(signal);
      const entry = await store.get(erasureKeys, keyId);
      return entry && openField(store, keyring, place(keyId), entry.bytes ?? new Uint8Array());
    },
    async destroy(keyId, { signal } = {}) {
      throwIfAborted(signal);
      await store.commit([store.delete(erasureKeys, keyId)]);
    },
  };
}
