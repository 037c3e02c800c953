import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { RenewalJob, RenewalOutcome } from '../../ports/renewal-source.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { putCertificate, renews } from '../certificate-record.ts';
import { type CertificateValue, certificates } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { advance } from '../generations/advance.ts';
import { failFirstIssue } from '../generations/discard.ts';
import { openGeneration } from '../generations/open-generation.ts';
import { isRefusal } from '../generations/refusal.ts';
import { settleRevocation } from '../generations/settle-revocation.ts';
import { firstWarningAt, historyOf, planJob, putJob } from './job.ts';
import { heldJob } from './lease.ts';

const DAY = 86_400_000;
const SECOND = 1_000;

/** See `RenewalSource.renew`. */
export async function renewJob(
  context: CertificatesContext,
  job: RenewalJob,
  options: Abortable,
): Promise<RenewalOutcome> {
  throwIfAborted(options.signal);
  const entry = await context.store.get(certificates, job.certificateId);
  // What is deleted may be revoked still.
  if (entry === undefined || entry.value.state === 'revoked') {
    const retryAt = await settleRevocation(context, job.certificateId, options);
    return retryAt === undefined ? { outcome: 'skipped' } : waitForIssuer(context, job, retryAt);
  }
  const { value } = entry;
  if (value.pending === undefined && value.state === 'issued') {
    if (!renews(value) && job.replaceBefore === undefined) return standDown(context, job, options);
    if (value.keyAlgorithm === undefined) return requireRenewal(context, job, options);
  }
  return issueNext(context, job, value, options);
}

async function issueNext(
  context: CertificatesContext,
  job: RenewalJob,
  value: CertificateValue,
  options: Abortable,
): Promise<RenewalOutcome> {
  try {
    const opened = await openGeneration(context, job.certificateId, {
      job,
      // A request that is under way with the issuer of a CSR's key cannot be made again here.
      ...(value.keyAlgorithm === undefined ? {} : { askedSince: job.replaceBefore }),
      ...signalOf(options),
    });
    if (opened.outcome === 'overtaken') return { outcome: 'skipped' };
    const { generationId } = opened;
    const advanced = await advance(context, job.certificateId, generationId, { job, ...signalOf(options) });
    if (advanced.outcome === 'overtaken') return { outcome: 'skipped' };
    if (advanced.outcome === 'pending') return waitForIssuer(context, job, advanced.retryAt);
    const { nextDueAt } = advanced;
    return { outcome: 'renewed', ...(nextDueAt === undefined ? {} : { nextDueAt }) };
  } catch (error) {
    if (value.state === 'pending' && isRefusal(error)) await failFirstIssue(context, job.certificateId, error, { job });
    throw error;
  }
}

/** The issuer is still at work: that is no failure, and is not counted as one. */
async function waitForIssuer(context: CertificatesContext, job: RenewalJob, asked: number): Promise<RenewalOutcome> {
  const now = context.clock.now();
  // An issuer that puts it off for years must not let a certificate run out, nor one that says `now` be asked without a pause.
  const retryAt = Math.min(Math.max(asked, now + SECOND), now + DAY);
  const held = await context.store.transact(
    async (transaction) => {
      const entry = await heldJob(transaction, job);
      if (entry === undefined) return false;
      const { lease: _, ...value } = entry.value;
      const reason = value.reason === 'first-issue' ? value.reason : 'resume';
      putJob(context, transaction, job.certificateId, { ...value, reason, plannedAt: retryAt });
      return true;
    },
    { repeatable: true },
  );
  return held ? { outcome: 'pending', retryAt } : { outcome: 'skipped' };
}

/** There is nothing to issue: the job becomes what the certificate asks for, which is to be warned of. */
async function standDown(context: CertificatesContext, job: RenewalJob, options: Abortable): Promise<RenewalOutcome> {
  return context.store.transact<RenewalOutcome>(async (transaction) => {
    const [held, certificate] = await Promise.all([
      heldJob(transaction, job),
      transaction.get(certificates, job.certificateId),
    ]);
    if (held === undefined || certificate === undefined) return { outcome: 'skipped' };
    const { replaceBefore: _, ...history } = historyOf(held, held.value.issuedAt);
    const nextDueAt = planJob(context, transaction, certificate.id, certificate.value, history);
    return { outcome: 'skipped', ...(nextDueAt === undefined ? {} : { nextDueAt }) };
  }, signalOf(options));
}

/** The key is kept elsewhere: whoever has it is told, and the job goes on for the warnings. */
async function requireRenewal(
  context: CertificatesContext,
  job: RenewalJob,
  options: Abortable,
): Promise<RenewalOutcome> {
  return context.store.transact<RenewalOutcome>(async (transaction) => {
    const [held, certificate] = await Promise.all([
      heldJob(transaction, job),
      transaction.get(certificates, job.certificateId),
    ]);
    if (held === undefined || certificate === undefined) return { outcome: 'skipped' };
    putCertificate(context, transaction, certificate, certificate.value, { type: 'certificate.renewal_required' });
    const { lease: _, replaceBefore: __, ...value } = held.value;
    const plannedAt = firstWarningAt(value.notAfter);
    putJob(context, transaction, certificate.id, { ...value, reason: 'warning', plannedAt });
    return { outcome: 'skipped', nextDueAt: plannedAt };
  }, signalOf(options));
}
