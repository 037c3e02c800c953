import { z } from 'zod';
import type { Abortable } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { ManagedCertificateStatus } from '../certificate.ts';
import { certificates, renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { parseInput } from './certificate-input.ts';
import { expiryRange, selection } from './find.ts';

/** Which certificates to count. What is left out does not restrict. */
export interface CountCertificatesOptions extends Abortable {
  readonly accountId?: string;
  readonly status?: ManagedCertificateStatus;
  /** Only certificates whose notAfter is this instant or later. */
  readonly expiresFrom?: Date;
  /** Only certificates whose notAfter lies before this instant. */
  readonly expiresBefore?: Date;
  /** Where counting ends, at least 1: more than that are as many. */
  readonly upTo: number;
}

/** Where to stop counting jobs that are due. */
export interface CountDueJobsOptions extends Abortable {
  /** At least 1: more than that are as many. */
  readonly upTo: number;
}

const upTo = z.number().int().min(1);
const countInput = z.strictObject({
  accountId: z.string().optional(),
  status: z.enum(['pending', 'valid', 'expired', 'revoked', 'failed']).optional(),
  expiresFrom: z.date().optional(),
  expiresBefore: z.date().optional(),
  upTo,
  signal: abortSignal,
});
const countDueInput = z.strictObject({ upTo, signal: abortSignal });

/** See `CertificateManager.count`. */
export async function countCertificates(
  { store, clock }: CertificatesContext,
  options: CountCertificatesOptions,
): Promise<number> {
  const input = parseInput(countInput, 'count() options', options);
  throwIfAborted(input.signal);
  const { from = 0, to = Number.MAX_SAFE_INTEGER } = expiryRange(input, clock.now());
  if (from >= to) return 0;
  const isOpen = to === Number.MAX_SAFE_INTEGER;
  return store.count(certificates, { ...selection(input), from, ...(isOpen ? {} : { to }), upTo: input.upTo });
}

/** See `CertificateManager.countDueJobs`. */
export async function countDueJobs(
  { store, clock }: CertificatesContext,
  options: CountDueJobsOptions,
): Promise<number> {
  const input = parseInput(countDueInput, 'countDueJobs() options', options);
  throwIfAborted(input.signal);
  return store.count(renewalJobs, { index: 'byDue', to: clock.now() + 1, upTo: input.upTo });
}
