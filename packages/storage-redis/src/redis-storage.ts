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
  STORAGE_LIMITS,
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
import type { CommandWord } from './client/connection.ts';
import { driverFor, type RedisClientLike } from './client/driver.ts';
import { commitResult, commitWords, generationWords } from './commit.ts';
import { DOCUMENT_FIELDS, documentOf } from './document.ts';
import { type Effect, storageError } from './errors.ts';
import { documentKey } from './keys.ts';
import { openCollections } from './open.ts';
import { countOf, countWords, pageOf, queryWords } from './query.ts';
import { integerOf, listOf, optionalText, type ScriptAnswer, textOf } from './reply.ts';
import { newerLayout, type StoredCollection } from './schema.ts';
import { type ScriptName, Session } from './session.ts';
import { decisionOf, throttleWords } from './throttle.ts';
import { Watchers } from './watchers.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
/** Documents that one step of a sweep removes, so that others have their turn in between. */
const SWEEP_STEP = 200;
/** Expired documents that one step of a claim removes on its way. */
const MOST_EXPIRED = 500;

/** Options of `RedisStorage`. */
export interface RedisStorageOptions {
  /**
   * A client that the host made, of ioredis or node-redis, single or of a cluster, connected or not. It is asked for
   * duplicates, with settings that keep anything from being sent twice, and is neither used nor closed itself. Its
   * `keyPrefix` does not count: `namespace` does that.
   */
  readonly client: RedisClientLike;
  /** `[a-z][a-z0-9_]{0,39}`. Default `chancery`. In a cluster it is one hash slot. */
  readonly namespace?: string;
  /** Replaces the server's clock, in tests. */
  readonly clock?: Clock;
  /**
   * What the host knows of its server. `durable`: appendonly with appendfsync always, and no replica, which is checked as
   * far as the server tells. Default `async`.
   */
  readonly durability?: 'async' | 'durable';
  /**
   * Lets every write wait until so many replicas have it, `timeoutMs` at most (default 1,000); too few leave its outcome
   * unknown. Not with a cluster client. A failover is less likely to lose an acknowledged write then; it still can.
   */
  readonly waitReplicas?: { readonly count: number; readonly timeoutMs?: number };
  /** How long to wait for a connection, and for each answer, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number;
}

const OPTIONS = {
  client: true,
  namespace: true,
  clock: true,
  durability: true,
  waitReplicas: true,
  timeoutMs: true,
} as const;

/**
 * The storage contract on Redis 6.2 or later, Valkey, Sentinel and Cluster. Every operation is one script, so that it is
 * atomic and judged at one instant of the server's clock.
 *
 * What it rejects with is documented at `StorageBackend`; what a key may not hold is `STORAGE_CORRUPT`.
 *
 * @example
 * const storage = new RedisStorage({ client: new Redis('redis://127.0.0.1:6379') });
 * await storage.open([{ name: 'notes', indexes: { byTime: { orderBy: 'time' } } }]);
 */
export class RedisStorage implements StorageBackend {
  readonly namespace: string;
  readonly capabilities: StorageCapabilities;
  readonly #clock: Clock | undefined;
  readonly #session: Session;
  readonly #watchers: Watchers;
  readonly #opened = new Map<string, StoredCollection>();
  /** Collections in which a document with an expiry was seen: they are read by script at once. */
  readonly #expiring = new Set<string>();
  #closed = false;

  /** @throws {StorageError} STORAGE_INVALID: an option is malformed; STORAGE_UNSAFE_CONFIG: `waitReplicas` in a cluster */
  constructor(options: RedisStorageOptions) {
    assertStorageOptions(options, OPTIONS, 'RedisStorage options');
    const { client, namespace = 'chancery', clock, durability = 'async', waitReplicas } = options;
    const { timeoutMs = DEFAULT_TIMEOUT_MS } = options;
    assertStorageName(namespace, 'the namespace');
    if (durability !== 'async' && durability !== 'durable') {
      throw invalid('durability', `durability must be async or durable, not ${JSON.stringify(durability)}`);
    }
    assertPositive(timeoutMs, 'timeoutMs');
    const driver = driverFor(client);
    const wait = waitReplicas && { count: waitReplicas.count, timeoutMs: waitReplicas.timeoutMs ?? 1000 };
    if (wait !== undefined) {
      assertPositive(wait.count, 'waitReplicas.count');
      assertPositive(wait.timeoutMs, 'waitReplicas.timeoutMs');
      if (driver.cluster) {
        throw new StorageError('STORAGE_UNSAFE_CONFIG', 'waitReplicas does not work with a cluster client');
      }
    }
    this.namespace = namespace;
    this.capabilities = Object.freeze({ durability, watch: true });
    this.#clock = clock;
    this.#session = new Session({ driver, namespace, expected: { durability }, timeoutMs, waitReplicas: wait });
    this.#watchers = new Watchers(driver, namespace, timeoutMs);
  }

