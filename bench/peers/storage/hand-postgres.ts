import type { Pool, QueryConfig } from 'pg';
import { type ItemStore, itemOf, jobOf, LEASE_MS } from '../../workload/items.ts';

/**
 * What one would write by hand on `pg` for this very work: columns for what is indexed, the rest as jsonb, one prepared
 * statement an operation. The table has the two indexes that ours has, by columns instead of expressions.
 */
export async function handPostgres(pool: Pool): Promise<ItemStore> {
  await pool.query(`
    CREATE TABLE hand_items (
      id text COLLATE "C" PRIMARY KEY, version text NOT NULL, owner text COLLATE "C" NOT NULL, rank bigint NOT NULL,
      at bigint NOT NULL, data jsonb NOT NULL
    );
    CREATE INDEX ON hand_items (owner, rank, id);
    CREATE INDEX ON hand_items (at, id);
    CREATE TABLE hand_jobs (id text COLLATE "C" PRIMARY KEY, version text NOT NULL, data jsonb NOT NULL, due_at bigint NOT NULL);
    CREATE INDEX ON hand_jobs (due_at, id);
  `);
  let versions = 0;
  const run = async (query: QueryConfig): Promise<number> => (await pool.query(query)).rowCount ?? 0;
  return {
    put: async ({ id, owner, rank, at, text }) => {
      const values = [id, `v${++versions}`, owner, rank, at, JSON.stringify({ text })];
      await run({ name: 'hand put', text: PUT, values });
    },
    get: async (id) => (await run({ name: 'hand get', text: GET, values: [id] })) === 1,
    page: (owner, limit) => run({ name: 'hand page', text: PAGE_OF_OWNER, values: [owner, limit] }),
    claim: (limit) => run({ name: 'hand claim', text: CLAIM, values: [limit, LEASE_MS] }),
  };
}

/** Fills the tables of the hand-written side. */
export async function fillHandPostgres(pool: Pool, items: number, jobs: number): Promise<void> {
  const store = Array.from({ length: items }, (_, number) => itemOf(number));
  for (let done = 0; done < items; done += 1000) {
    await pool.query(
      `INSERT INTO hand_items SELECT x->>'id', 'v', x->>'owner', (x->>'rank')::bigint, (x->>'at')::bigint,
       jsonb_build_object('text', x->>'text') FROM jsonb_array_elements($1::jsonb) AS x`,
      [JSON.stringify(store.slice(done, done + 1000))],
    );
  }
  await pool.query(
    `INSERT INTO hand_jobs SELECT '${jobOf(0).slice(0, -1)}' || n, 'v', '{"number":1}', n FROM generate_series(0, $1::int - 1) AS n`,
    [jobs],
  );
}

const PUT = `INSERT INTO hand_items (id, version, owner, rank, at, data) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (id) DO UPDATE SET version = $2, owner = $3, rank = $4, at = $5, data = $6`;
const GET = 'SELECT id, version, owner, rank, at, data FROM hand_items WHERE id = $1';
const PAGE_OF_OWNER = `SELECT id, version, owner, rank, at, data FROM hand_items WHERE owner = $1 ORDER BY rank, id LIMIT $2`;
const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint';
const CLAIM = `UPDATE hand_jobs AS j SET due_at = ${NOW} + $2::bigint, version = gen_random_uuid()::text
FROM (SELECT id FROM hand_jobs WHERE due_at <= ${NOW} ORDER BY due_at, id LIMIT $1 FOR UPDATE SKIP LOCKED) AS due
WHERE j.id = due.id RETURNING j.id, j.version, j.data, j.due_at`;
