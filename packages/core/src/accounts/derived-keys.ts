import { z } from 'zod';
import { utf8 } from '../encoding/bytes.ts';
import type { Keyring } from '../keyring/keyring.ts';
import { defineCollection } from '../store/collection.ts';
import { openField, sealField } from '../store/seal.ts';
import type { Store } from '../store/store.ts';

const SECRET_LENGTH = 32;
const KEY_LENGTH = 32;
const ID = 'secret';
const NO_SALT = new Uint8Array();

/** One document a namespace. Its bytes are the sealed secret that every derived key comes from. */
export const accountSecrets = defineCollection({
  name: 'account_secrets',
  recordVersion: 1,
  schema: z.strictObject({}),
});

const PLACE = { collection: accountSecrets, id: ID, field: 'secret' };

/**
 * Symmetric keys that every instance on one storage shares: one random secret, made by whichever instance comes first and
 * sealed in storage, expanded by HKDF-SHA-256 (RFC 5869) into one key a purpose.
 */
export class DerivedKeys {
  readonly #store: Store;
  readonly #keyring: Keyring;
  readonly #keys = new Map<string, Promise<Uint8Array>>();
  #secret: Promise<Uint8Array> | undefined;

  constructor(store: Store, keyring: Keyring) {
    this.#store = store;
    this.#keyring = keyring;
  }

  /**
   * Gives the key of one purpose.
   *
   * @param purpose - such as `login throttle`; two purposes have independent keys
   * @returns 32 bytes, the same for the same purpose on every instance; not to be changed
   * @throws {StorageError} any of its codes: the storage failed; the next call tries again
   * @throws {SealError} SEAL_OPEN_FAILED, SEAL_KEY_UNKNOWN: the keyring does not open the secret
   */
  get(purpose: string): Promise<Uint8Array> {
    const known = this.#keys.get(purpose);
    if (known !== undefined) return known;
    const key = this.#derive(purpose);
    this.#keys.set(purpose, key);
    key.catch(() => this.#keys.delete(purpose));
    return key;
  }

  /** Seals the secret anew where a former key of the keyring sealed it. The derived keys stay what they are. */
  async reseal(): Promise<void> {
    await this.#store.transact(async (transaction) => {
      const entry = await transaction.get(accountSecrets, ID);
      if (entry?.bytes === undefined || !this.#keyring.needsReseal(entry.bytes)) return;
      const secret = await openField(this.#store, this.#keyring, PLACE, entry.bytes);
      const bytes = await sealField(this.#store, this.#keyring, PLACE, secret);
      secret.fill(0);
      transaction.put(accountSecrets, ID, {}, { bytes });
    });
  }

  async #derive(purpose: string): Promise<Uint8Array> {
    this.#secret ??= this.#load().catch((error: unknown) => {
      this.#secret = undefined;
      throw error;
    });
    const info = utf8(`chancery accounts ${purpose}`);
    return this.#store.crypto.hkdf('SHA-256', await this.#secret, NO_SALT, info, KEY_LENGTH);
  }

  /** An insertion decides between instances that start together: the losers run again and read the winner's secret. */
  async #load(): Promise<Uint8Array> {
    const sealed = await this.#store.transact(async (transaction) => {
      const entry = await transaction.get(accountSecrets, ID);
      if (entry !== undefined) return entry.bytes ?? new Uint8Array();
      const bytes = await sealField(this.#store, this.#keyring, PLACE, this.#store.crypto.randomBytes(SECRET_LENGTH));
      transaction.put(accountSecrets, ID, {}, { bytes });
      return bytes;
    });
    return openField(this.#store, this.#keyring, PLACE, sealed);
  }
}
