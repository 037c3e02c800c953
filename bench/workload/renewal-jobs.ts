import type { StorageBackend, Write } from '@chancery/core/ports';

const HOUR = 3_600_000;
const YEAR = 365 * 86_400_000;
const A_COMMIT = 200;

/** What is planted. */
export interface JobField {
  /** How many jobs there are. */
  readonly size: number;
  /** How many of them are due at each tick. */
  readonly due: number;
  readonly ticks: number;
  /** When the first are due, epoch milliseconds; the others follow hour by hour. */
  readonly from: number;
}

/** When a tick's jobs are due. */
export const tickAt = (from: number, tick: number): number => from + tick * HOUR;

/** Writes jobs as a certificate manager does, of certificates whose renewal is off, straight to its collection. */
export async function plantJobs(storage: StorageBackend, { size, due, ticks, from }: JobField): Promise<void> {
  let writes: Write[] = [];
  for (let at = 0; at < size; at++) {
    const tick = Math.floor(at / due);
    const plannedAt = tick < ticks ? tickAt(from, tick) : from + YEAR + at;
    const id = `job-${at.toString().padStart(8, '0')}`;
    const data = {
      v: 1,
      issuer: 'internal',
      reason: 'warning',
      generation: 1,
      notBefore: from - YEAR,
      notAfter: from + 3 * YEAR,
      issuedAt: from - YEAR + at,
      autoRenew: false,
      plannedAt,
      attempts: 0,
      warned: [],
    };
    const version = `v${at}`;
    writes.push({ kind: 'put', collection: 'renewal_jobs', id, version, data, dueAt: plannedAt, dueQueue: 'internal' });
    if (writes.length < A_COMMIT && at < size - 1) continue;
    await storage.commit(writes);
    writes = [];
  }
}
