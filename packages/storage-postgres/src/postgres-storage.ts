import {
  assertStorageName,
  assertSweepLimit,
  type ClaimRequest,
  type Clock,
  type CollectionDefinition,
  type CommitResult,
  type CountQuery,
  type DeclaredCollection,
  type DocumentRef,
  declareCollections,
  type MaintenanceTask,
  type Page,
  type PreparedWrite,
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
import { type CommitStatements, commitStatements, planningByKey } from './commit-statements.ts';
import type { SqlDriver, SqlValue } from './driver.ts';
import { fingerprint } from './identifiers.ts';
import { migrationScript, openCollections } from './open.ts';
import { checkOptions, chooseDriver, type PostgresStorageOptions } from './options.ts';
import { PgDriver } from './pg-driver.ts';
import { countRange, getDocuments, readPage } from './read.ts';
import { readThrough } from './replica.ts';
import { readServerFacts, type ServerFacts } from './server-facts.ts';
import { ensureFunctions, type ServerFunctions } from './server-functions.ts';
import { sweepExpired } from './sweep.ts';
import { type OpenedCollection, Tables } from './tables.ts';
import { throttleRequests } from './throttle.ts';
import { Watchers } from './watchers.ts';

/** What is known of the database once it was reached. */
interface Connected {
  readonly facts: ServerFacts;
  readonly tables: Tables;
  readonly statements: CommitStatements;
  readonly planning: string | undefined;
  readonly watchers: Watchers | undefined;
}

/**
 * The storage contract on PostgreSQL: a server through a `pg` pool of the host's, or PGlite in the process. One table a
 * collection, readable with SQL; any number of instances share a namespace.
 *
 * What it rejects with is documented at `StorageBackend`.
 *
 * @example
 * const storage = new PostgresStorage({ pool: new Pool({ connectionString }) });
 * const embedded = new PostgresStorage({ folder: './data' });
 */
export class PostgresStorage implements StorageBackend {
  readonly namespace: string;
  readonly capabilities: StorageCapabilities;
  readonly #driver: SqlDriver;
  readonly #replica: SqlDriver | undefined;
  readonly #schema: string | undefined;
  readonly #clock: Clock | undefined;
  readonly #useFunctions: boolean;
  readonly #opened = new Map<string, OpenedCollection>();
  #functions: ServerFunctions | undefined;
  #laidOut = false;
  #connecting: Promise<Connected> | undefined;
  #connected: Connected | undefined;
  #closed = false;

  /**
   * @throws {StorageError} STORAGE_INVALID: the namespace or the schema is malformed, or not exactly one of `pool`, `folder`
   *   and `pglite` is given
   */
  constructor(options: PostgresStorageOptions) {
    checkOptions(options);
    const { namespace = 'chancery', schema, clock, serverFunctions = true } = options;
    assertStorageName(namespace, 'the namespace');
    const { driver, durability, watch } = chooseDriver(options);
    this.namespace = namespace;
    this.capabilities = Object.freeze({ durability, watch });
    this.#driver = driver;
    this.#replica = options.replica && new PgDriver(options.replica, { prepare: options.prepare ?? true });
    this.#schema = schema;
    this.#clock = clock;
    this.#useFunctions = serverFunctions;
    // The contract: the method is there exactly if it can be used.
    if (!watch) Object.defineProperty(this, 'watch', { value: undefined });
  }

  async open(collections: readonly CollectionDefinition[]): Promise<void> {
    this.#assertUsable();
    const declared = declareCollections(collections);
    const { tables, facts } = await this.#connect();
    for (const opened of await openCollections(this.#driver, tables, facts, declared, this.#now())) {
      this.#opened.set(opened.declared.name, opened);
    }
    if (this.#useFunctions) {
      const functions = await ensureFunctions(this.#driver, tables, [...this.#opened.keys()]);
      // Of calls at the same time, the one that knows most counts.
      const known = this.#functions?.steps.size ?? 0;
      if (functions === undefined || functions.steps.size >= known) this.#functions = functions;
    }
    this.#laidOut = true;
  }

  async get(refs: readonly DocumentRef[], options?: ReadOptions): Promise<(StoredDocument | undefined)[]> {
    this.#assertUsable();
    const prepared = prepareRefs(refs, options, this.#lookup);
    if (prepared.refs.length === 0) return [];
    const { tables } = await this.#connect();
    return readThrough(this.#driver, this.#replica, prepared.maxStaleMs, (session) =>
      getDocuments(session, tables, prepared.refs, this.#now()),
    );
  }

  async query(query: Query): Promise<Page> {
    this.#assertUsable();
    const prepared = prepareQuery(query, this.#lookup);
    const { tables } = await this.#connect();
    return readThrough(this.#driver, this.#replica, prepared.maxStaleMs, (session) =>
      readPage(session, tables, prepared, this.#now()),
    );
  }

  async count(query: CountQuery): Promise<number> {
    this.#assertUsable();
    const prepared = prepareCount(query, this.#lookup);
    const { tables } = await this.#connect();
    return readThrough(this.#driver, this.#replica, prepared.maxStaleMs, (session) =>
      countRange(session, tables, prepared, this.#now()),
    );
  }

  async commit(writes: readonly Write[]): Promise<CommitResult> {
    this.#assertUsable();
    const prepared = prepareWrites(writes, this.#lookup);
    const { facts, tables, statements, planning, watchers } = await this.#connect();
    const result = await commitWrites(
      {
        driver: this.#driver,
        tables,
        isPostgres: facts.isPostgres,
        statements,
        planning,
        functions: this.#functions,
        opened: this.#collection,
        now: this.#now(),
      },
      prepared,
    );
    if (result.committed && watchers !== undefined) notifyOf(prepared, watchers);
    return result;
  }

  async claim(request: ClaimRequest): Promise<StoredDocument[]> {
    this.#assertUsable();
    const prepared = prepareClaim(request, this.#lookup);
    const { tables } = await this.#connect();
    return claimDue(this.#driver, tables, prepared, this.#collection(prepared.collection.name), this.#now());
  }

  async throttle(requests: readonly ThrottleRequest[]): Promise<ThrottleDecision> {
    this.#assertUsable();
    const prepared = prepareThrottle(requests);
    const { tables } = await this.#layOut();
    const context = { driver: this.#driver, tables, serverFunction: this.#functions?.throttle, now: this.#now() };
    return throttleRequests(context, prepared);
  }

  async sweep(limit: number): Promise<{ removed: number; more: boolean }> {
    this.#assertUsable();
    assertSweepLimit(limit);
    const { tables } = await this.#layOut();
    return sweepExpired(this.#driver, tables, limit, this.#now());
  }

  async watch(collection: string, listener: WatchListener): Promise<() => Promise<void>> {
    this.#assertUsable();
    const opened = this.#opened.get(collection);
    if (opened === undefined) throw undeclaredCollection(collection);
    const { watchers } = await this.#connect();
    if (!opened.declared.watch || watchers === undefined) {
      const message = `collection "${collection}" was not declared with watch`;
      throw new StorageError('STORAGE_UNDECLARED', message, { facts: { collection } });
    }
    return watchers.add(collection, listener);
  }

  async health(): Promise<StorageHealth> {
    this.#assertUsable();
    const clock = this.#clock ?? systemClock;
    const sent = clock.now();
    const text = `SELECT current_setting('transaction_read_only') AS read_only`;
    const [row] = await this.#driver.run({ text });
    return { writable: row?.read_only === 'off', latencyMs: Math.max(0, clock.now() - sent) };
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#connected = undefined;
    const connected = await this.#connecting?.catch(() => undefined);
    this.#connecting = undefined;
    await connected?.watchers?.close();
    await this.#replica?.close();
    await this.#driver.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  /** The chores of this storage, for a scheduler to run. */
  maintenance(): MaintenanceTask[] {
    return [sweepTask(this, { clock: this.#clock ?? systemClock })];
  }

  /**
   * The SQL that `open` would run for these collections, for hosts that do not let the application create tables. Run it, and
   * then `open` finds everything in place.
   *
   * @returns one script, in a transaction of its own; what is in place already is not in it
   * @throws {StorageError} STORAGE_INVALID, STORAGE_SCHEMA_NEWER, STORAGE_UNSAFE_CONFIG, STORAGE_UNAVAILABLE, STORAGE_CLOSED
   */
  async migrationSql(collections: readonly CollectionDefinition[]): Promise<string> {
    this.#assertUsable();
    const declared = declareCollections(collections);
    const { tables, facts } = await this.#connect();
    return migrationScript(this.#driver, tables, facts, declared);
  }

  /** The server's clock unless the host gave another: then its instant goes with every statement. */
  #now(): SqlValue {
    return this.#clock === undefined ? null : String(Math.floor(this.#clock.now()));
  }

  readonly #lookup = (name: string): DeclaredCollection | undefined => this.#opened.get(name)?.declared;

  readonly #collection = (name: string): OpenedCollection => {
    const opened = this.#opened.get(name);
    if (opened === undefined) throw undeclaredCollection(name);
    return opened;
  };

  async #connect(): Promise<Connected> {
    if (this.#connected !== undefined) return this.#connected;
    this.#connecting ??= this.#reach();
    try {
      const connected = await this.#connecting;
      this.#assertUsable();
      this.#connected = connected;
      return connected;
    } catch (error) {
      this.#connecting = undefined;
      throw error;
    }
  }

  async #reach(): Promise<Connected> {
    const durable = this.capabilities.durability === 'durable';
    const facts = await readServerFacts(this.#driver, { schema: this.#schema, durable });
    const tables = new Tables(facts.schema, this.namespace);
    const channel = `chancery_${fingerprint(`${facts.schema}.${this.namespace}`)}`;
    const watchers = this.capabilities.watch ? new Watchers(this.#driver, channel) : undefined;
    const planning = facts.isPostgres ? planningByKey() : undefined;
    return { facts, tables, statements: commitStatements(tables), planning, watchers };
  }

  /** Rate limits and sweeping need no collection, and may come before the first `open`. */
  async #layOut(): Promise<Connected> {
    if (!this.#laidOut) await this.open([]);
    return this.#connect();
  }

  #assertUsable(): void {
    if (this.#closed) {
      throw new StorageError('STORAGE_CLOSED', `the storage of namespace "${this.namespace}" is closed`);
    }
  }
}

function notifyOf(writes: readonly PreparedWrite[], watchers: Watchers): void {
  const changed = new Map<string, string[]>();
  for (const { kind, collection, id } of writes) {
    if (kind === 'check' || !collection.watch) continue;
    const ids = changed.get(collection.name);
    if (ids === undefined) changed.set(collection.name, [id]);
    else ids.push(id);
  }
  for (const [name, ids] of changed) watchers.notify(name, ids);
}
