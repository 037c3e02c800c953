import { type DeclaredCollection, StorageError } from '@chancery/core/ports';
import type { SqlSession } from './driver.ts';
import { sqlStateOf } from './sql-error.ts';
import { LAYOUT, type OpenedCollection, type Tables } from './tables.ts';

/** What a namespace holds: its collections by name. */
export type StoredDefinitions = ReadonlyMap<string, OpenedCollection>;

/**
 * Reads the definitions of a namespace; `undefined` where nothing was laid out yet.
 *
 * @param lock - whether to keep other instances from changing them until the transaction ends
 * @throws {StorageError} STORAGE_SCHEMA_NEWER, STORAGE_CORRUPT
 */
export async function readDefinitions(
  session: SqlSession,
  tables: Tables,
  options: { readonly lock?: boolean } = {},
): Promise<StoredDefinitions | undefined> {
  if (options.lock) await session.run({ text: `SELECT 1 FROM ${tables.collections} WHERE name = '' FOR UPDATE` });
  const rows = await readRows(session, tables);
  if (rows === undefined) return undefined;
  const stored = new Map<string, OpenedCollection>();
  for (const { name, generation, definition } of rows) {
    const parsed = JSON.parse(definition as string) as { layout?: number; table: string };
    if (name === '') {
      assertLayout(parsed.layout, tables);
      continue;
    }
    const { table, ...declared } = parsed as { table: string } & DeclaredCollection;
    stored.set(name as string, { declared, generation: Number(generation), table });
  }
  return stored;
}

async function readRows(session: SqlSession, { collections }: Tables) {
  const text = `SELECT name, generation, definition FROM ${collections} ORDER BY name`;
  try {
    return await session.run({ text });
  } catch (error) {
    if (sqlStateOf(error) === '42P01') return undefined;
    throw error;
  }
}

function assertLayout(layout: number | undefined, tables: Tables): void {
  if (layout === undefined || !Number.isSafeInteger(layout)) {
    const message = `the table ${tables.collections} names no layout`;
    throw new StorageError('STORAGE_CORRUPT', message, { facts: { namespace: tables.namespace } });
  }
  if (layout <= LAYOUT) return;
  const message = `namespace "${tables.namespace}" has layout ${layout}, and this version knows ${LAYOUT}`;
  throw new StorageError('STORAGE_SCHEMA_NEWER', message, { facts: { stored: layout, known: LAYOUT } });
}