  async open(collections: readonly CollectionDefinition[]): Promise<void> {
    this.#assertUsable();
    await this.#guarded(async () => {
      await this.#session.check();
      const opening = { session: this.#session, now: this.#now, pause: this.#pause };
      for (const stored of await openCollections(opening, collections)) this.#opened.set(stored.declared.name, stored);
    });
  }

  async get(refs: readonly DocumentRef[], options?: ReadOptions): Promise<(StoredDocument | undefined)[]> {
    this.#assertUsable();
    const prepared = prepareRefs(refs, options, this.#lookup).refs;
    if (prepared.length === 0) return [];
    const [only] = prepared;
    if (prepared.length === 1 && only !== undefined && !this.#expiring.has(only.collection.name)) {
      const document = await this.#getUnexpiring(only.collection.name, only.id);
      if (document !== undefined) return [document];
    }
    const words = prepared.flatMap(({ collection, id }) => [collection.name, id]);
    const { rest } = await this.#run('get', 'reads', [String(prepared.length), ...words]);
    const found = listOf(rest[0]);
    return prepared.map(({ collection, id }, at) => {
      const reply = found[at] ?? undefined;
      return reply === undefined ? undefined : documentOf(collection.name, id, reply);
    });
  }

  async query(query: Query): Promise<Page> {
    this.#assertUsable();
    const prepared = prepareQuery(query, this.#lookup);
    return pageOf(prepared, await this.#run('query', 'reads', queryWords(prepared)));
  }

  async count(query: CountQuery): Promise<number> {
    this.#assertUsable();
    const prepared = prepareCount(query, this.#lookup);
    let counted = 0;
    let after: string | undefined;
    do {
      const words = countWords(prepared, prepared.upTo - counted, after);
      const step = countOf(await this.#run('count', 'reads', words));
      counted += step.count;
      after = step.last;
    } while (after !== undefined && counted < prepared.upTo);
    return counted;
  }

  async commit(writes: readonly Write[]): Promise<CommitResult> {
    this.#assertUsable();
    const prepared = prepareWrites(writes, this.#lookup);
    if (prepared.length === 0) return { committed: true };
    const answer = await this.#run('commit', 'writes', commitWords(prepared, this.#generation));
    this.#assertCurrent(answer);
    return commitResult(answer);
  }

  async claim(request: ClaimRequest): Promise<StoredDocument[]> {
    this.#assertUsable();
    const { collection, queue, limit, leaseMs } = prepareClaim(request, this.#lookup);
    const { name } = collection;
    while (true) {
      const version = await this.#guarded(() => this.#session.freshVersion());
      const words = [name, queue, String(limit), String(leaseMs), version];
      const bounds = [String(STORAGE_LIMITS.pageBytes), String(MOST_EXPIRED)];
      const generations = generationWords([name], this.#generation);
      const answer = await this.#run('claim', 'writes', [...generations, ...words, ...bounds]);
      this.#assertCurrent(answer);
      const claimed = listOf(answer.rest[0]).map((reply) => documentOf(name, textOf(listOf(reply)[6]), reply));
      if (integerOf(answer.rest[1]) === 0) return claimed;
    }
  }

  async throttle(requests: readonly ThrottleRequest[]): Promise<ThrottleDecision> {
    this.#assertUsable();
    const prepared = prepareThrottle(requests);
    if (prepared.length === 0) return { allowed: true, retryAfterMs: 0, remaining: [] };
    return decisionOf(await this.#run('throttle', 'writes', throttleWords(prepared)));
  }

  async sweep(limit: number): Promise<{ removed: number; more: boolean }> {
    this.#assertUsable();
    assertSweepLimit(limit);
    let removed = 0;
    let more = true;
    while (more && removed < limit) {
      const { rest } = await this.#run('sweep', 'writes', [String(Math.min(SWEEP_STEP, limit - removed))]);
      removed += integerOf(rest[0]);
      more = integerOf(rest[1]) === 1;
    }
    return { removed, more };
  }

  async watch(collection: string, listener: WatchListener): Promise<() => Promise<void>> {
    this.#assertUsable();
    const declared = this.#lookup(collection);
    if (declared === undefined) throw undeclaredCollection(collection);
    if (!declared.watch) {
      const message = `collection "${collection}" was not declared with watch`;
      throw new StorageError('STORAGE_UNDECLARED', message, { facts: { collection } });
    }
    return this.#guarded(() => this.#watchers.add(collection, listener));
  }

  async health(): Promise<StorageHealth> {
    this.#assertUsable();
    return this.#guarded(async () => {
      const clock = this.#clock ?? systemClock;
      const started = clock.now();
      const writable = await this.#session.isWritable();
      return { writable, latencyMs: Math.max(0, clock.now() - started) };
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([this.#watchers.close(), this.#session.close()]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The chores of this storage, for a scheduler to run. */
  maintenance(): MaintenanceTask[] {
    return [sweepTask(this, { clock: this.#clock ?? systemClock })];
  }

  /**
   * Reads one document without a script, at twice the speed; `undefined` where it takes more to say: there is none, the key holds
   * something else, or an expiry has to be compared with the server's clock.
   */
  async #getUnexpiring(collection: string, id: string): Promise<StoredDocument | undefined> {
    const key = documentKey(this.namespace, collection, id);
    const reply = await this.#guarded(() => this.#session.readHash(key, DOCUMENT_FIELDS));
    const [version, data, expiresAt] = reply ?? [null, null, null];
    if (expiresAt !== null) this.#expiring.add(collection);
    return version === null || data === null || expiresAt !== null ? undefined : documentOf(collection, id, reply);
  }

  #run(script: ScriptName, effect: Effect, words: readonly CommandWord[]): Promise<ScriptAnswer> {
    return this.#guarded(() => this.#session.run(script, effect, [this.#now(), ...words]), effect);
  }

  /** Gives errors of clients the contract's form; a call that was cut off by `close` says so. */
  async #guarded<T>(call: () => Promise<T>, effect: Effect = 'reads'): Promise<T> {
    try {
      return await call();
    } catch (error) {
      const told = storageError(error, effect);
      if (!this.#closed || told.code !== 'STORAGE_UNAVAILABLE') throw told;
      throw this.#closedError(told);
    }
  }

  readonly #now = (): string => (this.#clock === undefined ? '' : String(Math.floor(this.#clock.now())));

  readonly #pause = async (attempt: number): Promise<void> => {
    await new Promise((resolve) => setTimeout(resolve, Math.min(200, 5 * 2 ** Math.min(attempt, 6))));
    this.#assertUsable();
  };

  readonly #lookup = (name: string): DeclaredCollection | undefined => this.#opened.get(name)?.declared;

  readonly #generation = (name: string): string => String(this.#opened.get(name)?.generation ?? '');

  #assertUsable(): void {
    if (this.#closed) throw this.#closedError();
  }

  #closedError(cut?: StorageError): StorageError {
    const message = `the storage of namespace "${this.namespace}" is closed`;
    return new StorageError('STORAGE_CLOSED', message, cut && { cause: cut, outcome: cut.outcome });
  }

  #assertCurrent({ outcome, rest }: ScriptAnswer): void {
    if (outcome !== 'stale') return;
    const [name, stored, layout] = rest.map(optionalText);
    if (layout !== undefined && Number(layout) > 1) throw newerLayout(Number(layout));
    const collection = name ?? '';
    const message = `collection "${collection}" has indexes that this instance does not know: open it again`;
    throw new StorageError('STORAGE_SCHEMA_STALE', message, {
      facts: { collection, opened: this.#generation(collection), stored: stored ?? null },
    });
  }
}

function assertPositive(value: unknown, option: string): void {
  if (Number.isSafeInteger(value) && (value as number) > 0) return;
  throw invalid(option, `${option} must be a positive integer, not ${String(value)}`);
}

function invalid(option: string, message: string): StorageError {
  return new StorageError('STORAGE_INVALID', message, { facts: { value: option } });
}
