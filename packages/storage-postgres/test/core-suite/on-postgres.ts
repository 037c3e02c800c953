import { randomBytes } from 'node:crypto';
import { PostgresStorage } from '@chancery/storage-postgres';
import { Pool } from 'pg';
import { inject } from 'vitest';
import { useTestDatabase } from '../../../core/test/support/test-namespaces.ts';

// A setup file: a schema for each file of tests, before the file is read, for some make their storage as they are.
const schema = `chancery_test_${randomBytes(5).toString('hex')}`;
const pool = new Pool({ connectionString: inject('postgresUrl'), max: 20, options: `-c search_path=${schema}` });
pool.on('error', () => undefined);
await pool.query(`CREATE SCHEMA ${schema}`);

useTestDatabase({
  // The server of the tests does not sync.
  open: (namespace, clock) => new PostgresStorage({ pool, namespace, clock, durability: 'async' }),
  end: async (_namespaces, { keep }) => {
    if (keep) console.warn(`The schema ${schema} is kept`);
    else await dropSchema();
    await pool.end();
  },
});

/** A server has locks for some thousand tables in one transaction, and a file of tests may have made more. */
async function dropSchema(): Promise<void> {
  const { rows } = await pool.query<{ name: string }>(
    `SELECT format('%I.%I', schemaname, tablename) AS name FROM pg_tables WHERE schemaname = $1`,
    [schema],
  );
  for (let done = 0; done < rows.length; done += 200) {
    const names = rows.slice(done, done + 200).map(({ name }) => name);
    await pool.query(`DROP TABLE ${names.join(', ')} CASCADE`);
  }
  await pool.query(`DROP SCHEMA ${schema} CASCADE`);
}
