import { compareUtf8, type PreparedCheck, type PreparedPut, type PreparedWrite } from '@chancery/core/ports';
import { REPLACEMENT } from './commit-statements.ts';
import { writeInstant } from './documents.ts';
import type { SqlDriver, SqlValue } from './driver.ts';
import { sqlStateOf } from './sql-error.ts';
import type { OpenedCollection, Tables } from './tables.ts';

/** What a commit in one statement runs with. */
interface OneStatementContext {
  readonly driver: SqlDriver;
  readonly tables: Tables;
  readonly isPostgres: boolean;
  readonly opened: (name: string) => OpenedCollection;
  readonly now: SqlValue;
}

type Step = PreparedPut | PreparedCheck;

/** A change, what it hangs on and its event, and one to spare. Each shape is a statement that the server keeps. */
const MAX_STEPS = 4;

/** What the statement fails with, on purpose, if it stopped after its first put: division by zero. */
const UNDONE = '22012';

/** Of `given`: the clock's instant. */
const NOW = writeInstant('$1');

/**
 * Commits a few puts and checks in one plain statement whose plan the server keeps: most commits are that small.
 *
 * Its steps stand in the order in which every commit takes its locks, and each runs only where the one before it held.
 *
 * @returns `false`: nothing was written. Either the writes are none for this, or one of them does not fit what is there,
 *   and which one is for the long way to say.
 */
export async function commitInOneStatement(
  context: OneStatementContext,
  writes: readonly PreparedWrite[],
): Promise<boolean> {
  const steps = inLockOrder(writes);
  if (steps === undefined || (steps.length > 1 && !context.isPostgres)) return false;
  const { driver, tables, opened, now } = context;
  const values = [now, ...steps.flatMap((step) => stepValues(step, opened(step.collection.name).generation))];
  const text = tables.statement(`one ${steps.map(shapeOf).join()}`, () => statementText(tables, steps));
  try {
    return (await driver.run({ text, values, writes: true, prepare: true })).length === 1;
  } catch (error) {
    if (sqlStateOf(error) === UNDONE) return false;
    throw error;
  }
}

/** The writes in the order of their locks, or undefined where one of them asks for more than one look by its key. */
function inLockOrder(writes: readonly PreparedWrite[]): readonly Step[] | undefined {
  if (writes.length > MAX_STEPS || !writes.every(isStep) || !writes.some(({ kind }) => kind === 'put'))
    return undefined;
  return writes.length === 1 ? writes : [...writes].sort(byLock);
}

function isStep(write: PreparedWrite): write is Step {
  return write.kind === 'check' || (write.kind === 'put' && write.collection.unique.length === 0);
}

function byLock(left: Step, right: Step): number {
  if (left.collection.name !== right.collection.name) return left.collection.name < right.collection.name ? -1 : 1;
  return compareUtf8(left.id, right.id);
}

function shapeOf({ kind, collection, ifVersion }: Step): string {
  return `${kind} ${collection.name} ${typeof ifVersion === 'string' ? 'version' : String(ifVersion)}`;
}

function stepValues(step: Step, generation: number): SqlValue[] {
  const head = [step.collection.name, String(generation), step.id];
  const tail = typeof step.ifVersion === 'string' ? [step.ifVersion] : [];
  if (step.kind === 'check') return [...head, ...tail];
  const { version, data, dataSize, bytes, expiresAt, dueAt, dueQueue } = step;
  return [
    ...head,
    version,
    JSON.stringify(data),
    String(dataSize),
    bytes ?? null,
    numberOrNull(expiresAt),
    numberOrNull(dueAt),
    dueQueue,
    ...tail,
  ];
}

function statementText(tables: Tables, steps: readonly Step[]): string {
  let parameters = 1;
  const take = () => `$${++parameters}`;
  const texts = steps.map((step, at) => {
    const guard = at === 0 ? [] : [`(SELECT count(*) FROM s${at - 1}) = 1`];
    return step.kind === 'check' ? checkText(tables, step, take, guard) : putText(tables, step, take, guard);
  });
  const last = steps.length - 1;
  if (last === 0) return texts[0] as string;
  const firstPut = steps.findIndex(({ kind }) => kind === 'put');
  // Nothing written, and nothing to undo, unless the first put was made.
  return `WITH ${texts.map((text, at) => `s${at} AS (${text})`).join(', ')}
SELECT 1 / (SELECT count(*) FROM s${last}) WHERE (SELECT count(*) FROM s${firstPut}) = 1`;
}

/** Held against writers until the end, as the document was. */
function checkText(tables: Tables, { collection }: Step, take: () => string, guard: readonly string[]): string {
  const current = currentText(tables, take);
  const conditions = [`t.id = ${take()}::text`, `t.version = ${take()}::text`, liveText(), current, ...guard];
  return `SELECT 1 FROM ${tables.of(collection.name)} AS t WHERE ${conditions.join(' AND ')} FOR SHARE OF t`;
}

function putText(tables: Tables, put: PreparedPut, take: () => string, guard: readonly string[]): string {
  const table = tables.of(put.collection.name);
  const current = currentText(tables, take);
  const columns = ['id', 'version', 'data', 'size', 'bytes', 'expires_at', 'due_at', 'due_queue'] as const;
  const types = ['text', 'text', 'jsonb', 'integer', 'bytea', 'bigint', 'bigint', 'text'];
  const row = types.map((type) => `${take()}::${type}`);
  const expiry = row[columns.indexOf('expires_at')];
  const conditions = [current, `(${expiry} IS NULL OR ${expiry} > ${NOW})`, ...guard];
  if (typeof put.ifVersion === 'string') {
    const replacement = columns.flatMap((column, at) => (column === 'id' ? [] : [`${column} = ${row[at]}`]));
    return `UPDATE ${table} AS t SET ${replacement.join(', ')}
WHERE t.id = ${row[0]} AND t.version = ${take()}::text AND ${[liveText(), ...conditions].join(' AND ')} RETURNING 1`;
  }
  const overwritable = put.ifVersion === null ? ` WHERE t.expires_at <= ${NOW}` : '';
  return `INSERT INTO ${table} AS t (${columns.join(', ')})
SELECT ${row.join(', ')} WHERE ${conditions.join(' AND ')}
ON CONFLICT (id) DO UPDATE SET ${REPLACEMENT}${overwritable} RETURNING 1`;
}

function liveText(): string {
  return `(t.expires_at IS NULL OR t.expires_at > ${NOW})`;
}

/** Whether the collection is as this instance opened it. */
function currentText(tables: Tables, take: () => string): string {
  return `(SELECT m.generation FROM ${tables.collections} AS m WHERE m.name = ${take()}::text) = ${take()}::integer`;
}

function numberOrNull(value: number | undefined): string | null {
  return value === undefined ? null : String(value);
}
