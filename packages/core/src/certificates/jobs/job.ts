import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { RenewalJob } from '../../ports/renewal-source.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import type { Transaction } from '../../store/transaction.ts';
import { renewalInstant, renews } from '../certificate-record.ts';
import { type CertificateValue, type RenewalJobValue, renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';

const DAY = 86_400_000;
/** For how long whoever began something is left to finish it, before a scheduler takes it up. */
const HEAD_START_MS = 120_000;
/** When an issuer that gives windows (RFC 9773) is asked for one the first time: it may move them while a certificate is young. */
const FIRST_WINDOW_MS = 6 * 3_600_000;
/** The farthest from the end that a scheduler may warn at all. */
const FIRST_WARNING = 365 * DAY;

/** A job's document. */
export type JobEntry = Entry<RenewalJobValue>;

/** What is known of a job that a certificate itself does not say. */
export interface JobHistory {
  readonly attempts?: number;
  readonly warned?: readonly number[];
  readonly ari?: RenewalJobValue['ari'];
  /** When the generation in force was asked for. */
  readonly issuedAt: number;
  readonly replaceBefore?: number | undefined;
  /** No renewal before it, whatever the certificate's dates say. */
  readonly restUntil?: number;
}

/**
 * Adds to a transaction the job that fits what a certificate will be, due by the manager's policy; or that there is nothing to do.
 *
 * Whoever holds a lease on the job loses it by that.
 *
 * @returns when it is due, epoch milliseconds
 */
export function planJob(
  context: CertificatesContext,
  transaction: Transaction,
  id: string,
  certificate: CertificateValue,
  history: JobHistory,
): number | undefined {
  const { clock, store } = context;
  const plan = planOf(context, id, certificate, history, clock.now());
  if (plan === undefined) {
    transaction.add(store.delete(renewalJobs, id));
    return undefined;
  }
  putJob(context, transaction, id, { ...jobValue(certificate, history), ...plan });
  return plan.plannedAt;
}

/**
 * Adds to a transaction that a certificate is to be renewed from now on, or is not. What is under way or was ordered keeps its turn, and who works
 * at it the lease.
 */
export function followAutoRenew(
  context: CertificatesContext,
  transaction: Transaction,
  certificate: CertificateValue,
  entry: JobEntry | undefined,
): void {
  if (entry === undefined) return;
  const { id, value } = entry;
  const isUnderWay = certificate.state !== 'issued' || certificate.pending !== undefined;
  if (!isUnderWay && value.replaceBefore === undefined) {
    planJob(context, transaction, id, certificate, historyOf(entry, value.issuedAt));
    return;
  }
  const { lease: _, ...rest } = value;
  const lease = leaseOf(entry);
  putJob(context, transaction, id, { ...rest, autoRenew: certificate.autoRenew, ...(lease && { lease }) });
}

/** The lease under which somebody works at a job: the one that goes on, or the claim that has moved `dueAt` last. */
function leaseOf({ version, value, dueAt = value.plannedAt }: JobEntry): RenewalJobValue['lease'] {
  if (value.lease?.until === dueAt) return value.lease;
  return dueAt === value.plannedAt ? undefined : { token: version, until: dueAt };
}

/** Adds to a transaction a job's document, due when it says. */
export function putJob(
  { store }: CertificatesContext,
  transaction: Transaction,
  id: string,
  value: RenewalJobValue,
): void {
  const { lease, plannedAt, issuer } = value;
  const dueAt = lease?.until ?? plannedAt;
  transaction.add(store.put(renewalJobs, id, value, { dueAt, ...(issuer === '' ? {} : { dueQueue: issuer }) }));
}

/** The history of a job that goes on: a change of the certificate that is no new generation. */
export function historyOf(entry: JobEntry | undefined, issuedAt: number): JobHistory {
  if (entry === undefined) return { issuedAt };
  const { attempts, warned, ari, replaceBefore } = entry.value;
  return { attempts, warned, ari, replaceBefore, issuedAt: entry.value.issuedAt };
}

/** A claimed job as a scheduler sees it. */
export function toRenewalJob({ id, version, value }: JobEntry): RenewalJob {
  const { lease: _, plannedAt, issuedAt: __, ari, replaceBefore, ...rest } = value;
  return {
    ...rest,
    certificateId: id,
    version,
    dueAt: plannedAt,
    ...(replaceBefore === undefined ? {} : { replaceBefore }),
    ...(ari === undefined ? {} : { ari }),
  };
}

/** When a certificate that nobody renews is looked at the first time: whether to warn is the scheduler's to say. Epoch milliseconds. */
export function firstWarningAt(notAfter: number): number {
  return notAfter - FIRST_WARNING;
}

/** When the next job of any queue is due, leases that run out included. */
export async function nextDueAt({ store }: CertificatesContext, options: Abortable): Promise<number | undefined> {
  const { signal } = signalOf(options);
  throwIfAborted(signal);
  const { entries } = await store.query(renewalJobs, { index: 'byDue', limit: 1 });
  return entries[0]?.dueAt;
}

function jobValue(certificate: CertificateValue, history: JobHistory): Omit<RenewalJobValue, 'reason' | 'plannedAt'> {
  const { issuer = '', generation, notBefore = 0, notAfter = 0 } = certificate;
  const { attempts = 0, warned = [], ari, issuedAt, replaceBefore } = history;
  return {
    issuer,
    generation,
    notBefore,
    notAfter,
    issuedAt,
    autoRenew: certificate.autoRenew,
    attempts,
    warned: [...warned],
    ...(ari === undefined ? {} : { ari }),
    ...(replaceBefore === undefined ? {} : { replaceBefore }),
  };
}

function planOf(
  { issuers, renewalPolicy }: CertificatesContext,
  id: string,
  certificate: CertificateValue,
  { restUntil = 0 }: JobHistory,
  now: number,
): Pick<RenewalJobValue, 'reason' | 'plannedAt'> | undefined {
  const { state, pending, notAfter = 0 } = certificate;
  if (state === 'failed') return undefined;
  if (state === 'pending') return { reason: 'first-issue', plannedAt: now + HEAD_START_MS };
  if (state === 'revoked' || pending !== undefined) return { reason: 'resume', plannedAt: now + HEAD_START_MS };
  const due = Math.max(renewalInstant(id, certificate, renewalPolicy), restUntil);
  if (renews(certificate)) {
    const hasWindows = issuers.givesWindows(certificate.issuer);
    return { reason: 'renewal', plannedAt: hasWindows ? Math.min(due, now + FIRST_WINDOW_MS) : due };
  }
  return { reason: 'warning', plannedAt: Math.min(due, firstWarningAt(notAfter)) };
}
