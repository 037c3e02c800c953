import { randomBytes } from 'node:crypto';
import { Pool, type PoolConfig } from 'pg';
import { afterAll, afterEach, beforeAll } from 'vitest';
import { PostgresServer, type PostgresServerOptions } from './postgres-server.ts';

/** A schema of its own for a test file, on a server of its own or on the one that TEST_POSTGRES_URL names. */
export interface PostgresSuite {
  /** The server that was started; `undefined` where TEST_POSTGRES_URL names another. */
  readonly server: PostgresServer;
  readonly schema: string;
  readonly pool: Pool;
  /** One more pool, ended with the suite. */
  newPool(config?: PoolConfig): Pool;
}

/**
 * Starts PostgreSQL before the tests of a file, and ends it after them. What a failed test left is kept.
 *
 * @param options.own - a server that the tests may kill: TEST_POSTGRES_URL is not used
 */
export function postgresSuite(options: PostgresServerOptions & { readonly own?: boolean } = {}): PostgresSuite {
  const schema = `chancery_test_${randomBytes(5).toString('hex')}`;
  const pools: Pool[] = [];
  let server: PostgresServer | undefined;
  let url = '';
  let failed = false;

  const newPool = (config: PoolConfig = {}): Pool => {
    const pool = new Pool({ connectionString: url, max: 12, options: `-c search_path=${schema}`, ...config });
    pool.on('error', () => undefined);
    pools.push(pool);
    return pool;
  };

  beforeAll(async () => {
    const given = process.env.TEST_POSTGRES_URL;
    if (given === undefined || given === '' || options.own) {
      server = await PostgresServer.start(options);
      url = server.url;
    } else {
      url = given;
    }
    await newPool().query(`CREATE SCHEMA ${schema}`);
  });

  afterEach(({ task }) => {
    failed ||= task.result?.state === 'fail';
  });

  afterAll(async () => {
    if (failed) console.warn(`The schema ${schema} is kept`);
    else if (server === undefined) await pools[0]?.query(`DROP SCHEMA ${schema} CASCADE`);
    for (const pool of pools) await pool.end().catch(() => undefined);
    await server?.stop({ keep: failed });
  });

  return {
    get server() {
      if (server === undefined) throw new Error('this test needs a server of its own');
      return server;
    },
    schema,
    get pool() {
      return pools[0] as Pool;
    },
    newPool,
  };
}
