import {
  type DeclaredCollection,
  encodeCursor,
  type Page,
  type PreparedCount,
  type PreparedQuery,
  type PreparedRange,
  STORAGE_LIMITS,
  type StoredDocument,
} from '@chancery/core/ports';
import { COLUMNS, readInstant, storedDocument } from './documents.ts';
import type { SqlRow, SqlSession, SqlStatement, SqlValue } from './driver.ts';
import { literal } from './identifiers.ts';
import { orderExpression, type Tables, textExpression } from './tables.ts';

type Ref = { readonly collection: DeclaredCollection; readonly id: string };

/** Reads documents of any collections in one statement, which is one snapshot. */
export async function getDocuments(
  session: SqlSession,
  tables: Tables,
  refs: readonly Ref[],
  now: SqlValue,
): Promise<(StoredDocument | undefined)[]> {
  const [first] = refs;
  if (first === undefined) return [];
  if (refs.length === 1) return [await getOne(session, tables, first, now)];
  const rows = await session.run(getStatement(tables, refs, now));
  const found = new Map(rows.map((row) => [`${row.collection}\0${row.id}`, row]));
  // Each mention is a document of its own, since the bytes of one may be changed by who gets them.
  return refs.map(({ collection, id }) => {
    const row = found.get(`${collection.name}\0${id}`);
    return row && storedDocument(collection.name, row);
  });
}

/** The most frequent read of all. */
async function getOne(session: SqlSession, tables: Tables, { collection, id }: Ref, now: SqlValue) {
  const text = tables.statement(
    `get ${collection.name}`,
    () => `SELECT ${COLUMNS}, t.bytes FROM ${tables.of(collection.name)} AS t
WHERE t.id = $2::text AND (t.expires_at IS NULL OR t.expires_at > ${readInstant('$1')})`,
  );
  const [row] = await session.run({ text, values: [now, id], prepare: true });
  return row && storedDocument(collection.name, row);
}

function getStatement(tables: Tables, refs: readonly Ref[], now: SqlValue): SqlStatement {
  const ids = new Map<string, Set<string>>();
  for (const { collection, id } of refs) {
    const known = ids.get(collection.name);
    if (known === undefined) ids.set(collection.name, new Set([id]));
    else known.add(id);
  }
  const values: SqlValue[] = [now];
  const parts = [...ids].map(([name, wanted]) => {
    const one = wanted.size === 1;
    values.push(one ? ([...wanted][0] as string) : JSON.stringify([...wanted]));
    const parameter = `$${values.length}::text`;
    const match = one ? `= ${parameter}` : `= ANY (ARRAY(SELECT jsonb_array_elements_text(${parameter}::jsonb)))`;
    return `SELECT ${literal(name)} AS collection, ${COLUMNS}, t.bytes FROM ${tables.of(name)} AS t
WHERE t.id ${match} AND (t.expires_at IS NULL OR t.expires_at > ${readInstant('$1')})`;
  });
  return { text: parts.join('\nUNION ALL\n'), values, prepare: true };
}

/** Reads one page of an index in one statement. */
export async function readPage(
  session: SqlSession,
  tables: Tables,
  query: PreparedQuery,
  now: SqlValue,
): Promise<Page> {
  const rows = await session.run(pageStatement(tables, query, now));
  const kept = rows.slice(0, query.limit);
  const documents = kept.map((row) => storedDocument(query.collection.name, row));
  const last = kept.at(-1);
  if (last === undefined || Number(last.found) === kept.length) return { documents };
  const { pinned, direction } = query;
  const scope = { collection: query.collection.name, index: query.index.name, pinned, direction };
  return { documents, cursor: encodeCursor(scope, { order: Number(last.place), id: last.id as string }) };
}

/**
 * One document more than the page may hold tells whether there is another page. What lies past the size of a page stays on the
 * server.
 */
function pageStatement(tables: Tables, query: PreparedQuery, now: SqlValue): SqlStatement {
  const { direction, limit, after, withBytes } = query;
  const { values, conditions, order } = stretch(query, now);
  const way = direction === 'ascending' ? 'ASC' : 'DESC';
  if (after !== undefined) {
    values.push(String(after.order), after.id);
    const place = `($${values.length - 1}::bigint, $${values.length}::text)`;
    conditions.push(`(${order}, t.id) ${direction === 'ascending' ? '>' : '<'} ${place}`);
  }
  values.push(String(limit + 1));
  const size = withBytes ? 't.size + coalesce(octet_length(t.bytes), 0)' : 't.size';
  const text = `SELECT * FROM (
  SELECT ${COLUMNS}, ${withBytes ? 't.bytes, ' : ''}t.place, count(*) OVER () AS found,
    sum(t.weight) OVER (ORDER BY t.place ${way}, t.id ${way} ROWS UNBOUNDED PRECEDING) AS total,
    row_number() OVER (ORDER BY t.place ${way}, t.id ${way}) AS number
  FROM (
    SELECT ${COLUMNS}, ${withBytes ? 't.bytes, ' : ''}${order} AS place, ${size} AS weight
    FROM ${tables.of(query.collection.name)} AS t WHERE ${conditions.join(' AND ')}
    ORDER BY ${order} ${way}, t.id ${way} LIMIT $${values.length}::bigint
  ) AS t
) AS page WHERE number = 1 OR total <= ${STORAGE_LIMITS.pageBytes} ORDER BY number`;
  return { text, values, prepare: true };
}

/** Counts a stretch of an index, no further than it is asked to. */
export async function countRange(
  session: SqlSession,
  tables: Tables,
  range: PreparedCount,
  now: SqlValue,
): Promise<number> {
  const { values, conditions } = stretch(range, now);
  values.push(String(range.upTo));
  const text = `SELECT count(*) AS count FROM (
  SELECT 1 FROM ${tables.of(range.collection.name)} AS t WHERE ${conditions.join(' AND ')} LIMIT $${values.length}::bigint
) AS found`;
  const [row] = (await session.run({ text, values, prepare: true })) as [SqlRow];
  return Number(row.count);
}

interface Stretch {
  readonly values: SqlValue[];
  readonly conditions: string[];
  readonly order: string;
}

/** What selects a stretch of an index. Without a lower bound the condition still keeps to what the index holds. */
function stretch({ index, pinned, from, to }: PreparedRange, now: SqlValue): Stretch {
  const order = orderExpression(index, 't.');
  const values: SqlValue[] = [now, String(from ?? Number.MIN_SAFE_INTEGER), ...pinned];
  const conditions = [
    `(t.expires_at IS NULL OR t.expires_at > ${readInstant('$1')})`,
    `${order} >= $2::bigint`,
    ...index.equals.map((field, at) => `${textExpression(field)} = $${at + 3}::text`),
  ];
  if (to !== undefined) {
    values.push(String(to));
    conditions.push(`${order} < $${values.length}::bigint`);
  }
  return { values, conditions, order };
}
