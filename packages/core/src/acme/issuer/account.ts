import { fromBase64, toBase64, toBase64Url } from '../../encoding/base64.ts';
import { equalBytes, utf8 } from '../../encoding/bytes.ts';
import { AcmeError } from '../../errors/acme-error.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { Keyring } from '../../keyring/keyring.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider, KeyAlgorithm, PrivateKey } from '../../ports/crypto.ts';
import type { Entry } from '../../store/entry.ts';
import { openField, sealField } from '../../store/seal.ts';
import type { Store } from '../../store/store.ts';
import { changeKey, createAccount } from '../client/accounts.ts';
import type { ClientContext } from '../client/client-context.ts';
import type { AcmeSession } from '../client/session.ts';
import { isProblem } from '../http/problem.ts';
import type { ExternalAccountBinding } from '../jws/external-account.ts';
import { acmeAccounts } from './collections.ts';

type StoredAccount = Parameters<typeof acmeAccounts.encode>[1];
type Field = 'key' | 'successor';

/** What one account stands on. */
export interface IssuerAccountOptions {
  readonly store: Store;
  readonly keyring: Keyring;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly session: AcmeSession;
  readonly directory: string;
  readonly email: string;
  readonly keyAlgorithm: KeyAlgorithm;
  readonly externalAccountBinding: ExternalAccountBinding | undefined;
}

/**
 * The one account of a directory and e-mail address. Its key is made and committed before the server hears of it: instances that start together
 * agree on one key, and the server gives one key one account (RFC 8555 section 7.3).
 */
export class IssuerAccount {
  readonly #options: IssuerAccountOptions;
  #id: Promise<string> | undefined;
  #opening: Promise<ClientContext> | undefined;
  /** The key that is in use, as it was read. */
  #sealed: Uint8Array | undefined;

  constructor(options: IssuerAccountOptions) {
    this.#options = options;
  }

  /** The id of the account's document, which holds neither address nor URL. */
  id(): Promise<string> {
    const { crypto, directory, email } = this.#options;
    this.#id ??= Promise.resolve(crypto.digest('SHA-256', utf8(`${directory}\n${email}`))).then(toBase64Url);
    return this.#id;
  }

