import { StorageError } from '@chancery/core/ports';
import type { SqlDriver, SqlRow, SqlSession, SqlStatement, Subscription } from './driver.ts';
import { quoted } from './identifiers.ts';
import { storageError } from './sql-error.ts';

/** What the adapter needs of a `PGlite`. */
export interface PgliteDatabase extends PgliteSession {
  readonly dataDir?: string;
  transaction<T>(run: (session: PgliteSession) => Promise<T>): Promise<T>;
  listen(channel: string, onNotice: (payload: string) => void): Promise<() => Promise<void>>;
  close(): Promise<void>;
}

/** As much of a transaction of PGlite as is used. */
export interface PgliteSession {
  query(
    text: string,
    values?: unknown[],
    options?: { parsers?: Record<number, (text: string) => unknown> },
  ): Promise<{ rows: unknown[] }>;
}

/** The type ids of the columns that statements of the adapter give: all as text, as from a server. */
const TEXT_ONLY = Object.fromEntries(
  // boolean, bytea, bigint, smallint, integer, text, json, real, double, varchar, numeric, jsonb
  [16, 17, 20, 21, 23, 25, 114, 700, 701, 1043, 1700, 3802].map((type) => [type, (text: string) => text]),
);

/** PostgreSQL in the process. It has one session, so that statements come one after the other. */
export class PgliteDriver implements SqlDriver {
  readonly #start: () => Promise<PgliteDatabase>;
  readonly #stop: ((database: PgliteDatabase) => Promise<void>) | undefined;
  #starting: Promise<PgliteDatabase> | undefined;

  /**
   * @param start - gives the database on first use; a failure is tried again at the next
   * @param stop - ends it; left out for one that is the host's
   */
  constructor(start: () => Promise<PgliteDatabase>, stop?: (database: PgliteDatabase) => Promise<void>) {
    this.#start = start;
    this.#stop = stop;
  }

  async run(statement: SqlStatement): Promise<SqlRow[]> {
    return runOn(await this.#database(), statement);
  }

  async transaction<T>(run: (session: SqlSession) => Promise<T>): Promise<T> {
    const database = await this.#database();
    try {
      return await database.transaction((session) => run({ run: (statement) => runOn(session, statement) }));
    } catch (error) {
      throw storageError(error, 'write');
    }
  }

  async listen(channel: string, onNotice: (payload: string) => void): Promise<Subscription> {
    const database = await this.#database();
    const end = await database.listen(quoted(channel), onNotice);
    return { end };
  }

  async close(): Promise<void> {
    const starting = this.#starting;
    this.#starting = undefined;
    const database = await starting?.catch(() => undefined);
    if (database !== undefined) await this.#stop?.(database);
  }

  async #database(): Promise<PgliteDatabase> {
    this.#starting ??= this.#start();
    try {
      return await this.#starting;
    } catch (error) {
      this.#starting = undefined;
      throw error instanceof StorageError ? error : storageError(error, 'connect');
    }
  }
}

async function runOn(session: PgliteSession, { text, values, writes }: SqlStatement): Promise<SqlRow[]> {
  try {
    return (await session.query(text, [...(values ?? [])], { parsers: TEXT_ONLY })).rows as SqlRow[];
  } catch (error) {
    throw storageError(error, writes ? 'write' : 'read');
  }
}
