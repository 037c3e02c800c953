import { type CryptoProvider, type Keyring, type StorageBackend, StorageError } from '@chancery/core';

const SECRETS = 'http_secrets';
const IDEMPOTENCY = 'http_idempotency';
const SECRET_ID = 'address_pseudonyms';

/** What `StateStorage` stands on. */
export interface StateStorageOptions {
  readonly storage: StorageBackend;
  readonly keyring: Keyring;
  readonly crypto: CryptoProvider;
}

/** What the HTTP side keeps in storage, of its own: collections that open at first use, and a secret that all instances share. */
export class StateStorage {
  readonly keyring: Keyring;
  readonly crypto: CryptoProvider;
  readonly #storage: StorageBackend;
  #opening: Promise<StorageBackend> | undefined;
  #isOpen = false;
  #secret: Promise<Uint8Array> | undefined;

  constructor({ storage, keyring, crypto }: StateStorageOptions) {
    this.#storage = storage;
    this.keyring = keyring;
    this.crypto = crypto;
  }

  /** The storage, once the collections are open: from then on at once. @throws {StorageError} any of its codes */
  opened(): StorageBackend | Promise<StorageBackend> {
    if (this.#isOpen) return this.#storage;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  /** 32 random bytes that are the same for every instance. @throws {StorageError} @throws {SealError} any of their codes */
  secret(): Promise<Uint8Array> {
    this.#secret ??= this.#sharedSecret().catch((error: unknown) => {
      this.#secret = undefined;
      throw error;
    });
    return this.#secret;
  }

  /** Where a sealed value of ours belongs. */
  place(collection: typeof SECRETS | typeof IDEMPOTENCY, id: string) {
    return { namespace: this.#storage.namespace, collection, id, field: 'sealed' };
  }

  /** A fresh document version. */
  version(): string {
    return [...this.crypto.randomBytes(16)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  async #open(): Promise<StorageBackend> {
    await this.#storage.open([{ name: SECRETS }, { name: IDEMPOTENCY }]);
    this.#isOpen = true;
    return this.#storage;
  }

  async #sharedSecret(): Promise<Uint8Array> {
    const storage = await this.opened();
    const place = this.place(SECRETS, SECRET_ID);
    const read = async () => (await storage.get([{ collection: SECRETS, id: SECRET_ID }]))[0]?.bytes;
    const present = await read();
    if (present !== undefined) return this.keyring.open(present, place);
    const sealed = await this.keyring.seal(this.crypto.randomBytes(32), place);
    const put = { kind: 'put', collection: SECRETS, id: SECRET_ID, version: this.version(), ifVersion: null } as const;
    await storage.commit([{ ...put, data: {}, bytes: sealed }]);
    // Another instance may have been first: what is there is what counts.
    const written = await read();
    if (written !== undefined) return this.keyring.open(written, place);
    throw new StorageError('STORAGE_CORRUPT', 'A secret that was just written is not there');
  }
}
