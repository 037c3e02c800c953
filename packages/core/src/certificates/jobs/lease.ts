import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { RenewalJob } from '../../ports/renewal-source.ts';
import type { Transaction } from '../../store/transaction.ts';
import { renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { type JobEntry, putJob, toRenewalJob } from './job.ts';

/**
 * Reads a job within a transaction, if it is still leased to its holder.
 *
 * The claim's version says so; or, after a write of the holder's own, the token that it left, as long as no further claim has moved `dueAt`.
 *
 * A transaction that writes the job may be `repeatable`: once it has taken effect, the lease is gone, or goes on as it was.
 *
 * @returns undefined where the lease is lost, or the job gone
 */
export async function heldJob(transaction: Transaction, job: RenewalJob): Promise<JobEntry | undefined> {
  requireObject(job, 'job');
  const entry = await transaction.get(renewalJobs, job.certificateId);
  if (entry === undefined) return undefined;
  const { lease } = entry.value;
  const goesOn = lease?.token === job.version && lease.until === entry.dueAt;
  return entry.version === job.version || goesOn ? entry : undefined;
}

/** Adds to a transaction a change of a job that keeps its lease. */
export function putHeldJob(
  context: CertificatesContext,
  transaction: Transaction,
  job: RenewalJob,
  entry: JobEntry,
  change: Partial<JobEntry['value']>,
  until: number = entry.dueAt ?? context.clock.now(),
): JobEntry {
  const value = { ...entry.value, ...change, lease: { token: job.version, until } };
  putJob(context, transaction, entry.id, value);
  return { ...entry, value };
}

/** See `RenewalSource.extendLease`. */
export async function extendLease(
  context: CertificatesContext,
  job: RenewalJob,
  leaseMs: number,
): Promise<RenewalJob | undefined> {
  if (!Number.isSafeInteger(leaseMs) || leaseMs < 1)
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `leaseMs must be whole milliseconds from 1 on, not ${quote(leaseMs)}`,
    );
  return context.store.transact(
    async (transaction) => {
      const entry = await heldJob(transaction, job);
      if (entry === undefined) return undefined;
      const kept = putHeldJob(context, transaction, job, entry, {}, context.clock.now() + leaseMs);
      return { ...toRenewalJob(kept), version: job.version };
    },
    { repeatable: true },
  );
}
