import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { requireObject } from '../../errors/require-object.ts';
import { signalOf } from '../../ports/abortable.ts';
import type { PostponeOptions, RenewalJob } from '../../ports/renewal-source.ts';
import type { Transaction } from '../../store/transaction.ts';
import { putCertificate } from '../certificate-record.ts';
import { certificates } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { storableFailure } from '../failure.ts';
import { type JobEntry, putJob } from './job.ts';
import { heldJob } from './lease.ts';

/** See `RenewalSource.postpone`. */
export async function postpone(context: CertificatesContext, job: RenewalJob, options: PostponeOptions): Promise<void> {
  requireObject(options, 'postpone() options');
  const { dueAt, failure, warning } = options;
  if (!Number.isSafeInteger(dueAt))
    throw new InvalidInputError('INVALID_ARGUMENT', `dueAt must be whole epoch milliseconds, not ${quote(dueAt)}`);
  await context.store.transact(
    async (transaction) => {
      const entry = await heldJob(transaction, job);
      if (entry === undefined) return;
      const { lease: _, ...value } = entry.value;
      const isNew = warning !== undefined && !value.warned.includes(warning.tier);
      putJob(context, transaction, job.certificateId, {
        ...value,
        plannedAt: dueAt,
        attempts: value.attempts + (failure === undefined ? 0 : 1),
        warned: isNew ? [...value.warned, warning.tier] : value.warned,
      });
      if (failure !== undefined || isNew) await tell(context, transaction, entry, options, isNew);
    },
    { repeatable: true, ...signalOf(options) },
  );
}

/** The certificate remembers its failure, and counts the events that tell of it. */
async function tell(
  context: CertificatesContext,
  transaction: Transaction,
  { id, value: { attempts } }: JobEntry,
  { dueAt, failure, warning }: PostponeOptions,
  isWarning: boolean,
): Promise<void> {
  const entry = await transaction.get(certificates, id);
  if (entry === undefined) return;
  const { clock } = context;
  const nextAttemptAt = new Date(dueAt).toISOString();
  const failed = failure && storableFailure(failure, clock.now());
  const written =
    failed === undefined
      ? entry
      : putCertificate(
          context,
          transaction,
          entry,
          { ...entry.value, failure: failed },
          {
            type: 'certificate.renewal_failed',
            data: { code: failed.code, message: failed.message, attempts: attempts + 1, nextAttemptAt },
          },
        );
  // That one ends which is revoked is no news: its job is there for the issuers that are to be told.
  if (!isWarning || warning === undefined || entry.value.state === 'revoked') return;
  const data = { tier: warning.tier, expiresAt: new Date(warning.notAfter).toISOString() };
  putCertificate(context, transaction, written, written.value, { type: 'certificate.expiring', data });
}
