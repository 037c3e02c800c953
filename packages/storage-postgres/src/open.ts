import { type DeclaredCollection, StorageError } from '@chancery/core/ports';
import { assertDocumentsFit } from './contradictions.ts';
import { creating } from './creating.ts';
import { readInstant } from './documents.ts';
import type { SqlDriver, SqlSession, SqlValue } from './driver.ts';
import { literal } from './identifiers.ts';
import { planMigration } from './migration.ts';
import type { ServerFacts } from './server-facts.ts';
import { requiredFunctions } from './server-functions.ts';
import { readDefinitions } from './stored-definitions.ts';
import type { OpenedCollection, Tables } from './tables.ts';

/**
 * Creates or extends collections in one transaction. An instance that finds everything in place changes nothing, and needs no
 * permission to.
 *
 * @returns the collections as they are stored, in no order
 */
export async function openCollections(
  driver: SqlDriver,
  tables: Tables,
  { isPostgres }: ServerFacts,
  wanted: readonly DeclaredCollection[],
  now: SqlValue,
): Promise<OpenedCollection[]> {
  const options = { instant: instantLiteral(now), isPostgres };
  const stored = await readDefinitions(driver, tables);
  if (stored !== undefined) {
    const migrations = planMigration(tables, stored, wanted, options);
    if (migrations.every(({ after }) => after.length === 0)) return migrations.map(({ opened }) => opened);
  }
  return creating(() =>
    driver.transaction(async (session) => {
      if (stored === undefined) await runAll(session, tables.base());
      const definitions = (await readDefinitions(session, tables, { lock: true })) ?? new Map();
      const migrations = planMigration(tables, definitions, wanted, options);
      for (const { before, judged, plan, after, opened } of migrations) {
        await runAll(session, before);
        if (judged) await assertDocumentsFit(session, tables, plan);
        await runAll(session, after);
        if (after.length > 0) await assertColumns(session, tables, opened.declared.name);
      }
      return migrations.map(({ opened }) => opened);
    }),
  );
}

/** The SQL that `open` would run, for a person to run who may. */
export async function migrationScript(
  driver: SqlDriver,
  tables: Tables,
  { isPostgres }: ServerFacts,
  wanted: readonly DeclaredCollection[],
): Promise<string> {
  const stored = await readDefinitions(driver, tables);
  const options = { instant: instantLiteral(null), isPostgres };
  const migrations = planMigration(tables, stored ?? new Map(), wanted, options);
  const functions = requiredFunctions(tables, [...wanted.map(({ name }) => name)]);
  const statements = [
    'BEGIN',
    ...(stored === undefined ? tables.base() : []),
    `SELECT 1 FROM ${tables.collections} WHERE name = '' FOR UPDATE`,
    ...migrations.flatMap(({ before, after }) => [...before, ...after]),
    ...[functions.commit, functions.throttle, ...functions.steps.values()].map(({ create }) => create),
    'COMMIT',
  ];
  return statements.map((statement) => `${statement};\n`).join('\n');
}

async function runAll(session: SqlSession, statements: readonly string[]): Promise<void> {
  for (const text of statements) await session.run({ text });
}

/** CREATE IF NOT EXISTS is content with a table of another's. */
async function assertColumns(session: SqlSession, tables: Tables, collection: string): Promise<void> {
  const text = `SELECT attname AS name, format_type(atttypid, NULL) AS type FROM pg_attribute
WHERE attrelid = to_regclass(${literal(tables.of(collection))}) AND attnum > 0 AND NOT attisdropped`;
  const found = new Map((await session.run({ text })).map(({ name, type }) => [name, type]));
  for (const [column, type] of Object.entries(COLUMN_TYPES)) {
    if (found.get(column) === type) continue;
    const message = `the table ${tables.of(collection)} is not one of Chancery's: column ${column} is not ${type}`;
    throw new StorageError('STORAGE_CORRUPT', message, { facts: { collection, column } });
  }
}

const COLUMN_TYPES = {
  id: 'text',
  version: 'text',
  data: 'jsonb',
  size: 'integer',
  bytes: 'bytea',
  expires_at: 'bigint',
  due_at: 'bigint',
  due_queue: 'text',
};

function instantLiteral(now: SqlValue): string {
  return typeof now === 'string' ? `${literal(now)}::bigint` : readInstant('NULL');
}
