import { Pool } from 'pg';
import type { TestProject } from 'vitest/node';
import { PostgresServer } from '../support/postgres-server.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The PostgreSQL server of the core suite. */
    readonly postgresUrl: string;
  }
}

/** Starts one PostgreSQL server for all files of the core suite, unless TEST_POSTGRES_URL names another. */
export async function setup({ provide }: TestProject): Promise<(() => Promise<void>) | undefined> {
  const given = process.env.TEST_POSTGRES_URL;
  if (given) {
    provide('postgresUrl', given);
    return undefined;
  }
  const server = await PostgresServer.start();
  provide('postgresUrl', server.url);
  return async () => server.stop({ keep: await hasLeftovers(server.url) });
}

/** A schema that is still there was kept by a file with a failed test. */
async function hasLeftovers(connectionString: string): Promise<boolean> {
  const pool = new Pool({ connectionString, max: 1 });
  pool.on('error', () => undefined);
  try {
    const { rows } = await pool.query(`SELECT 1 FROM pg_namespace WHERE nspname LIKE 'chancery\\_test\\_%' LIMIT 1`);
    return rows.length > 0;
  } finally {
    await pool.end();
  }
}
