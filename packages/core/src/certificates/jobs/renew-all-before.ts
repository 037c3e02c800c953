import { z } from 'zod';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { type RenewalJobValue, renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { putJob } from './job.ts';

/** Which certificates to make due. */
export interface RenewAllBeforeOptions extends Abortable {
  /** Those issued before it, epoch milliseconds. */
  readonly instant: number;
  /** Those of one issuer only. */
  readonly issuer?: string;
  /** How many to look at, 1 to 1,000. */
  readonly limit: number;
  readonly cursor?: string;
}

const options = z.strictObject({
  instant: z.number().int(),
  issuer: z.string().max(64).optional(),
  limit: z.number().int().min(1).max(1_000),
  cursor: z.string().optional(),
  signal: abortSignal,
});

/** See `RenewalSource.renewAllBefore`. */
export async function renewAllBefore(
  context: CertificatesContext,
  given: RenewAllBeforeOptions,
): Promise<{ moved: number; cursor?: string }> {
  const parsed = options.safeParse(given);
  if (!parsed.success) throw invalidArgument('renewAllBefore() options', parsed.error.issues);
  const { issuer, limit, cursor, signal } = parsed.data;
  // Of an instant ahead, no generation that is asked for before it would ever do.
  const instant = Math.min(parsed.data.instant, context.clock.now());
  throwIfAborted(signal);
  const page = await context.store.query(renewalJobs, {
    ...(issuer === undefined ? { index: 'byIssue' } : { index: 'byIssuerAndIssue', equals: { issuer } }),
    to: instant,
    limit,
    ...(cursor === undefined ? {} : { cursor }),
  });
  let moved = 0;
  for (const { id, value } of page.entries) {
    throwIfAborted(signal);
    if (concerns(value, instant) && (await move(context, id, instant))) moved += 1;
  }
  return page.cursor === undefined ? { moved } : { moved, cursor: page.cursor };
}

/** Whoever holds a lease on the job loses it: what it does may be for a generation that was asked for before. */
async function move(context: CertificatesContext, id: string, instant: number): Promise<boolean> {
  return context.store.transact(async (transaction) => {
    const entry = await transaction.get(renewalJobs, id);
    if (entry === undefined || !concerns(entry.value, instant)) return false;
    const { lease: _, ...value } = entry.value;
    putJob(context, transaction, id, {
      ...value,
      plannedAt: context.clock.now(),
      attempts: 0,
      replaceBefore: Math.max(instant, value.replaceBefore ?? instant),
    });
    return true;
  });
}

/** One that is ordered already keeps its turn, and its back-off. */
function concerns({ issuer, issuedAt, replaceBefore = 0 }: RenewalJobValue, instant: number): boolean {
  return issuer !== '' && issuedAt < instant && replaceBefore < instant;
}
