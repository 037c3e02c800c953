import { type CommitResult, type PreparedWrite, StorageError } from '@chancery/core/ports';
import { type CommitRequest, commitRequest } from './commit-request.ts';
import type { CommitStatements } from './commit-statements.ts';
import { commitStepwise, type Verdict } from './commit-stepwise.ts';
import type { SqlDriver, SqlValue } from './driver.ts';
import { commitInOneStatement } from './one-statement.ts';
import { RIVAL } from './server-function.ts';
import type { ServerFunctions } from './server-functions.ts';
import { sqlStateOf } from './sql-error.ts';
import type { OpenedCollection, Tables } from './tables.ts';

/** What a commit runs with. */
export interface CommitContext {
  readonly driver: SqlDriver;
  readonly tables: Tables;
  readonly isPostgres: boolean;
  readonly statements: CommitStatements;
  /** How statements are planned that go one by one. */
  readonly planning: string | undefined;
  /** `undefined` where the server has none. */
  readonly functions: ServerFunctions | undefined;
  readonly opened: (name: string) => OpenedCollection;
  readonly now: SqlValue;
}

/**
 * How often a commit begins again after a rival: each time, some commit has landed or was undone. With 40 in a row the
 * server is in a state that the caller should hear of.
 */
const MAX_ATTEMPTS = 40;

/** Judges and applies a commit. It sends again only what surely left nothing behind. */
export async function commitWrites(context: CommitContext, writes: readonly PreparedWrite[]): Promise<CommitResult> {
  if (writes.length === 0) return { committed: true };
  if (await retried(() => commitInOneStatement(context, writes))) return { committed: true };
  const { functions, driver, opened } = context;
  const request = commitRequest(writes, opened, functions?.steps);
  const verdict = await retried(() =>
    functions !== undefined && request.parts.every(({ steps }) => steps !== undefined)
      ? callFunction(context, functions.commit, request)
      : driver.transaction((session) => commitStepwise(session, context, request)),
  );
  if (verdict.stale !== undefined) throw staleSchema(verdict.stale);
  if (verdict.version !== undefined) {
    const { at: write, actual } = verdict.version;
    return { committed: false, conflict: { write, reason: 'version', actual } };
  }
  if (verdict.unique !== undefined) {
    const { at: write, name: constraint } = verdict.unique;
    return { committed: false, conflict: { write, reason: 'unique', constraint } };
  }
  return { committed: true };
}

/** The error for an instance that does not know what a collection has become. */
export function staleSchema(collection: string): StorageError {
  const message = `collection "${collection}" has indexes that this instance does not know: open it again`;
  return new StorageError('STORAGE_SCHEMA_STALE', message, { facts: { collection } });
}

/** Deadlocks, failed serialization and met rivals are undone by the server before it tells of them. */
export async function retried<T>(attempt: () => Promise<T>): Promise<T> {
  for (let attempts = 1; ; attempts++) {
    try {
      return await attempt();
    } catch (error) {
      const sqlState = sqlStateOf(error) ?? '';
      if (attempts >= MAX_ATTEMPTS || !['40001', '40P01', RIVAL].includes(sqlState)) throw error;
    }
  }
}

async function callFunction({ driver, now }: CommitContext, name: string, request: CommitRequest): Promise<Verdict> {
  const text = `SELECT ${name}($1::jsonb, $2::bigint) AS verdict`;
  const rows = await driver.run({ text, values: [JSON.stringify(request), now], writes: true, prepare: true });
  return JSON.parse(rows[0]?.verdict as string) as Verdict;
}
