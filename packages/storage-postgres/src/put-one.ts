import type { PreparedPut } from '@chancery/core/ports';
import { REPLACEMENT } from './commit-statements.ts';
import { writeInstant } from './documents.ts';
import type { SqlDriver, SqlValue } from './driver.ts';
import type { Tables } from './tables.ts';

/** What a single put runs with. */
interface PutContext {
  readonly driver: SqlDriver;
  readonly tables: Tables;
  readonly now: SqlValue;
}

/**
 * Puts one document of a collection without constraints, in one statement whose plan the server keeps.
 *
 * @param generation - of the collection, as this instance opened it
 * @returns `false`: nothing was written, for whatever reason
 */
export async function putOne(context: PutContext, put: PreparedPut, generation: number): Promise<boolean> {
  const values = [
    put.id,
    put.version,
    JSON.stringify(put.data),
    String(put.dataSize),
    put.bytes ?? null,
    numberOrNull(put.expiresAt),
    numberOrNull(put.dueAt),
    put.dueQueue,
    context.now,
    put.collection.name,
    String(generation),
    ...(typeof put.ifVersion === 'string' ? [put.ifVersion] : []),
  ];
  const { tables, driver } = context;
  const condition = typeof put.ifVersion === 'string' ? 'version' : String(put.ifVersion);
  const text = tables.statement(`put ${put.collection.name} ${condition}`, () => putOneText(tables, put));
  return (await driver.run({ text, values, writes: true, prepare: true })).length === 1;
}

function putOneText(tables: Tables, { collection, ifVersion }: PreparedPut): string {
  const table = tables.of(collection.name);
  const now = writeInstant('$9');
  const row = '$1::text, $2::text, $3::jsonb, $4::integer, $5::bytea, $6::bigint, $7::bigint, $8::text';
  const current = `(SELECT m.generation FROM ${tables.collections} AS m WHERE m.name = $10::text) = $11::integer`;
  const alive = `($6::bigint IS NULL OR $6::bigint > ${now})`;
  if (typeof ifVersion === 'string') {
    const replacement =
      'version = $2::text, data = $3::jsonb, size = $4::integer, bytes = $5::bytea, ' +
      'expires_at = $6::bigint, due_at = $7::bigint, due_queue = $8::text';
    return `UPDATE ${table} AS t SET ${replacement}
WHERE t.id = $1::text AND t.version = $12::text AND (t.expires_at IS NULL OR t.expires_at > ${now})
  AND ${current} AND ${alive} RETURNING 1`;
  }
  const overwritable = ifVersion === null ? ` WHERE t.expires_at <= ${now}` : '';
  return `INSERT INTO ${table} AS t (id, version, data, size, bytes, expires_at, due_at, due_queue)
SELECT ${row} WHERE ${current} AND ${alive}
ON CONFLICT (id) DO UPDATE SET ${REPLACEMENT}${overwritable} RETURNING 1`;
}

function numberOrNull(value: number | undefined): string | null {
  return value === undefined ? null : String(value);
}
