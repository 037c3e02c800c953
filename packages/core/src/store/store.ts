import { ConflictError } from '../errors/families.ts';
import { requireMethods } from '../errors/require-methods.ts';
import { StorageError } from '../errors/storage-error.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type {
  CheckWrite,
  ClaimRequest,
  CommitConflict,
  CommitResult,
  CountQuery,
  DeleteWrite,
  DocumentRef,
  PutWrite,
  Query,
  ReadOptions,
  StorageBackend,
  Write,
} from '../ports/storage.ts';
import { backoffDelay, type Sleep, throwIfAborted, timerSleep } from './backoff.ts';
import type { Collection, DeclaredCollection } from './collection.ts';
import { Committer } from './committer.ts';
import type { Entry, Unchanging } from './entry.ts';
import { ensureKeyring, keyringChecks } from './keyring-check.ts';
import { randomVersion, receipts } from './receipts.ts';
import { type DeleteOptions, type PutOptions, Transaction } from './transaction.ts';

export type { Entry } from './entry.ts';

const TRANSACT_ATTEMPTS = 12;
const TRANSACT_BACKOFF = { firstMs: 2, maxMs: 500 };

/** What a `Store` stands on. */
export interface StoreOptions {
  readonly storage: StorageBackend;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  /** Every collection that is used through this store. */
  readonly collections: readonly DeclaredCollection[];
  /** Checked against what the storage holds before the first use of the store. */
  readonly keyring?: Keyring;
  /** Waits between attempts. Default: the runtime's timer. */
  readonly sleep?: Sleep;
}

/** A stretch of one index of a collection, and how much of it. */
export type EntryQuery = Omit<Query, 'collection'>;

/** A page of entries. Only the absence of `cursor` says that it was the last. */
export interface EntryPage<T> {
  readonly entries: Entry<T>[];
  readonly cursor?: string;
}

/** How long a transaction is tried. */
export interface TransactOptions {
  /** How often it is run before it gives up, at least 1. Default 12. */
  readonly attempts?: number;
  /**
   * The function may run again although an earlier run of it has taken effect, and been overwritten since: that does no harm. Then a commit
   * needs no receipt. Its conditions must keep it from taking effect twice, however late. Default false.
   */
  readonly repeatable?: boolean;
  readonly signal?: AbortSignal;
}

/** One document of a typed collection, to be read. */
export interface EntryRef<T extends object> {
  readonly collection: Collection<T>;
  readonly id: string;
}

/** The entries that a list of refs reads, each of its own collection's type. */
export type EntriesOf<R extends readonly DeclaredRef[]> = {
  -readonly [K in keyof R]: R[K] extends EntryRef<infer T> ? Entry<T> | undefined : never;
};

/** The same entries, for who only looks at them. */
export type ViewsOf<R extends readonly DeclaredRef[]> = {
  -readonly [K in keyof R]: R[K] extends EntryRef<infer T> ? Entry<Unchanging<T>> | undefined : never;
};

interface DeclaredRef {
  readonly collection: DeclaredCollection & Pick<Collection<object>, 'decode'>;
  readonly id: string;
}

/**
 * Typed collections over a storage backend: values are checked on their way in and out, versions are drawn, commits whose
 * answer is lost are resolved, and transactions are run again when they conflict.
 *
 * The collections are opened on first use, and a keyring that did not seal what is there is refused then: every method that
 * reads or commits may throw `SealError` KEYRING_MISMATCH. Several stores may stand on one backend.
 */
export class Store {
  readonly storage: StorageBackend;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly #collections: ReadonlyMap<string, DeclaredCollection>;
  readonly #committer: Committer;
  readonly #sleep: Sleep;
  readonly #keyring: Keyring | undefined;
  #opening: Promise<void> | undefined;
  #isOpen = false;

