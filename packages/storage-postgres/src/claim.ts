import type { PreparedClaim, StoredDocument } from '@chancery/core/ports';
import { staleSchema } from './commit.ts';
import { COLUMNS, storedDocument, writeInstant } from './documents.ts';
import type { SqlSession, SqlValue } from './driver.ts';
import type { OpenedCollection, Tables } from './tables.ts';

/** Leases due documents in one statement. What others have locked at the moment is passed over, so that nobody waits. */
export async function claimDue(
  session: SqlSession,
  tables: Tables,
  request: PreparedClaim,
  { generation }: OpenedCollection,
  now: SqlValue,
): Promise<StoredDocument[]> {
  const { name } = request.collection;
  const values = [now, name, String(generation), request.queue, String(request.limit), String(request.leaseMs)];
  const text = tables.statement(`claim ${name}`, () => claimText(tables, name));
  const rows = await session.run({ text, values, writes: true, prepare: true });
  const [first] = rows;
  if (first === undefined || Number(first.generation) !== generation) throw staleSchema(name);
  return rows.filter(({ id }) => id !== null).map((row) => storedDocument(name, row));
}

/** The row of the collection is in every answer, so that an old instance is told apart from an empty queue. */
function claimText(tables: Tables, collection: string): string {
  const table = tables.of(collection);
  return `WITH instant AS MATERIALIZED (SELECT ${writeInstant('$1')} AS now),
due AS MATERIALIZED (
  SELECT t.id, t.due_at FROM ${table} AS t
  WHERE t.due_queue = $4::text AND t.due_at <= (SELECT now FROM instant)
    AND (t.expires_at IS NULL OR t.expires_at > (SELECT now FROM instant))
    AND (SELECT m.generation FROM ${tables.collections} AS m WHERE m.name = $2::text) = $3::integer
  ORDER BY t.due_at, t.id LIMIT $5::bigint FOR UPDATE SKIP LOCKED
),
leased AS (
  UPDATE ${table} AS t
  SET due_at = (SELECT now FROM instant) + $6::bigint, version = gen_random_uuid()::text
  FROM due WHERE t.id = due.id
  RETURNING ${COLUMNS}, t.bytes, due.due_at AS was_due
)
SELECT m.generation, t.* FROM ${tables.collections} AS m LEFT JOIN leased AS t ON true
WHERE m.name = $2::text ORDER BY t.was_due, t.id`;
}
