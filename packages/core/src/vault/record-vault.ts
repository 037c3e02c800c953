import { defaultCrypto } from '../crypto/node-provider.ts';
import { toBase64 } from '../encoding/base64.ts';
import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import { requireMethods } from '../errors/require-methods.ts';
import { requireObject } from '../errors/require-object.ts';
import { eventCollections } from '../events/event-collections.ts';
import { requireSameStorage } from '../events/event-log.ts';
import { type Abortable, signalOf } from '../ports/abortable.ts';
import type { MaintenanceTask } from '../ports/maintenance.ts';
import { systemClock } from '../ports/system-clock.ts';
import { throwIfAborted } from '../store/backoff.ts';
import { requireDurability } from '../store/durability.ts';
import { Store } from '../store/store.ts';
import { vaultCollections } from './collections.ts';
import type { VaultContext } from './context.ts';
import { type EraseOwnerOptions, eraseOwner, erasureReceipt, erasureTask } from './erasure/erase-owner.ts';
import { KeptErasureKeys } from './erasure/kept-erasure-keys.ts';
import { KeyringErasureKeys } from './erasure/keyring-erasure-keys.ts';
import type { ErasureReceipt } from './erasure/receipt.ts';
import { type RewrapOptions, type RewrapResult, rewrap, rewrapTask } from './erasure/rewrap.ts';
import { OwnerDirectory } from './owners/owner-directory.ts';
import { refileTask, rotatePseudonymKey } from './owners/refile.ts';
import type { RecordVaultOptions } from './record-vault-options.ts';
import {
  type DeleteRecordOptions,
  deleteRecord,
  type UndeleteRecordOptions,
  undeleteRecord,
} from './records/delete-record.ts';
import { type ListRecordsOptions, listRecords, type RecordDescription } from './records/list-records.ts';
import { purgeTask } from './records/purge.ts';
import { removalTask } from './records/removal.ts';
import type { RetrievedRecord, RetrievedRecordStream, RetrieveRecordOptions } from './records/retrieve-options.ts';
import { retrieveRecord, retrieveRecordStream } from './records/retrieve-record.ts';
import { type RetrieveSealedOptions, retrieveSealed, type SealedRecord } from './records/retrieve-sealed.ts';
import type { StoredRecord, StoreRecordOptions } from './records/store-options.ts';
import { storeRecord } from './records/store-record.ts';
import { Settings } from './settings/settings.ts';
import {
  type UnwrapOptions,
  type UnwrappedData,
  unwrap,
  type WrapOptions,
  type WrappedData,
  wrap,
} from './wrapping/wrap.ts';

const DAY_MS = 86_400_000;
const MOST_UNDELETE_MS = 90 * DAY_MS;

/**
 * Sealed records. The storage sees neither whose they are, nor what they are called, nor what is in them; and by default nobody opens them
 * but whoever has the key that `store` returned. Runs in any number of instances on one storage.
 *
 * @example
 * ```ts
 * const vault = new RecordVault({ storage, keyring });
 * const { key } = await vault.store({ ownerId: 'ann', recordId: 'diary', data: 'Dear diary' });
 * const { data } = await vault.retrieve({ ownerId: 'ann', recordId: 'diary', key });
 * ```
 */
export class RecordVault {
  readonly #context: VaultContext;

  /**
   * Does no I/O: collections open and keys load at first use.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: a part that the host gave lacks a method, `undeleteForMs` or `requireDurability` is out of range
   * @throws {ConflictError} EVENTS_STORAGE_MISMATCH: `events` stands on another storage
   * @throws {StorageError} STORAGE_UNSAFE_CONFIG: the storage is less durable than `requireDurability`
   */
  constructor(options: RecordVaultOptions) {
    requireObject(options, 'RecordVault options');
    requireObject(options.storage, 'storage');
    requireObject(options.keyring, 'keyring');
    if (options.erasureKeys !== undefined)
      requireMethods(options.erasureKeys, 'erasureKeys', ['write', 'read', 'destroy']);
    const { storage, keyring, clock = systemClock, crypto = defaultCrypto, logger, events } = options;
    const { undeleteForMs = DAY_MS } = options;
    if (!(Number.isSafeInteger(undeleteForMs) && undeleteForMs >= 0 && undeleteForMs <= MOST_UNDELETE_MS)) {
      throw new InvalidInputError(
        'INVALID_ARGUMENT',
        `undeleteForMs must be from 0 to ${MOST_UNDELETE_MS}, not ${quote(undeleteForMs)}`,
      );
    }
    requireSameStorage(events, storage);
    requireDurability(storage, options.requireDurability, { what: 'records', logger });
    const collections = [...vaultCollections, ...(events === undefined ? [] : eventCollections)];
    const store = new Store({ storage, crypto, clock, collections, keyring });
    const erasureKeys =
      options.erasureKeys === undefined
        ? new KeyringErasureKeys(store, keyring)
        : new KeptErasureKeys(store, options.erasureKeys, keyring);
    const settings = new Settings(store, keyring, erasureKeys);
    const owners = new OwnerDirectory(store, settings, erasureKeys);
    this.#context = { store, settings, owners, erasureKeys, keyring, crypto, clock, logger, events, undeleteForMs };
  }

