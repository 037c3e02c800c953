import { nodeCrypto } from '../crypto/node-provider.ts';
import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import { requireMethods } from '../errors/require-methods.ts';
import { requireObject } from '../errors/require-object.ts';
import { StorageError } from '../errors/storage-error.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import { STORAGE_LIMITS } from '../ports/storage/limits.ts';
import type {
  ClaimRequest,
  CollectionDefinition,
  CommitResult,
  CountQuery,
  DocumentRef,
  Page,
  Query,
  ReadOptions,
  StorageBackend,
  StorageHealth,
  StoredDocument,
  ThrottleDecision,
  ThrottleRequest,
  WatchListener,
  Write,
} from '../ports/storage.ts';
import { systemClock } from '../ports/system-clock.ts';
import { CACHE_CLOCK, CacheClock } from './cache-clock.ts';
import { cachedDocument, cacheWrite } from './cached-document.ts';

const DEFAULT_CACHE_TIMEOUT_MS = 100;
const REST_MS = 1000;
const REFUSALS: ReadonlySet<string> = new Set(['STORAGE_INVALID', 'STORAGE_TOO_LARGE']);

/** What a layered storage is made of. */
export interface LayeredStorageOptions {
  /** Copies of documents, on a namespace that serves nothing else. It may lose them, and may be down. */
  readonly cache: StorageBackend;
  /** The truth. */
  readonly primary: StorageBackend;
  /** How stale a copy may be when it is served, in milliseconds, at least 1. */
  readonly maxStaleMs: number;
  /** How long a call may wait for the cache, in milliseconds. Default 100. */
  readonly cacheTimeoutMs?: number;
  /** When to ask a cache again that failed. Nothing that is served hangs on it. Default: the system's. */
  readonly clock?: Clock;
  /** Default: Node's own. */
  readonly crypto?: CryptoProvider;
}

/**
 * Serves hot documents from a second backend, such as Redis before PostgreSQL.
 *
 * A `get` of one document that allows `maxStaleMs` or more may be answered from the cache; every other read, and every
 * decision, is the primary's. A copy is never served later than `maxStaleMs` after its document was read from the primary, by the
 * cache's own clock, whatever the clocks of hosts say and whether or not a write that changed the document reached the
 * cache. A cache that fails or dawdles is passed over.
 *
 * @returns a backend with the primary's namespace and capabilities; `close` closes both
 * @throws {InvalidInputError} INVALID_ARGUMENT: `cache` or `primary` is no storage, or both are one; `maxStaleMs` or `cacheTimeoutMs` is no positive
 *   integer
 *
 * @example
 * const storage = layeredStorage({
 *   primary: new PostgresStorage({ pool }),
 *   cache: new RedisStorage({ client, namespace: 'cache' }),
 *   maxStaleMs: 5_000,
 * });
 */
export function layeredStorage(options: LayeredStorageOptions): StorageBackend {
  requireObject(options, 'layeredStorage() options');
  requireMethods(options.cache, 'cache', ['open', 'get', 'commit']);
  requireMethods(options.primary, 'primary', ['open', 'get', 'query', 'commit']);
  const { cacheTimeoutMs = DEFAULT_CACHE_TIMEOUT_MS } = options;
  for (const [name, value] of Object.entries({ maxStaleMs: options.maxStaleMs, cacheTimeoutMs })) {
    if (Number.isSafeInteger(value) && value > 0) continue;
    throw new InvalidInputError('INVALID_ARGUMENT', `${name} must be a positive integer, not ${quote(value)}`);
  }
  if (options.cache === options.primary) {
    throw new InvalidInputError('INVALID_ARGUMENT', 'cache and primary must be two storages, not the same');
  }
  return options.primary.watch === undefined ? new LayeredStorage(options) : new WatchedLayeredStorage(options);
}

class LayeredStorage implements StorageBackend {
  readonly #cache: StorageBackend;
  readonly #maxStaleMs: number;
  readonly #timeoutMs: number;
  readonly #clock: Clock;
  readonly #cacheClock: CacheClock;
  readonly #collections = new Set<string>();
  protected readonly primary: StorageBackend;
  #cacheOpened: Promise<void> | undefined;
  #restUntil = Number.NEGATIVE_INFINITY;

  constructor(options: LayeredStorageOptions) {
    const { cache, primary, maxStaleMs, cacheTimeoutMs = DEFAULT_CACHE_TIMEOUT_MS } = options;
    const { clock = systemClock, crypto = nodeCrypto() } = options;
    this.#cache = cache;
    this.primary = primary;
    this.#maxStaleMs = maxStaleMs;
    this.#timeoutMs = cacheTimeoutMs;
    this.#clock = clock;
    this.#cacheClock = new CacheClock(cache, crypto, clock, maxStaleMs / 4);
  }

  get namespace(): string {
    return this.primary.namespace;
  }

  get capabilities(): StorageBackend['capabilities'] {
    return this.primary.capabilities;
  }

