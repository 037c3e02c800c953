import {
  type DeclaredCollection,
  type DeclaredUnique,
  type MergedCollection,
  mergeCollection,
} from '@chancery/core/ports';
import { literal, tableName } from './identifiers.ts';
import type { StoredDefinitions } from './stored-definitions.ts';
import type { OpenedCollection, Tables } from './tables.ts';

/** What has to be done to one collection. */
export interface CollectionMigration {
  readonly plan: MergedCollection;
  /** What it will be. */
  readonly opened: OpenedCollection;
  /** Keeps writers out and clears away what is expired. Empty for a collection that is created. */
  readonly before: readonly string[];
  /** Whether there may be documents that contradict what is added. */
  readonly judged: boolean;
  /** Creates, fills, and writes the definition down. Empty if nothing is to be done. */
  readonly after: readonly string[];
}

/**
 * Plans what `open` has to do, in the order in which collections are locked.
 *
 * @param instant - SQL for the instant at which documents are expired
 * @throws {StorageError} STORAGE_INVALID: a stored index or constraint is redefined
 */
export function planMigration(
  tables: Tables,
  stored: StoredDefinitions,
  wanted: readonly DeclaredCollection[],
  options: { readonly instant: string; readonly isPostgres: boolean },
): CollectionMigration[] {
  return [...wanted]
    .sort((left, right) => (left.name < right.name ? -1 : 1))
    .map((declared) => planCollection(tables, stored.get(declared.name), declared, options));
}

function planCollection(
  tables: Tables,
  stored: OpenedCollection | undefined,
  wanted: DeclaredCollection,
  { instant, isPostgres }: { readonly instant: string; readonly isPostgres: boolean },
): CollectionMigration {
  const plan = mergeCollection(stored?.declared, wanted);
  const { merged, addedIndexes, addedUnique } = plan;
  const { name } = merged;
  const grows = addedIndexes.length + addedUnique.length > 0;
  const generation = stored === undefined ? 1 : stored.generation + (grows ? 1 : 0);
  const table = tableName(tables.namespace, name);
  const opened = { declared: merged, generation, table };
  if (stored !== undefined && !grows && stored.declared.watch === merged.watch) {
    return { plan, opened: stored, before: [], judged: false, after: [] };
  }
  const definition = literal(JSON.stringify({ ...merged, table }));
  const before = stored !== undefined && grows ? clearing(tables, name, instant, isPostgres) : [];
  const after = [
    ...(stored === undefined ? tables.collection(name) : []),
    ...addedIndexes.map((index) => tables.index(name, index)),
    ...addedUnique.map((unique) => filling(tables, name, unique)),
    `INSERT INTO ${tables.collections} (name, generation, definition)
VALUES (${literal(name)}, ${generation}, ${definition}::jsonb)
ON CONFLICT (name) DO UPDATE SET generation = excluded.generation, definition = excluded.definition`,
  ];
  return { plan, opened, before, judged: stored !== undefined && grows, after };
}

/**
 * Writers wait from here on, and see the generation that follows; readers go on. Documents that are expired may contradict
 * what is added.
 */
function clearing(tables: Tables, name: string, instant: string, isPostgres: boolean): string[] {
  const table = tables.of(name);
  return [
    ...(isPostgres ? [`LOCK TABLE ${table} IN EXCLUSIVE MODE`] : []),
    `WITH expired AS (DELETE FROM ${table} WHERE expires_at <= ${instant} RETURNING id)
DELETE FROM ${tables.unique} AS u USING expired WHERE u.collection = ${literal(name)} AND u.id = expired.id`,
  ];
}

function filling(tables: Tables, collection: string, { name, fields }: DeclaredUnique): string {
  const present = fields.map((field) => `data ? ${literal(field)}`).join(' AND ');
  return `INSERT INTO ${tables.unique} (collection, name, key, id, expires_at)
SELECT ${literal(collection)}, ${literal(name)}, ${uniqueKeyExpression(fields)}, id, expires_at
FROM ${tables.of(collection)} WHERE ${present}`;
}

/** What `joinKey` gives, in UTF-8. */
export function uniqueKeyExpression(fields: readonly string[]): string {
  return fields.map((field) => `convert_to(data ->> ${literal(field)}, 'UTF8')`).join(` || '\\x00'::bytea || `);
}