  /**
   * Stores a record. Where the owner has one of the same id, this is its next version, and the former one is gone.
   *
   * Up to 176 KiB lie in one document and are there or not. What is longer, or a stream, is written in chunks as it comes, in bounded memory,
   * and belongs to nobody until the last commit; where another writer stores the same record meanwhile, a stream loses.
   *
   * @returns the version, and the user's key (or half) as text, which is kept nowhere
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed, or a piece of a stream is not bytes
   * @throws {ConflictError} RECORD_VERSION_CONFLICT: the record is not at `ifVersion`, or was stored by another while a stream was read
   * @throws {ConflictError} VAULT_OWNER_ERASED: the owner was erased meanwhile
   * @throws {ConflictError} COMMIT_CONFLICT: others kept changing the record, or a stream made no progress for an hour
   * @throws {SealError} SEAL_OPEN_FAILED, SEAL_INVALID, SEAL_KEY_UNKNOWN: the owner's document or the present version's was tampered with
   * @throws {ChanceryError} ABORTED: the signal was aborted, and nothing is stored
   * @throws {StorageError} any of its codes; with STORAGE_OUTCOME_UNKNOWN the record may be stored, under a key that nobody has
   * @throws whatever a stream throws; nothing is stored then
   */
  store(options: StoreRecordOptions): Promise<StoredRecord> {
    return storeRecord(this.#context, options);
  }

  /**
   * Reads a record, or a range of it, into memory. A read is counted, where `maxReads` limits them, once the key is seen to fit and before
   * anything is decrypted: who has no key takes no read, and of many who try to take the last one, one gets it. A range in which nothing of
   * the content lies is no read.
   *
   * @returns the content, or the range
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed, or the key is missing; VAULT_KEY_INVALID: the key has a typing error;
   *   RANGE_NOT_SATISFIABLE: the range begins behind the end
   * @throws {NotFoundError} RECORD_NOT_FOUND: there is none, or it is deleted or expired
   * @throws {ConflictError} RECORD_READS_SPENT: it was read as often as it may be
   * @throws {ConflictError} RECORD_VERSION_CONFLICT: it is at another version than `version` or `expectVersion`
   * @throws {ConflictError} RECORD_ROLLED_BACK: it is at an earlier version than `expectVersion`: an old state was put back
   * @throws {SealError} SEAL_OPEN_FAILED: another key, another record in its place, or changed since; SEAL_TRUNCATED, SEAL_INVALID: cut off, or
   *   not a sealed record; SEAL_KEY_UNKNOWN: the erasure key is destroyed
   * @throws {ChanceryError} ABORTED: the signal was aborted
   * @throws {StorageError} STORAGE_CORRUPT: a chunk document is missing or cut off; any other of its codes
   */
  retrieve(options: RetrieveRecordOptions): Promise<RetrievedRecord> {
    return retrieveRecord(this.#context, options);
  }

  /**
   * Reads a record, or a range of it, piece by piece in bounded memory. The read is counted before this resolves.
   *
   * @throws as {@link retrieve}; what is found out later fails the stream, which never just ends
   */
  retrieveStream(options: RetrieveRecordOptions): Promise<RetrievedRecordStream> {
    return retrieveRecordStream(this.#context, options);
  }

  /**
   * Hands a `user` record over as it is sealed, for its user to open elsewhere, such as in a browser: the key never comes here.
   *
   * @returns a stream of the sealed bytes, and what they are bound to
   * @throws {InvalidInputError} INVALID_ARGUMENT: the record is in another key mode, or its reads are counted
   * @throws {NotFoundError} RECORD_NOT_FOUND: there is none, or it is deleted or expired
   * @throws {SealError} SEAL_OPEN_FAILED, SEAL_INVALID, SEAL_KEY_UNKNOWN: the owner's document or the record's was tampered with
   * @throws {StorageError} any of its codes
   */
  retrieveSealed(options: RetrieveSealedOptions): Promise<SealedRecord> {
    return retrieveSealed(this.#context, options);
  }

  /**
   * Deletes a record: it cannot be read from then on. For `undeleteForMs` it can be brought back; then the maintenance purges it.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT
   * @throws {NotFoundError} RECORD_NOT_FOUND: there is none, or it is deleted or expired already
   * @throws {ConflictError} RECORD_VERSION_CONFLICT: it is not at `ifVersion`
   * @throws {StorageError} any of its codes
   */
  delete(options: DeleteRecordOptions): Promise<void> {
    return deleteRecord(this.#context, options);
  }

  /**
   * Brings a deleted record back, as it was.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT
   * @throws {NotFoundError} RECORD_NOT_FOUND: there is none, it has expired, or `undeleteForMs` has passed
   * @throws {ConflictError} RECORD_NOT_DELETED: it is there; RECORD_READS_SPENT
   * @throws {StorageError} any of its codes
   */
  undelete(options: UndeleteRecordOptions): Promise<void> {
    return undeleteRecord(this.#context, options);
  }

  /**
   * Lists an owner's records, those that were first stored earliest first. It takes no keys of records: what it tells is sealed under the
   * owner's key.
   *
   * @returns a page, which may have fewer items than `limit` although more follow: only the absence of `cursor` says that it was the last
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed, such as a limit outside 1 to 1,000
   * @throws {SealError} SEAL_OPEN_FAILED, SEAL_INVALID: a record was tampered with; the others can still be read one by one
   * @throws {StorageError} STORAGE_INVALID: the cursor of another list; any other of its codes
   */
  list(options: ListRecordsOptions): Promise<{ items: RecordDescription[]; cursor?: string }> {
    return listRecords(this.#context, options);
  }

  /**
   * Erases an owner: first the owner's key, in one commit after which nothing can be stored or read, then every record. Cut short, it is
   * completed by the maintenance, or by asking again. Asked for an owner who is erased already, it gives the last receipt again.
   *
   * Backups of the storage still hold what was erased, sealed. They are closed for `managed` and `dual` records by the maintenance (see
   * {@link rewrap}); `user` records in a backup stay as readable as they were for whoever has their keys.
   *
   * @returns the signed receipt, whose `backupsClosedAt` is null yet: ask {@link erasureReceipt} later
   * @throws {InvalidInputError} INVALID_ARGUMENT
   * @throws {NotFoundError} VAULT_OWNER_NOT_FOUND: the vault holds nothing of this owner, nor ever erased them
   * @throws {StorageError} any of its codes; asking again goes on
   */
  eraseOwner(options: EraseOwnerOptions): Promise<ErasureReceipt> {
    return eraseOwner(this.#context, options);
  }

  /**
   * The receipt of an erasure as it stands.
   *
   * @throws {NotFoundError} ERASURE_NOT_FOUND
   */
  erasureReceipt(id: string, options: Abortable = {}): Promise<ErasureReceipt> {
    return erasureReceipt(this.#context, id, options);
  }

  /** The public key that receipts verify with, for `verifyErasureReceipt`: Ed25519, SubjectPublicKeyInfo in base64. It never changes. */
  async receiptPublicKey(options: Abortable = {}): Promise<string> {
    throwIfAborted(signalOf(options).signal);
    const { secrets } = await this.#context.settings.current();
    return toBase64(secrets.receiptSigningKey.publicKey.spki);
  }

  /**
   * Does a piece of the way from erasures to closed backups: where an erasure waits, a new erasure key wraps the keys of all owners who are
   * left, the former one is destroyed, and the receipts say so. The maintenance does the same.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: the limit is outside 1 to 1,000
   * @throws {SealError} SEAL_OPEN_FAILED, SEAL_INVALID, SEAL_KEY_UNKNOWN: an owner's key does not open, and keeps the former key from being
   *   destroyed; all others were wrapped anew
   */
  rewrap(options: RewrapOptions): Promise<RewrapResult> {
    return rewrap(this.#context, options);
  }

  /** Hashes owners' ids with a fresh key from now on. The maintenance files the present owners anew, and then drops the former key. */
  rotatePseudonymKey(options: Abortable = {}): Promise<void> {
    return rotatePseudonymKey(this.#context, options);
  }

  /**
   * Puts a response away under a token that gives it once: hand the token over instead of the response, and its receiver knows by
   * unwrapping it that nobody has seen it before.
   *
   * @returns the token, which is kept nowhere
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed, or there are more than 512 KiB
   */
  wrap(options: WrapOptions): Promise<WrappedData> {
    return wrap(this.#context, options);
  }

  /**
   * Gives what was wrapped, once. A second time is an alarm: somebody else has had the token. It is told by an event,
   * `wrap.unwrapped_again`, and by a warning.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT; VAULT_KEY_INVALID: the token has a typing error
   * @throws {NotFoundError} WRAP_NOT_FOUND: nothing was wrapped under it, or it has expired
   * @throws {ConflictError} WRAP_ALREADY_UNWRAPPED: it was handed over before
   * @throws {SealError} SEAL_OPEN_FAILED, SEAL_TRUNCATED, SEAL_INVALID: it was tampered with, and is not taken for handed over
   */
  unwrap(options: UnwrapOptions): Promise<UnwrappedData> {
    return unwrap(this.#context, options);
  }

  /**
   * The chores: purging what is deleted or expired, removing chunks that nobody refers to, completing erasures, closing backups, filing
   * owners anew, sealing the vault's secrets anew after the keyring has rotated.
   */
  maintenance(): MaintenanceTask[] {
    const context = this.#context;
    const { store, settings, clock } = context;
    const reseal: MaintenanceTask = {
      name: `vault:${store.namespace}:reseal`,
      async run({ signal }) {
        throwIfAborted(signal);
        await settings.reseal();
        return { more: false, nextDueAt: clock.now() + DAY_MS };
      },
    };
    return [
      purgeTask(context),
      removalTask(context),
      erasureTask(context),
      rewrapTask(context),
      refileTask(context),
      reseal,
    ];
  }
}
