import { readInstant } from './documents.ts';
import type { SqlSession, SqlValue } from './driver.ts';
import { literal } from './identifiers.ts';
import type { Tables } from './tables.ts';

/** Removes expired documents of every stored collection, the values that they held, and a few empty meters. */
export async function sweepExpired(
  session: SqlSession,
  tables: Tables,
  limit: number,
  now: SqlValue,
): Promise<{ removed: number; more: boolean }> {
  const names = await storedCollections(session, tables);
  let removed = 0;
  for (const name of names) {
    if (removed >= limit) break;
    const values = [now, String(limit - removed)];
    const [row] = await session.run({ text: sweepText(tables, name), values, writes: true, prepare: true });
    removed += Number(row?.removed);
  }
  const text = `DELETE FROM ${tables.throttle} WHERE key IN (
  SELECT key FROM ${tables.throttle} WHERE empty_at <= ${readInstant('$1')} LIMIT $2::bigint FOR UPDATE SKIP LOCKED
)`;
  await session.run({ text, values: [now, String(limit)], writes: true, prepare: true });
  return { removed, more: await anyExpired(session, tables, names, now) };
}

async function storedCollections(session: SqlSession, tables: Tables): Promise<string[]> {
  const rows = await session.run({ text: `SELECT name FROM ${tables.collections} WHERE name <> '' ORDER BY name` });
  return rows.map(({ name }) => name as string);
}

/** A claim that another document has taken since stays with it. */
function sweepText(tables: Tables, collection: string): string {
  const table = tables.of(collection);
  return `WITH expired AS MATERIALIZED (
  SELECT t.id FROM ${table} AS t WHERE t.expires_at <= ${readInstant('$1')}
  ORDER BY t.expires_at LIMIT $2::bigint FOR UPDATE SKIP LOCKED
), removed AS (
  DELETE FROM ${table} AS t USING expired WHERE t.id = expired.id RETURNING t.id
), freed AS (
  DELETE FROM ${tables.unique} AS u USING removed WHERE u.collection = ${literal(collection)} AND u.id = removed.id
) SELECT count(*) AS removed FROM removed`;
}

async function anyExpired(
  session: SqlSession,
  tables: Tables,
  names: readonly string[],
  now: SqlValue,
): Promise<boolean> {
  if (names.length === 0) return false;
  const tests = names.map(
    (name) => `EXISTS (SELECT 1 FROM ${tables.of(name)} AS t WHERE t.expires_at <= ${readInstant('$1')})`,
  );
  const [row] = await session.run({ text: `SELECT ${tests.join(' OR ')} AS more`, values: [now] });
  return row?.more === 't' || row?.more === 'true';
}
