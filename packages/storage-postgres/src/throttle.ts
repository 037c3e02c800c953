import {
  compareUtf8,
  decideThrottle,
  type PreparedThrottle,
  type ThrottleDecision,
  type ThrottleMeter,
} from '@chancery/core/ports';
import { retried } from './commit.ts';
import { writeInstant } from './documents.ts';
import type { SqlDriver, SqlRow, SqlSession, SqlValue } from './driver.ts';
import type { Tables } from './tables.ts';

interface ThrottleContext {
  readonly driver: SqlDriver;
  readonly tables: Tables;
  /** The server function that locks and reads; `undefined` where there is none. */
  readonly serverFunction: string | undefined;
  readonly now: SqlValue;
}

/** Decides and charges a list of rate limits. Meters are locked in one order for all, and judged at one instant. */
export async function throttleRequests(
  context: ThrottleContext,
  requests: readonly PreparedThrottle[],
): Promise<ThrottleDecision> {
  if (requests.length === 0) return { allowed: true, retryAfterMs: 0, remaining: [] };
  const { driver, tables, serverFunction: name, now } = context;
  if (name === undefined)
    return retried(() => driver.transaction((session) => decideInSteps(session, tables, requests, now)));
  const sent = requests.map(({ meterKey: key, limit, periodMs: period, cost }) => ({ key, limit, period, cost }));
  const text = `SELECT ${name}($1::jsonb, $2::bigint) AS decision`;
  const values = [JSON.stringify(sent), now];
  const [row] = await retried(() => driver.run({ text, values, writes: true, prepare: true }));
  return JSON.parse(row?.decision as string) as ThrottleDecision;
}

/** The same in statements of their own: lock, read, decide here, write. */
async function decideInSteps(
  session: SqlSession,
  { throttle }: Tables,
  requests: readonly PreparedThrottle[],
  given: SqlValue,
): Promise<ThrottleDecision> {
  const keys = requests.map(({ meterKey }) => meterKey).sort(compareUtf8);
  // Locks the meters that are there and those that were not, in the order of keys.
  const lock = `INSERT INTO ${throttle} AS m (key, level, at, empty_at)
SELECT key, 0, 0, 0 FROM jsonb_array_elements_text($1::jsonb) AS key ORDER BY key COLLATE "C"
ON CONFLICT (key) DO UPDATE SET key = m.key RETURNING m.key, m.level, m.at, ${writeInstant('$2')} AS now`;
  const rows = await session.run({ text: lock, values: [JSON.stringify(keys), given], prepare: true });
  const stored = new Map(rows.map((row) => [row.key, meterOf(row)]));
  const now = Math.max(...rows.map((row) => Number(row.now)));
  const { decision, meters } = decideThrottle(
    requests,
    requests.map(({ meterKey }) => stored.get(meterKey)),
    now,
  );
  if (!decision.allowed) return decision;
  const changes = requests.map(({ meterKey: key, limit }, at) => {
    const { level, at: instant } = meters[at] ?? { level: 0, at: now };
    return { key, level, at: instant, empty_at: instant + Math.ceil(level / limit) };
  });
  const text = `UPDATE ${throttle} AS m SET level = c.level, at = c.at, empty_at = c.empty_at
FROM jsonb_to_recordset($1::jsonb) AS c(key text, level bigint, at bigint, empty_at bigint) WHERE m.key = c.key`;
  await session.run({ text, values: [JSON.stringify(changes)], prepare: true });
  return decision;
}

function meterOf(row: SqlRow): ThrottleMeter | undefined {
  return row.level === '0' ? undefined : { level: Number(row.level), at: Number(row.at) };
}