  /**
   * Opens the account, and makes it where there is none.
   *
   * @throws {AcmeError} as the server refuses the account
   * @throws {SealError} the keyring does not open its key
   */
  open(): Promise<ClientContext> {
    // Whoever asks first has the work done for all who ask meanwhile, so nobody's signal ends it.
    this.#opening ??= this.#open().catch((error: unknown) => {
      this.#opening = undefined;
      throw error;
    });
    return this.#opening;
  }

  /** Whether the account's key may be another than this instance has read; it is read again then. */
  async hasChanged(): Promise<boolean> {
    const entry = await this.#options.store.get(acmeAccounts, await this.id());
    if (entry?.bytes === undefined || this.#sealed === undefined) return false;
    if (entry.value.successor === undefined && equalBytes(entry.bytes, this.#sealed)) return false;
    this.#forget();
    return true;
  }

  /** Registers the same key again with a server that has lost the account. */
  async register(): Promise<ClientContext> {
    const { store } = this.#options;
    const id = await this.id();
    await store.transact(async (transaction) => {
      const entry = await transaction.get(acmeAccounts, id);
      if (entry?.value.url === undefined) return;
      const { url: _, ...value } = entry.value;
      transaction.put(acmeAccounts, id, value, { ...(entry.bytes && { bytes: entry.bytes }) });
    });
    this.#forget();
    return this.open();
  }

  /** Replaces the account's key (RFC 8555 section 7.3.5). Cut short anywhere, the next use finds out which key the server has. */
  async changeKey(): Promise<void> {
    await this.hasChanged();
    const client = await this.open();
    const id = await this.id();
    const successor = await this.#successor(id);
    try {
      await changeKey({ ...client }, successor, {});
    } catch (error) {
      // Another instance may have been first with the same key.
      if ((await this.#settle(id)).value.successor !== undefined) throw error;
      return;
    }
    await this.#settle(id);
  }

  /** Seals the keys anew where a former key of the keyring sealed them. */
  async reseal(): Promise<void> {
    const { store, keyring } = this.#options;
    const id = await this.id();
    await store.transact(async (transaction) => {
      const entry = await transaction.get(acmeAccounts, id);
      if (entry?.bytes === undefined) return;
      const { successor, ...value } = entry.value;
      const next = successor === undefined ? undefined : fromBase64(successor);
      if (![entry.bytes, next].some((sealed) => sealed !== undefined && keyring.needsReseal(sealed))) return;
      const bytes = await this.#seal('key', id, await this.#key(id, entry.bytes));
      const nextSealed = next && (await this.#seal('successor', id, await this.#key(id, next, 'successor')));
      transaction.put(
        acmeAccounts,
        id,
        { ...value, ...(nextSealed && { successor: toBase64(nextSealed) }) },
        { bytes },
      );
    });
  }

  #forget(): void {
    this.#opening = undefined;
  }

  async #open(): Promise<ClientContext> {
    const { store } = this.#options;
    const id = await this.id();
    let entry = (await store.get(acmeAccounts, id)) ?? (await this.#create(id));
    if (entry.value.successor !== undefined) entry = await this.#settle(id);
    const client = await this.#client(id, entry);
    this.#sealed = entry.bytes;
    if (client.accountUrl !== undefined) return client;
    const { email, externalAccountBinding } = this.#options;
    const { url } = await createAccount(client, {
      contact: [`mailto:${email}`],
      termsOfServiceAgreed: true,
      ...(externalAccountBinding && { externalAccountBinding }),
    });
    await store.transact(async (transaction) => {
      const present = await transaction.get(acmeAccounts, id);
      if (present === undefined) throw lost(id);
      transaction.put(acmeAccounts, id, { ...present.value, url }, { ...(present.bytes && { bytes: present.bytes }) });
    });
    return client;
  }

  async #create(id: string): Promise<Entry<StoredAccount>> {
    const { store, crypto, clock, directory, keyAlgorithm } = this.#options;
    const bytes = await this.#seal('key', id, await crypto.generateKey(keyAlgorithm));
    await store.commit([
      store.put(acmeAccounts, id, { directory, createdAt: clock.now() }, { bytes, ifVersion: null }),
    ]);
    // Whoever was first: there is one key.
    const entry = await store.get(acmeAccounts, id);
    if (entry === undefined) throw lost(id);
    return entry;
  }

  /**
   * The key that is to follow: one for all who ask, until the server has it. Were there two, the one that the server has taken might be the one
   * that was not kept.
   */
  async #successor(id: string): Promise<PrivateKey> {
    const { store, crypto, keyAlgorithm } = this.#options;
    const made = toBase64(await this.#seal('successor', id, await crypto.generateKey(keyAlgorithm)));
    const kept = await store.transact(async (transaction) => {
      const entry = await transaction.get(acmeAccounts, id);
      if (entry === undefined) throw lost(id);
      const { value, bytes } = entry;
      if (value.successor !== undefined) return value.successor;
      transaction.put(acmeAccounts, id, { ...value, successor: made }, { ...(bytes && { bytes }) });
      return made;
    });
    return this.#key(id, fromBase64(kept), 'successor');
  }

  /**
   * Puts the successor in the key's place, if the server has it. One that the server does not have stays on record: another instance may be
   * about to send it.
   */
  async #settle(id: string): Promise<Entry<StoredAccount>> {
    const { store } = this.#options;
    const entry = await store.get(acmeAccounts, id);
    if (entry === undefined) throw lost(id);
    const { successor: sealed } = entry.value;
    if (sealed === undefined) return entry;
    const successor = await this.#key(id, fromBase64(sealed), 'successor');
    if (!(await this.#isKnown(successor))) return entry;
    const bytes = await this.#seal('key', id, successor);
    await store.transact(async (transaction) => {
      const present = await transaction.get(acmeAccounts, id);
      if (present?.value.successor !== sealed) return;
      const { successor: _, ...value } = present.value;
      transaction.put(acmeAccounts, id, value, { bytes });
    });
    this.#forget();
    // What was settled, sealed or begun by another meanwhile is looked at anew.
    return this.#settle(id);
  }

  /** Whether the server has an account of a key. */
  async #isKnown(accountKey: PrivateKey): Promise<boolean> {
    const { session, crypto, clock } = this.#options;
    const asked: ClientContext = { session, crypto, clock, accountKey, accountUrl: undefined };
    try {
      await createAccount(asked, { onlyReturnExisting: true });
      return true;
    } catch (error) {
      if (isProblem(error, 'accountDoesNotExist')) return false;
      throw error;
    }
  }

  async #client(id: string, { value, bytes }: Entry<StoredAccount>): Promise<ClientContext> {
    const { session, clock, crypto } = this.#options;
    if (bytes === undefined) throw new StorageError('STORAGE_CORRUPT', `ACME account ${id} has lost its key`);
    return { session, clock, crypto, accountKey: await this.#key(id, bytes), accountUrl: value.url };
  }

  async #key(id: string, sealed: Uint8Array, field: Field = 'key'): Promise<PrivateKey> {
    const { store, keyring, crypto } = this.#options;
    const pkcs8 = await openField(store, keyring, { collection: acmeAccounts, id, field }, sealed);
    const key = await crypto.importPrivateKey(pkcs8);
    pkcs8.fill(0);
    return key;
  }

  async #seal(field: Field, id: string, key: PrivateKey): Promise<Uint8Array> {
    const { store, keyring, crypto } = this.#options;
    const pkcs8 = await crypto.exportPrivateKey(key);
    const sealed = await sealField(store, keyring, { collection: acmeAccounts, id, field }, pkcs8);
    pkcs8.fill(0);
    return sealed;
  }
}

function lost(id: string): AcmeError {
  return new AcmeError('ACME_UNAVAILABLE', `ACME account ${id} was removed from storage meanwhile`);
}
