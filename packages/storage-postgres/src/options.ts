import { assertStorageOptions, type Clock, StorageError } from '@chancery/core/ports';
import type { SqlDriver } from './driver.ts';
import { PgDriver } from './pg-driver.ts';
import type { PostgresPool } from './pg-pool.ts';
import { type PgliteDatabase, PgliteDriver } from './pglite-driver.ts';
import { folderDriver } from './pglite-folder.ts';

/** Exactly one of `pool`, `folder` and `pglite` says where the database is. */
export interface PostgresStorageOptions {
  /** A `Pool` of `pg`. It stays the host's: `close` does not end it. */
  readonly pool?: PostgresPool;
  /** A folder for PGlite, PostgreSQL in this process. It is locked against every other use until `close`. */
  readonly folder?: string;
  /** A `PGlite` of the host's. `close` does not end it. */
  readonly pglite?: PgliteDatabase;
  /** `[a-z][a-z0-9_]{0,39}`. Default `chancery`. */
  readonly namespace?: string;
  /** The schema of the tables, which must exist. Default: the first of the connection's `search_path`. */
  readonly schema?: string;
  /** Replaces the server's clock, for tests. */
  readonly clock?: Clock;
  /** A pool of a read replica, asked only by reads that allow staleness and only while it is known to be within it. */
  readonly replica?: PostgresPool;
  /**
   * What is promised of acknowledged commits. Default: `durable` for a pool, `async` for a folder, `volatile` for a PGlite in
   * memory. `durable` is refused on a server with `fsync` or `synchronous_commit` off.
   */
  readonly durability?: 'volatile' | 'async' | 'durable';
  /** Whether changes are told by LISTEN and NOTIFY, over one connection that is kept. Default true. */
  readonly watch?: boolean;
  /** Whether functions may be created on the server, for commits in one round trip. Default true: where permitted. */
  readonly serverFunctions?: boolean;
  /** Whether statements may be prepared by name. Default true; false for poolers that cannot. */
  readonly prepare?: boolean;
}

/** What the options come to. */
interface ChosenDriver {
  readonly driver: SqlDriver;
  readonly durability: 'volatile' | 'async' | 'durable';
  readonly watch: boolean;
}

const OPTIONS = {
  pool: true,
  folder: true,
  pglite: true,
  namespace: true,
  schema: true,
  clock: true,
  replica: true,
  durability: true,
  watch: true,
  serverFunctions: true,
  prepare: true,
} as const;

/** @throws {StorageError} STORAGE_INVALID: an option is unknown, or not of its kind */
export function checkOptions(options: PostgresStorageOptions): void {
  assertStorageOptions(options, OPTIONS, 'PostgresStorage options');
  const { durability = 'durable' } = options;
  if (!['volatile', 'async', 'durable'].includes(durability)) {
    throw invalid('durability must be volatile, async or durable');
  }
  for (const name of ['watch', 'serverFunctions', 'prepare'] as const) {
    const value: unknown = options[name];
    if (value !== undefined && typeof value !== 'boolean') throw invalid(`${name} must be true or false`);
  }
}

/** @throws {StorageError} STORAGE_INVALID: not exactly one database is named, or an option does not fit it */
export function chooseDriver(options: PostgresStorageOptions): ChosenDriver {
  const { pool, folder, pglite, replica, schema, watch = true, prepare = true } = options;
  const named = [pool, folder, pglite].filter((option) => option !== undefined).length;
  if (named !== 1) throw invalid(`exactly one of pool, folder and pglite must be given, not ${named}`);
  if (schema !== undefined && !/^[^\0"]{1,63}$/.test(schema))
    throw invalid('schema must be 1 to 63 characters without quotes');
  if (replica !== undefined && pool === undefined) throw invalid('a replica goes with a pool only');
  if (pool !== undefined) {
    if (typeof pool.connect !== 'function') throw invalid('pool must be a Pool of pg');
    return { driver: new PgDriver(pool, { prepare }), durability: options.durability ?? 'durable', watch };
  }
  if (folder !== undefined) {
    if (typeof folder !== 'string' || folder === '') throw invalid('folder must be a path');
    return { driver: folderDriver(folder), durability: options.durability ?? 'async', watch };
  }
  const database = pglite as PgliteDatabase;
  const lasting = database.dataDir !== undefined && database.dataDir !== '' && !database.dataDir.startsWith('memory:');
  const durability = options.durability ?? (lasting ? 'async' : 'volatile');
  return { driver: new PgliteDriver(async () => database), durability, watch };
}

function invalid(message: string): StorageError {
  return new StorageError('STORAGE_INVALID', message);
}
