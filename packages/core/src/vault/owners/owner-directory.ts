import { toBase64Url } from '../../encoding/base64.ts';
import { utf8 } from '../../encoding/bytes.ts';
import { ConflictError } from '../../errors/families.ts';
import { StorageError } from '../../errors/storage-error.ts';
import { randomVersion } from '../../store/receipts.ts';
import type { Entry, Store } from '../../store/store.ts';
import { owners, records } from '../collections.ts';
import type { ErasureKeyring } from '../erasure/erasure-keyring.ts';
import type { RecordValue } from '../records/record.ts';
import type { PseudonymKey } from '../settings/secrets.ts';
import type { LoadedSettings, Settings } from '../settings/settings.ts';
import { newOwnerPayload, type Owner, openOwner, sealOwner } from './owner.ts';

const MOST_HELD = 1_000;
const ATTEMPTS = 8;

/** Where an owner's document belongs. */
export interface OwnerPlace {
  readonly documentId: string;
  /** The number of the key that it is filed under. */
  readonly pseudonymKey: string;
}

/** A record's document, where there is one, and its owner. */
export interface Located {
  readonly owner: Owner;
  readonly documentId: string;
  readonly entry: Entry<RecordValue> | undefined;
}

/**
 * Finds owners by the keyed hash of their ids. Unwrapped keys are held in memory, and used only while the owner's document is at the
 * version that they were read from: an owner that another instance has erased is gone at once.
 */
export class OwnerDirectory {
  readonly #store: Store;
  readonly #settings: Settings;
  readonly #erasureKeys: ErasureKeyring;
  /** By the owner's id: to find one here takes no hash. */
  readonly #held = new Map<string, Owner>();

  constructor(store: Store, settings: Settings, erasureKeys: ErasureKeyring) {
    this.#store = store;
    this.#settings = settings;
    this.#erasureKeys = erasureKeys;
  }

  /** Finds an owner. */
  async find(ownerId: string): Promise<Owner | undefined> {
    const settings = await this.#settings.current();
    const owner = await this.#findUnder(settings, ownerId);
    if (owner !== undefined) return owner;
    // Maybe filed under a key that another instance has made since.
    const fresh = await this.#settings.fresh();
    return fresh.version === settings.version ? undefined : this.#findUnder(fresh, ownerId);
  }

  /** Finds an owner, or files a new one. */
  async findOrCreate(ownerId: string): Promise<Owner> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      const owner = (await this.find(ownerId)) ?? (await this.#create(ownerId));
      if (owner !== undefined) return owner;
    }
    throw new ConflictError(
      'COMMIT_CONFLICT',
      `The vault's settings changed during each of ${ATTEMPTS} attempts to file a new owner`,
      { facts: { attempts: ATTEMPTS } },
    );
  }

  /** Finds an owner as it was when it was used last, without a read. Good for what is checked in its commit. */
  recall(ownerId: string): Owner | undefined {
    return this.#held.get(ownerId);
  }

  /** Finds an owner and one of the owner's records, in one read where the owner's key is in memory. */
  async locate(ownerId: string, recordId: string): Promise<Located | undefined> {
    const recalled = this.recall(ownerId);
    if (recalled !== undefined) {
      const documentId = await recalled.recordDocumentId(recordId);
      const [present, entry] = await this.#store.getMany([
        { collection: owners, id: recalled.documentId },
        { collection: records, id: documentId },
      ]);
      if (present?.version === recalled.version) return { owner: recalled, documentId, entry };
      this.#held.delete(ownerId);
    }
    const owner = await this.find(ownerId);
    if (owner === undefined) return undefined;
    const documentId = await owner.recordDocumentId(recordId);
    return { owner, documentId, entry: await this.#store.get(records, documentId) };
  }

  /** Forgets an owner's key. */
  forget({ ownerId }: Owner): void {
    this.#held.delete(ownerId);
  }

  /** Where an owner is filed under the newest pseudonym key. */
  async newestPlace({ secrets }: LoadedSettings, ownerId: string): Promise<OwnerPlace> {
    const [newest] = secrets.pseudonymKeys;
    if (newest === undefined) throw new StorageError('STORAGE_CORRUPT', 'The vault has no pseudonym key');
    return { documentId: await this.#documentId(newest, ownerId), pseudonymKey: String(newest.number) };
  }

  async #findUnder(settings: LoadedSettings, ownerId: string): Promise<Owner | undefined> {
    const ids = await this.#documentIds(settings, ownerId);
    const found = await this.#store.getMany(ids.map((id) => ({ collection: owners, id })));
    const entry = found.find((each) => each !== undefined);
    if (entry === undefined) return undefined;
    const held = this.#held.get(ownerId);
    if (held?.documentId === entry.id && held.version === entry.version) return held;
    const owner = await openOwner(this.#store.crypto, this.#erasureKeys, ownerId, entry);
    this.#hold(owner);
    return owner;
  }

  async #create(ownerId: string): Promise<Owner | undefined> {
    const settings = await this.#settings.current();
    const { documentId, pseudonymKey } = await this.newestPlace(settings, ownerId);
    const owner = randomVersion(this.#store.crypto);
    const payload = newOwnerPayload(this.#store.crypto, ownerId);
    const bytes = await sealOwner(this.#erasureKeys, settings.value.erasureKey.id, owner, payload);
    payload.key.fill(0);
    const value = {
      owner,
      pseudonymKey,
      erasureKey: this.#erasureKeys.keyIdOf(bytes),
      createdAt: this.#store.clock.now(),
      versionFloor: 0,
    };
    // With other settings the key may be about to be destroyed, or the place may be looked up no more.
    const writes = [
      this.#store.put(owners, documentId, value, { ifVersion: null, bytes }),
      this.#settings.check(settings),
    ];
    const { committed } = await this.#store.commit(writes);
    if (!committed) await this.#settings.fresh();
    return committed ? this.find(ownerId) : undefined;
  }

  async #documentIds({ secrets }: LoadedSettings, ownerId: string): Promise<string[]> {
    return Promise.all(secrets.pseudonymKeys.map((key) => this.#documentId(key, ownerId)));
  }

  async #documentId({ number, key }: PseudonymKey, ownerId: string): Promise<string> {
    return `${number}.${toBase64Url(await this.#store.crypto.hmac('SHA-256', key, utf8(ownerId)))}`;
  }

  #hold(owner: Owner): void {
    this.#held.delete(owner.ownerId);
    this.#held.set(owner.ownerId, owner);
    if (this.#held.size <= MOST_HELD) return;
    const oldest = this.#held.keys().next();
    if (!oldest.done) this.#held.delete(oldest.value);
  }
}
