import {
  assertIndexable,
  type DeclaredUnique,
  DUE_AT,
  type JsonObject,
  type MergedCollection,
  STORAGE_LIMITS,
  StorageError,
} from '@chancery/core/ports';
import type { SqlSession } from './driver.ts';
import { literal } from './identifiers.ts';
import { uniqueKeyExpression } from './migration.ts';
import type { Tables } from './tables.ts';

/**
 * Sees to it that stored documents fit what is added to their collection. The server looks for one that does not; the rules of
 * the contract say what is wrong with it.
 *
 * @throws {StorageError} STORAGE_INVALID, STORAGE_TOO_LARGE
 */
export async function assertDocumentsFit(
  session: SqlSession,
  tables: Tables,
  { merged, addedIndexes, addedUnique }: MergedCollection,
): Promise<void> {
  const { name } = merged;
  const orders = addedIndexes.map(({ orderBy }) => orderBy).filter((orderBy) => orderBy !== DUE_AT);
  const texts = [...addedIndexes.flatMap(({ equals }) => equals), ...addedUnique.flatMap(({ fields }) => fields)];
  const misfits = [...new Set(orders.map(misfitOrder)), ...new Set(texts.map(misfitText))];
  if (misfits.length > 0) {
    const text = `SELECT id, data FROM ${tables.of(name)} WHERE ${misfits.join(' OR ')} ORDER BY id LIMIT 1`;
    const [row] = await session.run({ text });
    if (row !== undefined) {
      const label = `${name}/${row.id}`;
      assertIndexable(
        { ...merged, indexes: addedIndexes, unique: addedUnique },
        JSON.parse(row.data as string) as JsonObject,
        label,
      );
      throw new StorageError('STORAGE_CORRUPT', `${label} cannot be indexed`, { facts: { collection: name } });
    }
  }
  for (const unique of addedUnique) await assertUnique(session, tables, name, unique);
}

/** CASE keeps the cast from what is no number. */
function misfitOrder(field: string): string {
  const value = `data -> ${literal(field)}`;
  const number = `(data ->> ${literal(field)})::numeric`;
  return `(data ? ${literal(field)} AND CASE jsonb_typeof(${value}) WHEN 'number'
  THEN ${number} % 1 <> 0 OR abs(${number}) > ${Number.MAX_SAFE_INTEGER} ELSE true END)`;
}

function misfitText(field: string): string {
  const value = `data -> ${literal(field)}`;
  const size = `octet_length(data ->> ${literal(field)})`;
  return `(data ? ${literal(field)} AND (jsonb_typeof(${value}) <> 'string' OR ${size} > ${STORAGE_LIMITS.indexedStringBytes}))`;
}

async function assertUnique(
  session: SqlSession,
  tables: Tables,
  collection: string,
  { name, fields }: DeclaredUnique,
): Promise<void> {
  const present = fields.map((field) => `data ? ${literal(field)}`).join(' AND ');
  const text = `SELECT min(id) AS first, max(id) AS second FROM ${tables.of(collection)} WHERE ${present}
GROUP BY ${uniqueKeyExpression(fields)} HAVING count(*) > 1 LIMIT 1`;
  const [row] = await session.run({ text });
  if (row === undefined) return;
  const holders = `${collection}/${row.first} and ${collection}/${row.second}`;
  const message = `constraint "${name}" cannot be added: ${holders} share its values`;
  throw new StorageError('STORAGE_INVALID', message, { facts: { collection, constraint: name } });
}
