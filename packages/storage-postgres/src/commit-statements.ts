import { writeInstant } from './documents.ts';
import type { Tables } from './tables.ts';

/**
 * The statements of a commit. The server functions hold them, and the adapter sends them one by one where there are no such
 * functions; `%1$s` stands for the table of the collection. Each gives one row.
 *
 * Every document and every claim of a unique value is locked before it is judged, in one order for all. What is absent cannot
 * be locked: an insert that meets a rival is counted as missed, and the whole commit begins again.
 */
export interface CommitStatements {
  /** $1: ids. Gives `found`. */
  readonly lockForUpdate: string;
  readonly lockForShare: string;
  /** $1: the request. Gives `stale`, the first collection whose generation is another. */
  readonly generations: string;
  /** $1: the clock's instant or null. Gives `now`. */
  readonly instant: string;
  /** $1: a part, $2: now. Gives `found`, `present` (the ids) and `fault` (`at` and `actual` of the lowest failed write). */
  readonly judge: string;
  /** $1: the request. Gives `found`. */
  readonly lockUnique: string;
  /** $1: the request, $2: now. Gives `fault`: `at` and `name`. */
  readonly judgeUnique: string;
  /** $1: the request, $2: now. Gives `freed`. */
  readonly freeUnique: string;
  /** $1: the request, $2: now. Gives `missed`. */
  readonly takeUnique: string;
  /**
   * Writes what lives, and a placeholder for every document that is to be removed and is not there: whoever would insert it
   * meanwhile has to wait, or is met. $1: a part, $2: now, $3: present. Gives `missed`.
   */
  readonly put: string;
  /** Removes documents, placeholders among them. $1: a part, $2: now. Gives `removed`. */
  readonly remove: string;
}

/**
 * Everything in a commit is found by its key. Plans are made while tables are small, when reading them whole looks as good, and
 * are kept while they grow: without these settings a commit costs the more the larger its collection is.
 */
export const BY_KEY = ['enable_seqscan = off', 'enable_hashjoin = off', 'enable_mergejoin = off'];

const IDS = 'ARRAY(SELECT jsonb_array_elements_text($1::jsonb))';
const CLAIMS = `jsonb_to_recordset($1::jsonb -> 'claims')
  AS c(collection text, name text, key text, id text, at integer, expires_at bigint)`;
const REWRITTEN = `jsonb_to_recordset($1::jsonb -> 'rewritten') AS r(collection text, id text)`;
const LIVE_CLAIM = '(c.expires_at IS NULL OR c.expires_at > $2::bigint)';

