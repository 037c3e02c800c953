import { uuidv7 } from '../../crypto/random-id.ts';
import { ConflictError } from '../../errors/families.ts';
import { StorageError } from '../../errors/storage-error.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { CheckWrite } from '../../ports/storage.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import { openField, type SealedField, sealField } from '../../store/seal.ts';
import { ownerKeys } from '../event-collections.ts';
import type { LogContext } from '../log-context.ts';
import { requireKeyring } from '../require-keyring.ts';

const KEY_LENGTH = 32;
const ATTEMPTS = 5;

/** An owner's key, open. */
export interface OwnerKey {
  /** Random: it tells nothing of the owner. */
  readonly id: string;
  readonly key: Uint8Array;
  /** Holds in a commit as long as the key is there. */
  readonly check: CheckWrite;
}

/** The keys of the owners of personal data. To destroy a key is to erase what it sealed, in every entry at once. */
export class OwnerKeys {
  readonly #context: LogContext;

  /** @param context - its keyring seals the keys */
  constructor(context: LogContext) {
    this.#context = context;
  }

  /**
   * The key of an owner, made if there is none: before the commit that it is for, so that two first writers share one.
   *
   * @throws {ConflictError} EVENTS_KEYRING_MISSING; COMMIT_CONFLICT: the owner was erased at every attempt
   * @throws {SealError} the keyring does not open the key
   * @throws {StorageError} any of its codes
   */
  async obtain(owner: string): Promise<OwnerKey> {
    const { store } = this.#context;
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const entry = await this.#find(owner);
      if (entry) {
        return { id: entry.id, key: await this.#open(entry), check: store.check(ownerKeys, entry.id, entry.version) };
      }
      await this.#create(owner);
    }
    throw new ConflictError(
      'COMMIT_CONFLICT',
      `The owner of personal data was erased during each of ${ATTEMPTS} attempts`,
    );
  }

  /**
   * Opens keys by id.
   *
   * @returns those that are left; what is missing was destroyed
   * @throws {SealError} the keyring does not open a key
   * @throws {StorageError} any of its codes
   */
  async byId(ids: Iterable<string>): Promise<Map<string, Uint8Array>> {
    const keys = new Map<string, Uint8Array>();
    const refs = [...new Set(ids)].map((id) => ({ collection: ownerKeys, id }));
    if (refs.length === 0) return keys;
    for (const entry of await this.#context.store.getMany(refs)) {
      if (entry) keys.set(entry.id, await this.#open(entry));
    }
    return keys;
  }

  /**
   * Destroys the key of an owner, if there is one.
   *
   * @throws {ChanceryError} ABORTED
   * @throws {StorageError} any of its codes; erasing again is safe
   */
  async erase(owner: string, options: Abortable = {}): Promise<void> {
    const { store } = this.#context;
    const { signal } = signalOf(options);
    while (true) {
      throwIfAborted(signal);
      const entry = await this.#find(owner);
      if (!entry) return;
      await store.commit([store.delete(ownerKeys, entry.id)], signalOf(options));
    }
  }

  async #find(owner: string): Promise<Entry<{ readonly owner: string }> | undefined> {
    const query = { index: 'byOwner', equals: { owner }, limit: 1, withBytes: true };
    return (await this.#context.store.query(ownerKeys, query)).entries[0];
  }

  async #create(owner: string): Promise<void> {
    const { store, crypto, clock } = this.#context;
    const keyring = requireKeyring(this.#context, 'personal data');
    const id = uuidv7(clock, crypto);
    const key = crypto.randomBytes(KEY_LENGTH);
    const bytes = await sealField(store, keyring, ownerKeyPlace(id), key);
    key.fill(0);
    // A conflict is another first writer's key, which the next attempt finds.
    await store.commit([store.put(ownerKeys, id, { owner, createdAt: clock.now() }, { ifVersion: null, bytes })]);
  }

  #open({ id, bytes }: Entry<object>): Promise<Uint8Array> {
    const keyring = requireKeyring(this.#context, 'personal data');
    if (bytes === undefined) {
      throw new StorageError('STORAGE_CORRUPT', `The key '${id}' of personal data has no bytes`, {
        facts: { key: id },
      });
    }
    return openField(this.#context.store, keyring, ownerKeyPlace(id), bytes);
  }
}

/** Where an owner's key is sealed for. */
export function ownerKeyPlace(id: string): SealedField {
  return { collection: ownerKeys, id, field: 'key' };
}
