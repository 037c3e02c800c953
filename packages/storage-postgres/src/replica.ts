import type { SqlDriver, SqlSession } from './driver.ts';

/** How far a server is behind, in milliseconds; `behind` is null on one that replays and has replayed nothing yet. */
const LAG = `SELECT CASE WHEN NOT pg_is_in_recovery() THEN 0
  ELSE ceil(extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000) END AS behind`;

/**
 * Reads from a replica where the caller allows staleness and the replica is known to be within it, and from the primary
 * otherwise. A quiet primary makes its replicas look old: then they are not asked, which is safe.
 *
 * @param maxStaleMs - 0 for a read that must be current
 */
export async function readThrough<T>(
  primary: SqlDriver,
  replica: SqlDriver | undefined,
  maxStaleMs: number,
  read: (session: SqlSession) => Promise<T>,
): Promise<T> {
  if (replica === undefined || maxStaleMs === 0) return read(primary);
  try {
    const [row] = await replica.run({ text: LAG, prepare: true });
    const behind = row?.behind == null ? Number.POSITIVE_INFINITY : Number(row.behind);
    if (behind <= maxStaleMs) return await read(replica);
  } catch {
    // The primary answers for a replica that cannot.
  }
  return read(primary);
}