  /**
   * @param options the backend and the collections
   * @throws {ConflictError} STORE_COLLECTION_CONFLICT: two collections of one name
   * @throws {InvalidInputError} INVALID_ARGUMENT: a part that the host gave lacks a method
   */
  constructor(options: StoreOptions) {
    requireMethods(options.storage, 'storage', ['open', 'get', 'query', 'commit']);
    requireMethods(options.clock, 'clock', ['now']);
    requireMethods(options.crypto, 'crypto', ['randomBytes', 'digest']);
    if (options.keyring !== undefined) requireMethods(options.keyring, 'keyring', ['seal', 'open']);
    this.storage = options.storage;
    this.crypto = options.crypto;
    this.clock = options.clock;
    this.#sleep = options.sleep ?? timerSleep;
    this.#keyring = options.keyring;
    this.#collections = byName([...options.collections, receipts, ...(options.keyring ? [keyringChecks] : [])]);
    const freshIds = new Set([...this.#collections.values()].filter((each) => each.freshIds).map(({ name }) => name));
    this.#committer = new Committer({ ...options, sleep: this.#sleep, freshIds });
  }

  /** The backend's namespace. */
  get namespace(): string {
    return this.storage.namespace;
  }

  /**
   * Reads a document.
   *
   * @returns the entry, or undefined where there is none
   * @throws {StorageError} STORAGE_CORRUPT, STORAGE_SCHEMA_NEWER: the document cannot be read
   * @throws {StorageError} any other of its codes: the storage failed
   */
  async get<T extends object>(
    collection: Collection<T>,
    id: string,
    options: ReadOptions = {},
  ): Promise<Entry<T> | undefined> {
    if (!this.#isOpen) await this.#ready();
    const [document] = await this.storage.get([{ collection: collection.name, id }], options);
    return document && collection.decode(document);
  }

  /**
   * Reads documents of any collections in one snapshot.
   *
   * @param refs at most 1,000
   * @returns an entry or undefined for each, in order
   * @throws {StorageError} STORAGE_CORRUPT, STORAGE_SCHEMA_NEWER: a document cannot be read
   * @throws {StorageError} any other of its codes: the storage failed
   */
  async getMany<const R extends readonly DeclaredRef[]>(refs: R, options: ReadOptions = {}): Promise<EntriesOf<R>> {
    if (!this.#isOpen) await this.#ready();
    const documents = await this.storage.get(refs.map(namedRef), options);
    return documents.map((document, at) => document && refs[at]?.collection.decode(document)) as EntriesOf<R>;
  }

  /**
   * Reads documents as `getMany` does, for who only looks at them: what they say is shared with others who do, and costs no copy.
   *
   * @param refs at most 1,000
   * @returns an entry or undefined for each, in order
   * @throws {StorageError} as `getMany`
   */
  async viewMany<const R extends readonly DeclaredRef[]>(refs: R, options: ReadOptions = {}): Promise<ViewsOf<R>> {
    if (!this.#isOpen) await this.#ready();
    const documents = await this.storage.get(refs.map(namedRef), options);
    return documents.map((document, at) => document && refs[at]?.collection.decode(document, 'view')) as ViewsOf<R>;
  }

  /**
   * Reads one page of an index.
   *
   * @throws {StorageError} STORAGE_CORRUPT, STORAGE_SCHEMA_NEWER: a document cannot be read
   * @throws {StorageError} any other of its codes: the storage failed
   */
  async query<T extends object>(collection: Collection<T>, query: EntryQuery): Promise<EntryPage<T>> {
    if (!this.#isOpen) await this.#ready();
    const { documents, cursor } = await this.storage.query({ ...query, collection: collection.name });
    const entries = documents.map((document) => collection.decode(document));
    return cursor === undefined ? { entries } : { entries, cursor };
  }

  /**
   * Walks a stretch of one index to its end, page by page.
   *
   * @param query as for `query`; `limit` is the size of a page
   * @throws {StorageError} as `query`
   */
  async *walk<T extends object>(
    collection: Collection<T>,
    query: Omit<EntryQuery, 'cursor'>,
  ): AsyncGenerator<Entry<T>> {
    let cursor: string | undefined;
    do {
      const page: EntryPage<T> = await this.query(collection, cursor === undefined ? query : { ...query, cursor });
      yield* page.entries;
      cursor = page.cursor;
    } while (cursor !== undefined);
  }

  /**
   * Counts what `query` would give over all pages, no further than `upTo`.
   *
   * @throws {StorageError} any of its codes: the storage failed
   */
  async count<T extends object>(collection: Collection<T>, query: Omit<CountQuery, 'collection'>): Promise<number> {
    await this.#ready();
    return await this.storage.count({ ...query, collection: collection.name });
  }

  /**
   * Takes documents that are due and leases them, each to exactly one claimer, earliest due first. One that cannot be read keeps none of the
   * others waiting: it is told of once it is claimed without any that can.
   *
   * @returns the entries as they are after the claim; their version is the fence
   * @throws {StorageError} STORAGE_CORRUPT, STORAGE_SCHEMA_NEWER: none of the documents can be read
   * @throws {StorageError} any other of its codes: the storage failed
   */
  async claim<T extends object>(
    collection: Collection<T>,
    request: Omit<ClaimRequest, 'collection'>,
  ): Promise<Entry<T>[]> {
    const documents = await this.#whileCurrent(() => this.storage.claim({ ...request, collection: collection.name }));
    const entries: Entry<T>[] = [];
    let problem: unknown;
    for (const document of documents) {
      try {
        entries.push(collection.decode(document));
      } catch (error) {
        problem = error;
      }
    }
    if (entries.length === 0 && documents.length > 0) throw problem;
    return entries;
  }

  /**
   * Builds the write that puts a document, at a fresh version.
   *
   * @throws {StorageError} STORAGE_INVALID: the value is not one of the collection's
   */
  put<T extends object>(collection: Collection<T>, id: string, value: T, options: PutOptions = {}): PutWrite {
    const data = collection.encode(id, value);
    // The options last: V8 takes microseconds to add to a copy of an object (Node 20).
    return { kind: 'put', collection: collection.name, id, version: randomVersion(this.crypto), data, ...options };
  }

  /** Builds the write that deletes a document. */
  delete<T extends object>(collection: Collection<T>, id: string, options: DeleteOptions = {}): DeleteWrite {
    return { kind: 'delete', collection: collection.name, id, ...options };
  }

  /** Builds the write that asserts a document to be at a version. */
  check<T extends object>(collection: Collection<T>, id: string, version: string): CheckWrite {
    return { kind: 'check', collection: collection.name, id, ifVersion: version };
  }

  /**
   * Writes all or nothing.
   *
   * @param writes at most 255 and 4 MiB, each document once
   * @param options.signal ends the waiting when an answer was lost
   * @returns whether it committed, and if not, which condition failed
   * @throws {StorageError} STORAGE_OUTCOME_UNKNOWN: the answer was lost and could not be found out
   * @throws {StorageError} STORAGE_ABORTED, outcome `unknown`: aborted before the outcome was known
   * @throws {StorageError} any other of its codes, outcome `none`: nothing was written
   */
  async commit(writes: readonly Write[], options: { readonly signal?: AbortSignal } = {}): Promise<CommitResult> {
    return await this.#whileCurrent(() => this.#committer.commit(writes, options));
  }

  /**
   * Runs a function that reads and writes, and commits what it wrote if nothing that it read has changed. On a conflict it is
   * run again, with a growing, random delay; so it must have no effects but through the transaction.
   *
   * It is never run again while the outcome of its last commit is unknown, unless it is `repeatable`.
   *
   * @param run reads through the transaction and adds writes to it, at most 255 documents in all
   * @param options how often, and until when
   * @returns what `run` returned, the time it was committed
   * @throws {ConflictError} COMMIT_CONFLICT: every attempt met a conflict; names the last document
   * @throws {ConflictError} UNIQUE_CONFLICT: a unique constraint forbids a write; names it and the document
   * @throws {ChanceryError} ABORTED: the signal was aborted, and nothing is written
   * @throws {StorageError} STORAGE_OUTCOME_UNKNOWN, STORAGE_ABORTED: the answer was lost and could not be found out
   * @throws {StorageError} any other of its codes, outcome `none`: nothing was written
   */
  async transact<R>(run: (transaction: Transaction) => Promise<R>, options: TransactOptions = {}): Promise<R> {
    const { attempts = TRANSACT_ATTEMPTS, repeatable = false, signal } = options;
    for (let attempt = 1; ; attempt++) {
      throwIfAborted(signal);
      const transaction = new Transaction(this);
      const result = await run(transaction);
      const writes = transaction.writes();
      throwIfAborted(signal);
      const outcome = await this.#whileCurrent(() =>
        this.#committer.commit(writes, { decisive: true, repeatable, ...(signal && { signal }) }),
      );
      if (outcome.committed) return result;
      if (outcome.conflict.reason === 'unique' || attempt >= attempts) {
        throw conflictError(writes, outcome.conflict, attempt);
      }
      await this.#sleep(backoffDelay(attempt, TRANSACT_BACKOFF, this.crypto), signal);
    }
  }

  // Another instance has added an index: open again to learn of it, once. Nothing was written.
  async #whileCurrent<R>(operation: () => Promise<R>): Promise<R> {
    if (!this.#isOpen) await this.#ready();
    try {
      return await operation();
    } catch (error) {
      if (!(error instanceof StorageError) || error.code !== 'STORAGE_SCHEMA_STALE') throw error;
      this.#isOpen = false;
      await this.#ready();
      return await operation();
    }
  }

  // To await nothing is a turn of the microtask queue too: what comes in crowds asks `#isOpen` first.
  #ready(): Promise<void> | undefined {
    if (this.#isOpen) return undefined;
    this.#opening ??= this.#open().finally(() => {
      this.#opening = undefined;
    });
    return this.#opening;
  }

  async #open(): Promise<void> {
    await this.storage.open([...this.#collections.values()].map(({ definition }) => definition));
    if (this.#keyring) await ensureKeyring(this.storage, this.#keyring, this.crypto);
    this.#isOpen = true;
  }
}

function namedRef({ collection, id }: DeclaredRef): DocumentRef {
  return { collection: collection.name, id };
}

function byName(collections: readonly DeclaredCollection[]): ReadonlyMap<string, DeclaredCollection> {
  const named = new Map<string, DeclaredCollection>();
  for (const collection of collections) {
    const { name } = collection;
    if ((named.get(name) ?? collection) !== collection) {
      throw new ConflictError('STORE_COLLECTION_CONFLICT', `Two collections of one store are called '${name}'`, {
        facts: { collection: name },
      });
    }
    named.set(name, collection);
  }
  return named;
}

function conflictError(writes: readonly Write[], conflict: CommitConflict, attempts: number): ConflictError {
  const { collection, id } = writes[conflict.write] as Write;
  if (conflict.reason === 'unique') {
    const { constraint } = conflict;
    return new ConflictError(
      'UNIQUE_CONFLICT',
      `Another document of collection '${collection}' has the values of '${id}' in constraint '${constraint}'`,
      { facts: { collection, id, constraint } },
    );
  }
  return new ConflictError(
    'COMMIT_CONFLICT',
    `Document '${id}' of collection '${collection}' changed during each of ${attempts} attempts at a transaction`,
    { facts: { collection, id, attempts } },
  );
}
