import { z } from 'zod';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { RenewalJob } from '../../ports/renewal-source.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { toRenewalJob } from './job.ts';

/** Which jobs to lease. */
export interface ClaimJobsOptions extends Abortable {
  /** One of `queues()`. */
  readonly queue: string;
  /** 1 to 1,000. */
  readonly limit: number;
  /** Milliseconds. */
  readonly leaseMs: number;
}

const claimOptions = z.strictObject({
  queue: z.string().max(64),
  limit: z.number().int().min(1).max(1_000),
  leaseMs: z.number().int().min(1),
  signal: abortSignal,
});

/** See `RenewalSource.claimJobs`. */
export async function claimJobs({ store }: CertificatesContext, options: ClaimJobsOptions): Promise<RenewalJob[]> {
  const parsed = claimOptions.safeParse(options);
  if (!parsed.success) throw invalidArgument('claimJobs() options', parsed.error.issues);
  const { queue, limit, leaseMs, signal } = parsed.data;
  throwIfAborted(signal);
  const entries = await store.claim(renewalJobs, { queue, limit, leaseMs });
  // Due the longest comes first out of storage; among those, what ends soonest has the least time.
  return entries.map(toRenewalJob).sort((one, other) => one.notAfter - other.notAfter);
}
