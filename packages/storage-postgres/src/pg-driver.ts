import { StorageError } from '@chancery/core/ports';
import type { SqlDriver, SqlRow, SqlSession, SqlStatement, Subscription } from './driver.ts';
import { fingerprint, quoted } from './identifiers.ts';
import { PgListener } from './pg-listener.ts';
import type { PostgresClient, PostgresPool } from './pg-pool.ts';
import { isConnectionLoss, type Phase, storageError } from './sql-error.ts';

/** Every value as text: parsers of the host's, which are global to `pg`, change nothing here. */
const TEXT_ONLY = { getTypeParser: () => (text: string) => text };

/** A host that vanishes without a word holds its locks no longer than this between two statements. */
const BEGIN = 'BEGIN ISOLATION LEVEL READ COMMITTED; SET LOCAL idle_in_transaction_session_timeout = 30000';

/** A PostgreSQL server through the host's `pg` pool. The pool stays the host's: it is never ended here. */
export class PgDriver implements SqlDriver {
  readonly #pool: PostgresPool;
  readonly #prepare: boolean;
  readonly #listeners = new Set<PgListener>();
  readonly #names = new Map<string, string>();

  /** @param options.prepare - whether statements may be named, which poolers in transaction mode may not bear */
  constructor(pool: PostgresPool, options: { readonly prepare: boolean }) {
    this.#pool = pool;
    this.#prepare = options.prepare;
    hear(pool);
  }

  async run(statement: SqlStatement): Promise<SqlRow[]> {
    return this.#withClient((client) => this.#query(client, statement, statement.writes ? 'write' : 'read'));
  }

  async transaction<T>(run: (session: SqlSession) => Promise<T>): Promise<T> {
    return this.#withClient(async (client) => {
      await this.#query(client, { text: BEGIN }, 'read');
      let result: T;
      try {
        result = await run({ run: (statement) => this.#query(client, statement, 'read') });
      } catch (error) {
        // On a connection that is gone the server rolls back by itself.
        await client.query({ text: 'ROLLBACK' }).catch(ignore);
        throw error;
      }
      await this.#query(client, { text: 'COMMIT' }, 'write');
      return result;
    });
  }

  async listen(channel: string, onNotice: (payload: string) => void, onGap: () => void): Promise<Subscription> {
    if (this.#pool.options?.max === 1) {
      const message = 'a pool of one connection cannot watch: listening keeps a connection for itself';
      throw new StorageError('STORAGE_UNSAFE_CONFIG', message, { facts: { max: 1 } });
    }
    const listener = new PgListener(() => this.#connect(), quoted(channel), { onNotice, onGap });
    await listener.start();
    this.#listeners.add(listener);
    return {
      end: async () => {
        this.#listeners.delete(listener);
        await listener.end();
      },
    };
  }

  async close(): Promise<void> {
    for (const listener of this.#listeners) await listener.end();
    this.#listeners.clear();
  }

  async #connect(): Promise<PostgresClient> {
    try {
      return await this.#pool.connect();
    } catch (error) {
      throw storageError(error, 'connect');
    }
  }

  async #withClient<T>(use: (client: PostgresClient) => Promise<T>): Promise<T> {
    const client = await this.#connect();
    // A connection that breaks tells its query, and once more everybody: unheard, that would end the process.
    client.on('error', ignore);
    let broken = false;
    try {
      return await use(client);
    } catch (error) {
      broken = isConnectionLoss(error);
      throw error;
    } finally {
      client.off('error', ignore);
      client.release(broken);
    }
  }

  async #query(client: PostgresClient, statement: SqlStatement, phase: Phase): Promise<SqlRow[]> {
    const { text, values, prepare } = statement;
    const config = {
      text,
      types: TEXT_ONLY,
      ...(values !== undefined && { values: [...values] }),
      ...(prepare && this.#prepare && { name: this.#nameOf(text) }),
    };
    try {
      // Several statements in one text, as BEGIN is, give no rows of their own.
      return ((await client.query(config)).rows ?? []) as SqlRow[];
    } catch (error) {
      throw storageError(error, phase);
    }
  }

  /** One text has one name, in every instance that shares the pool. */
  #nameOf(text: string): string {
    const known = this.#names.get(text);
    if (known !== undefined) return known;
    const name = `chancery_${fingerprint(text)}`;
    this.#names.set(text, name);
    return name;
  }
}

const heard = new WeakSet<PostgresPool>();

/** A pool replaces an idle connection that breaks; unheard, its notice of that would end the process. */
function hear(pool: PostgresPool): void {
  if (!heard.has(pool)) pool.on('error', ignore);
  heard.add(pool);
}

function ignore(): void {
  // The failure reaches the caller by another way.
}
