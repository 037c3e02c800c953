import { z } from 'zod';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { RenewalJob } from '../../ports/renewal-source.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { toRenewalJob } from './job.ts';

const DAY = 86_400_000;

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
export async function claimJobs(context: CertificatesContext, options: ClaimJobsOptions): Promise<RenewalJob[]> {
  const { store, issuers } = context;
  const parsed = claimOptions.safeParse(options);
  if (!parsed.success) throw invalidArgument('claimJobs() options', parsed.error.issues);
  const { queue, limit, leaseMs, signal } = parsed.data;
  if (queue !== '') issuers.named(queue);
  throwIfAborted(signal);
  let entries = await store.claim(renewalJobs, { queue, limit, leaseMs });
  if (queue === '' && entries.length === 0) {
    const left = await abandonedQueue(context);
    if (left !== undefined) entries = await store.claim(renewalJobs, { queue: left, limit, leaseMs });
  }
  // Due the longest comes first out of storage; among those, what ends soonest has the least time.
  return entries.map(toRenewalJob).sort((one, other) => one.notAfter - other.notAfter);
}

/**
 * The queue of an issuer that is not known here, nor it seems anywhere: its jobs have been left for a day. They are claimed with those that no
 * issuer renews, so that they fail and are warned of, and do not end in silence.
 */
async function abandonedQueue({ store, issuers, clock }: CertificatesContext): Promise<string | undefined> {
  const { entries } = await store.query(renewalJobs, { index: 'byDue', to: clock.now() - DAY, limit: 1 });
  const issuer = entries[0]?.value.issuer;
  return issuer === undefined || issuer === '' || issuers.names().includes(issuer) ? undefined : issuer;
}