export function commitStatements(tables: Tables): CommitStatements {
  const { collections, unique } = tables;
  const lock = (mode: string) =>
    `SELECT count(*) AS found FROM (SELECT 1 FROM %1$s WHERE id = ANY (${IDS}) ORDER BY id ${mode}) AS locked`;
  // The claims that the commit touches: those of rewritten documents, and those of the values that it wants.
  const touched = `SELECT c.collection, c.name, decode(c.key, 'hex') AS key FROM ${CLAIMS}
    UNION SELECT u.collection, u.name, u.key FROM ${REWRITTEN}
      JOIN ${unique} AS u ON u.collection = r.collection AND u.id = r.id`;
  return {
    lockForUpdate: lock('FOR UPDATE'),
    lockForShare: lock('FOR SHARE'),
    generations: `SELECT min(p ->> 'name') AS stale FROM jsonb_array_elements($1::jsonb -> 'parts') AS p
  LEFT JOIN ${collections} AS m ON m.name = p ->> 'name'
  WHERE m.generation IS DISTINCT FROM (p ->> 'generation')::integer`,
    instant: `SELECT ${writeInstant('$1')} AS now`,
    judge: `WITH seen AS (
    SELECT w.*, t.id AS there, CASE WHEN t.expires_at <= $2::bigint THEN NULL ELSE t.version END AS actual
    FROM jsonb_to_recordset($1::jsonb -> 'writes') AS w(at integer, id text, condition text, expected text)
    LEFT JOIN LATERAL (SELECT d.id, d.version, d.expires_at FROM %1$s AS d WHERE d.id = w.id LIMIT 1) AS t ON true
  )
  SELECT count(there) AS found, coalesce(jsonb_agg(there) FILTER (WHERE there IS NOT NULL), '[]') AS present, (
    SELECT jsonb_build_object('at', at, 'actual', actual) FROM seen
    WHERE (condition = 'absent' AND actual IS NOT NULL) OR (condition = 'version' AND actual IS DISTINCT FROM expected)
    ORDER BY at LIMIT 1
  ) AS fault FROM seen`,
    lockUnique: `SELECT count(*) AS found FROM (
    SELECT 1 FROM ${unique} WHERE (collection, name, key) IN (${touched})
    ORDER BY collection, name, key FOR UPDATE
  ) AS locked`,
    judgeUnique: `SELECT (
    SELECT jsonb_build_object('at', c.at, 'name', c.name) FROM ${CLAIMS}
    WHERE ${LIVE_CLAIM} AND (
      EXISTS (
        SELECT 1 FROM ${CLAIMS.replace('AS c(', 'AS o(')}
        WHERE o.collection = c.collection AND o.name = c.name AND o.key = c.key AND o.id <> c.id
          AND (o.expires_at IS NULL OR o.expires_at > $2::bigint)
      ) OR EXISTS (
        SELECT 1 FROM ${unique} AS u
        WHERE u.collection = c.collection AND u.name = c.name AND u.key = decode(c.key, 'hex') AND u.id <> c.id
          AND (u.expires_at IS NULL OR u.expires_at > $2::bigint)
          AND NOT EXISTS (SELECT 1 FROM ${REWRITTEN} WHERE r.collection = u.collection AND r.id = u.id)
      )
    )
    ORDER BY c.at, c.name COLLATE "C" LIMIT 1
  ) AS fault`,
    freeUnique: `WITH freed AS (
    DELETE FROM ${unique} AS u
    WHERE (u.collection, u.name, u.key) IN (${touched})
      AND (
        u.expires_at <= $2::bigint
        OR EXISTS (SELECT 1 FROM ${REWRITTEN} WHERE r.collection = u.collection AND r.id = u.id)
      )
      AND NOT EXISTS (
        SELECT 1 FROM ${CLAIMS}
        WHERE c.collection = u.collection AND c.name = u.name AND decode(c.key, 'hex') = u.key AND c.id = u.id
          AND c.expires_at IS NOT DISTINCT FROM u.expires_at AND ${LIVE_CLAIM}
      )
    RETURNING 1
  ) SELECT count(*) AS freed FROM freed`,
    takeUnique: `WITH wanted AS (
    SELECT c.collection, c.name, decode(c.key, 'hex') AS key, c.id, c.expires_at FROM ${CLAIMS} WHERE ${LIVE_CLAIM}
  ), missing AS (
    SELECT * FROM wanted AS w WHERE NOT EXISTS (
      SELECT 1 FROM ${unique} AS u
      WHERE u.collection = w.collection AND u.name = w.name AND u.key = w.key AND u.id = w.id
    )
  ), taken AS (
    INSERT INTO ${unique} (collection, name, key, id, expires_at)
    SELECT * FROM missing ORDER BY collection COLLATE "C", name COLLATE "C", key
    ON CONFLICT (collection, name, key) DO NOTHING RETURNING 1
  ) SELECT (SELECT count(*) FROM missing) - (SELECT count(*) FROM taken) AS missed`,
    put: `WITH sent AS (
    SELECT *, kind = 'put' AND (expires_at IS NULL OR expires_at > $2::bigint) AS lives
    FROM jsonb_to_recordset($1::jsonb -> 'writes') AS w(kind text, id text, version text, data jsonb,
      size integer, bytes text, expires_at bigint, due_at bigint, due_queue text)
    WHERE kind <> 'check'
  ), wanted AS (
    SELECT id, version, data, size, decode(bytes, 'base64') AS bytes, expires_at, due_at, due_queue FROM sent WHERE lives
    UNION ALL SELECT id, '', '{}', 0, NULL, 0, NULL, '' FROM sent WHERE NOT lives AND NOT jsonb_exists($3::jsonb, id)
  ), written AS (
    INSERT INTO %1$s AS t (id, version, data, size, bytes, expires_at, due_at, due_queue)
    SELECT * FROM wanted ORDER BY id COLLATE "C"
    ON CONFLICT (id) DO UPDATE SET ${REPLACEMENT}
    WHERE jsonb_exists($3::jsonb, t.id)
    RETURNING 1
  ) SELECT (SELECT count(*) FROM wanted) - (SELECT count(*) FROM written) AS missed`,
    remove: `WITH removed AS (
    DELETE FROM %1$s WHERE id = ANY (ARRAY(
      SELECT w.id FROM jsonb_to_recordset($1::jsonb -> 'writes') AS w(kind text, id text, expires_at bigint)
      WHERE w.kind = 'delete' OR (w.kind = 'put' AND w.expires_at <= $2::bigint)
    )) RETURNING 1
  ) SELECT count(*) AS removed FROM removed`,
  };
}

/** What a put does to a document that is there: nothing of it is left. */
export const REPLACEMENT = ['version', 'data', 'size', 'bytes', 'expires_at', 'due_at', 'due_queue']
  .map((column) => `${column} = excluded.${column}`)
  .join(', ');

/** The statement that sets BY_KEY until the transaction ends. */
export function planningByKey(): string {
  const settings = BY_KEY.map((setting) => setting.split(' = '));
  return `SELECT ${settings.map(([name, value]) => `set_config('${name}', '${value}', true)`).join(', ')}`;
}
