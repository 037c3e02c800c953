import {
  assertStorageName,
  assertStorageOptions,
  assertSweepLimit,
  type ClaimRequest,
  type Clock,
  type CollectionDefinition,
  type CommitResult,
  type CountQuery,
  type DeclaredCollection,
  type DocumentRef,
  type MaintenanceTask,
  type Page,
  prepareClaim,
  prepareCount,
  prepareQuery,
  prepareRefs,
  prepareThrottle,
  prepareWrites,
  type Query,
  type ReadOptions,
  type StorageBackend,
  type StorageCapabilities,
  StorageError,
  type StorageHealth,
  type StoredDocument,
  sweepTask,
  systemClock,
  type ThrottleDecision,
  type ThrottleRequest,
  undeclaredCollection,
  type WatchListener,
  type Write,
} from '@chancery/core/ports';
import { claimDue } from './claim.ts';
import { commitWrites } from './commit.ts';
import type { MemoryCollection } from './memory-collection.ts';
import { LAYOUT, MemoryDatabase } from './memory-database.ts';
import { storedDocument } from './memory-document.ts';
import { MemoryNamespace } from './memory-namespace.ts';
import { openCollections } from './open.ts';
import { countRange, readPage } from './query.ts';

/** Options of `MemoryStorage`. */
export interface MemoryStorageOptions {
  /** `[a-z][a-z0-9_]{0,39}`. Default `chancery`. */
  readonly namespace?: string;
  /** Memory to share with other instances. Default: one of its own. */
  readonly database?: MemoryDatabase;
  /** Default: the system's. */
  readonly clock?: Clock;
}

const OPTIONS = { namespace: true, database: true, clock: true } as const;

/** A collection as this instance opened it. */
interface OpenedCollection {
  readonly declared: DeclaredCollection;
  readonly generation: number;
}

/**
 * The storage contract in memory: for tests, for applications that may forget, and as the model that other adapters are
 * compared with. Every operation is one synchronous step, so that it is linearizable by construction; data is gone with the
 * process (`durability: 'volatile'`).
 *
 * What it rejects with is documented at `StorageBackend`.
 *
 * @example
 * const storage = new MemoryStorage();
 * await storage.open([{ name: 'notes', indexes: { byTime: { orderBy: 'time' } } }]);
 */
export class MemoryStorage implements StorageBackend {
  readonly namespace: string;
  readonly capabilities: StorageCapabilities = Object.freeze({ durability: 'volatile', watch: true });
  readonly #database: MemoryDatabase;
  readonly #shared: MemoryNamespace;
  readonly #clock: Clock;
  readonly #opened = new Map<string, OpenedCollection>();
  readonly #subscriptions = new Set<() => void>();
  #closed = false;

  /** @throws {StorageError} STORAGE_INVALID: the namespace is malformed */
  constructor(options: MemoryStorageOptions = {}) {
    assertStorageOptions(options, OPTIONS, 'MemoryStorage options');
    const { namespace = 'chancery', database = new MemoryDatabase(), clock = systemClock } = options;
    assertStorageName(namespace, 'the namespace');
    if (!(database instanceof MemoryDatabase))
      throw new StorageError('STORAGE_INVALID', 'database must be a MemoryDatabase');
    this.namespace = namespace;
    this.#database = database;
    this.#shared = database.namespace(namespace, () => new MemoryNamespace());
    this.#clock = clock;
  }

  async open(collections: readonly CollectionDefinition[]): Promise<void> {
    this.#assertUsable();
    for (const { declared, generation } of openCollections(this.#shared.collections, collections, this.#now())) {
      this.#opened.set(declared.name, { declared, generation });
    }
  }

  async get(refs: readonly DocumentRef[], options?: ReadOptions): Promise<(StoredDocument | undefined)[]> {
    this.#assertUsable();
    const now = this.#now();
    return prepareRefs(refs, options, this.#lookup).refs.map(({ collection, id }) => {
      const document = this.#collection(collection.name).live(id, now);
      return document && storedDocument(collection.name, document, true);
    });
  }

