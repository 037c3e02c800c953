import { PostgresStorage } from '@chancery/storage-postgres';
import { expect, it } from 'vitest';
import { JOBS, NOTES, put } from './support/notes.ts';
import { postgresSuite } from './support/postgres-suite.ts';

// Without autovacuum nothing makes a session plan anew.
const suite = postgresSuite({ own: true, settings: ['autovacuum=off'] });

const MANY = 20_000;

it.each([true, false])(
  'a session that planned its commits on empty tables keeps to keys when they have grown (functions: %s)',
  async (serverFunctions) => {
    const namespace = `grown_${serverFunctions}`;
    const pool = suite.newPool({ max: 1 });
    const storage = new PostgresStorage({ pool, namespace, serverFunctions, watch: false, durability: 'async' });
    await storage.open([NOTES, JOBS]);
    let count = 0;
    const commits = async () => {
      for (let turn = 0; turn < 30; turn++, count++) {
        await storage.commit([
          put(`a ${count}`, { title: `a ${count}`, time: count }, { ifVersion: null }),
          put(`b ${count}`, { title: `b ${count}`, time: count }),
          put(`a ${count}`, {}, { collection: 'jobs', dueAt: 0 }),
          { kind: 'delete', collection: 'notes', id: `b ${count - 1}` },
        ]);
        await storage.claim({ collection: 'jobs', limit: 3, leaseMs: 1000 });
      }
    };
    await commits();
    await pool.query(`INSERT INTO ${namespace}$notes
    SELECT 'n' || g, 'v', jsonb_build_object('title', 'n' || g), 9, NULL, NULL, NULL, '' FROM generate_series(1, ${MANY}) g`);
    await pool.query(`INSERT INTO ${namespace}$_unique
    SELECT 'notes', 'title', convert_to('n' || g, 'UTF8'), 'n' || g, NULL FROM generate_series(1, ${MANY}) g`);
    const read = async () => {
      await pool.query('SELECT pg_stat_force_next_flush()');
      const { rows } = await pool.query(`SELECT sum(seq_tup_read)::int AS whole, sum(idx_scan)::int AS keyed
      FROM pg_stat_user_tables WHERE relname IN ('${namespace}$notes', '${namespace}$_unique')`);
      return rows[0] as { whole: number; keyed: number };
    };
    const before = await read();
    await commits();
    const after = await read();
    expect(after.keyed - before.keyed).toBeGreaterThan(100);
    // Less than one table read whole.
    expect(after.whole - before.whole).toBeLessThan(MANY);
    await storage.close();
  },
);

it('and so does one that planned its small commits on empty tables', async () => {
  const pool = suite.newPool({ max: 1 });
  const storage = new PostgresStorage({ pool, namespace: 'small', watch: false, durability: 'async' });
  await storage.open([JOBS]);
  let count = 0;
  let last = put('0', {}, { collection: 'jobs' });
  await storage.commit([last]);
  const commits = async () => {
    for (let turn = 0; turn < 30; turn++) {
      const next = put(String(++count), {}, { collection: 'jobs', ifVersion: null });
      const check = { kind: 'check', collection: 'jobs', id: last.id, ifVersion: last.version } as const;
      expect(await storage.commit([next, check])).toEqual({ committed: true });
      const changed = put(last.id, {}, { collection: 'jobs', ifVersion: last.version });
      expect(await storage.commit([changed, put(`x${count}`, {}, { collection: 'jobs' })])).toEqual({
        committed: true,
      });
      last = next;
    }
  };
  await commits();
  await pool.query(`INSERT INTO small$jobs
    SELECT 'n' || g, 'v', '{}', 2, NULL, NULL, NULL, '' FROM generate_series(1, ${MANY}) g`);
  const read = async () => {
    await pool.query('SELECT pg_stat_force_next_flush()');
    const { rows } = await pool.query(
      `SELECT seq_tup_read::int AS whole FROM pg_stat_user_tables WHERE relname = 'small$jobs'`,
    );
    return rows[0].whole as number;
  };
  const before = await read();
  await commits();
  expect(await read()).toBe(before);
});