  async open(collections: readonly CollectionDefinition[]): Promise<void> {
    await this.primary.open(collections);
    const known = this.#collections.size;
    for (const { name } of collections) this.#collections.add(name);
    if (this.#collections.size > known) this.#cacheOpened = undefined;
  }

  async get(refs: readonly DocumentRef[], options?: ReadOptions): Promise<(StoredDocument | undefined)[]> {
    const ref = this.#cacheable(refs, options);
    if (ref === undefined) return this.primary.get(refs, options);
    const found = await this.#withCache(async (cache) => {
      const [copy] = await cache.get([ref]);
      const document = copy && cachedDocument(ref, copy);
      // Told before the primary is read: from then on the copy grows old.
      return document ? { document } : { since: await this.#cacheClock.past() };
    });
    if (found?.document !== undefined) return [found.document];
    // Not from a replica of the primary: the ages would add up.
    const [document] = await this.primary.get(refs);
    if (document !== undefined && found?.since !== undefined && Number.isFinite(found.since)) {
      const write = cacheWrite(document, found.since + this.#maxStaleMs);
      await this.#withCache((cache) => cache.commit([write]));
    }
    return [document];
  }

  query(query: Query): Promise<Page> {
    return this.primary.query(query);
  }

  count(query: CountQuery): Promise<number> {
    return this.primary.count(query);
  }

  async commit(writes: readonly Write[]): Promise<CommitResult> {
    let result: CommitResult;
    try {
      result = await this.primary.commit(writes);
    } catch (error) {
      if (error instanceof StorageError && error.outcome === 'unknown') await this.#forget(writes);
      throw error;
    }
    if (result.committed) await this.#forget(writes.filter(({ kind }) => kind !== 'check'));
    return result;
  }

  async claim(request: ClaimRequest): Promise<StoredDocument[]> {
    const claimed = await this.primary.claim(request);
    const most = STORAGE_LIMITS.commitWrites;
    for (let at = 0; at < claimed.length; at += most) await this.#forget(claimed.slice(at, at + most));
    return claimed;
  }

  throttle(requests: readonly ThrottleRequest[]): Promise<ThrottleDecision> {
    return this.primary.throttle(requests);
  }

  async sweep(limit: number): Promise<{ removed: number; more: boolean }> {
    const swept = await this.primary.sweep(limit);
    await this.#withCache((cache) => cache.sweep(limit));
    return swept;
  }

  health(): Promise<StorageHealth> {
    return this.primary.health();
  }

  async close(): Promise<void> {
    await Promise.all([this.primary.close(), this.#cache.close().catch(() => undefined)]);
  }

  /** The one document that a read is for, if a copy will do. What is malformed is for the primary to refuse. */
  #cacheable(refs: readonly DocumentRef[], options: ReadOptions | undefined): DocumentRef | undefined {
    // Several documents are read in one snapshot, which copies of different ages are not.
    if (!Array.isArray(refs) || refs.length !== 1) return undefined;
    const consistency = options?.consistency;
    if (typeof consistency !== 'object' || !(consistency?.maxStaleMs >= this.#maxStaleMs)) return undefined;
    const ref = refs[0] as DocumentRef | undefined;
    return this.#collections.has(ref?.collection ?? '') ? ref : undefined;
  }

  /** So that readers see a change sooner than they must. */
  async #forget(refs: readonly DocumentRef[]): Promise<void> {
    if (refs.length === 0) return;
    const deletes = refs.map(({ collection, id }): Write => ({ kind: 'delete', collection, id }));
    await this.#withCache((cache) => cache.commit(deletes));
  }

  /** Uses the cache while it is well; `undefined` where it is not. */
  async #withCache<T>(use: (cache: StorageBackend) => Promise<T>): Promise<T | undefined> {
    const now = this.#clock.now();
    if (now < this.#restUntil && now >= this.#restUntil - REST_MS) return undefined;
    try {
      return await within(this.#timeoutMs, async () => {
        await this.#openCache();
        return use(this.#cache);
      });
    } catch (error) {
      // What the cache refuses, a copy that is too large for instance, says nothing of its health.
      const refused = error instanceof StorageError && REFUSALS.has(error.code);
      if (!refused) this.#restUntil = this.#clock.now() + REST_MS;
      return undefined;
    }
  }

  #openCache(): Promise<void> {
    const definitions = [...this.#collections].map((name) => ({ name }));
    this.#cacheOpened ??= this.#cache.open([...definitions, CACHE_CLOCK]).catch((error) => {
      this.#cacheOpened = undefined;
      throw error;
    });
    return this.#cacheOpened;
  }
}

class WatchedLayeredStorage extends LayeredStorage {
  watch(collection: string, listener: WatchListener): Promise<() => Promise<void>> {
    return (this.primary as Required<StorageBackend>).watch(collection, listener);
  }
}

/** Waits for a call, but not longer than `ms`; what comes of it later is dropped. */
function within<T>(ms: number, call: () => Promise<T>): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const timer = setTimeout(() => reject(new StorageError('STORAGE_UNAVAILABLE', 'the cache is slow')), ms);
    call()
      .then(resolve, reject)
      .finally(() => clearTimeout(timer));
  });
}