  async query(query: Query): Promise<Page> {
    this.#assertUsable();
    const prepared = prepareQuery(query, this.#lookup);
    return readPage(this.#collection(prepared.collection.name), prepared, this.#now());
  }

  async count(query: CountQuery): Promise<number> {
    this.#assertUsable();
    const prepared = prepareCount(query, this.#lookup);
    return countRange(this.#collection(prepared.collection.name), prepared, this.#now());
  }

  async commit(writes: readonly Write[]): Promise<CommitResult> {
    this.#assertUsable();
    const prepared = prepareWrites(writes, this.#lookup);
    for (const { collection } of prepared) this.#assertCurrent(collection.name);
    const { result, changed } = commitWrites(prepared, this.#collection, this.#now());
    for (const [name, ids] of changed) {
      if (this.#collection(name).declared.watch) this.#shared.watchers.notify(name, ids);
    }
    return result;
  }

  async claim(request: ClaimRequest): Promise<StoredDocument[]> {
    this.#assertUsable();
    const prepared = prepareClaim(request, this.#lookup);
    const { name } = prepared.collection;
    this.#assertCurrent(name);
    return claimDue(this.#collection(name), prepared, this.#shared.freshVersion, this.#now());
  }

  async throttle(requests: readonly ThrottleRequest[]): Promise<ThrottleDecision> {
    this.#assertUsable();
    return this.#shared.meters.throttle(prepareThrottle(requests), this.#now());
  }

  async sweep(limit: number): Promise<{ removed: number; more: boolean }> {
    this.#assertUsable();
    assertSweepLimit(limit);
    return this.#shared.sweep(limit, this.#now());
  }

  async watch(collection: string, listener: WatchListener): Promise<() => Promise<void>> {
    this.#assertUsable();
    const opened = this.#opened.get(collection);
    if (opened === undefined) throw undeclaredCollection(collection);
    if (!opened.declared.watch) {
      const message = `collection "${collection}" was not declared with watch`;
      throw new StorageError('STORAGE_UNDECLARED', message, { facts: { collection } });
    }
    const unsubscribe = this.#shared.watchers.add(collection, listener);
    this.#subscriptions.add(unsubscribe);
    return async () => {
      this.#subscriptions.delete(unsubscribe);
      unsubscribe();
    };
  }

  async health(): Promise<StorageHealth> {
    this.#assertUsable();
    return { writable: true, latencyMs: 0 };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const unsubscribe of this.#subscriptions) unsubscribe();
    this.#subscriptions.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The chores of this storage, for a scheduler to run. */
  maintenance(): MaintenanceTask[] {
    return [sweepTask(this, { clock: this.#clock })];
  }

  #now(): number {
    return Math.floor(this.#clock.now());
  }

  readonly #lookup = (name: string): DeclaredCollection | undefined => this.#opened.get(name)?.declared;

  /** Collections are never dropped: what was opened is stored. */
  readonly #collection = (name: string): MemoryCollection => {
    const collection = this.#shared.collections.get(name);
    if (collection === undefined) throw undeclaredCollection(name);
    return collection;
  };

  #assertUsable(): void {
    if (this.#closed)
      throw new StorageError('STORAGE_CLOSED', `the storage of namespace "${this.namespace}" is closed`);
    if (this.#database.layout > LAYOUT) {
      const message = `the database has layout ${this.#database.layout}, and this version knows ${LAYOUT}`;
      throw new StorageError('STORAGE_SCHEMA_NEWER', message, {
        facts: { stored: this.#database.layout, known: LAYOUT },
      });
    }
  }

  #assertCurrent(name: string): void {
    const { generation } = this.#collection(name);
    const opened = this.#opened.get(name)?.generation;
    if (opened === generation) return;
    const message = `collection "${name}" has indexes that this instance does not know: open it again`;
    throw new StorageError('STORAGE_SCHEMA_STALE', message, {
      facts: { collection: name, opened: opened ?? null, stored: generation },
    });
  }
}
