import { z } from 'zod';
import { signalOf } from '../../ports/abortable.ts';
import type { CrlReasonName } from '../../ports/issuer.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Transaction } from '../../store/transaction.ts';
import { crlReasons } from '../../x509/crl/crl-reason.ts';
import type { Certificate } from '../certificate.ts';
import {
  activityOf,
  type CertificateEntry,
  certificateNotIssued,
  putCertificate,
  requireCertificate,
  requireCertificateId,
} from '../certificate-record.ts';
import { type CertificateValue, type GenerationValue, generations, renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { giveUpDraft } from '../generations/draft.ts';
import { unansweredRequests } from '../generations/outstanding.ts';
import { revokingIssuer } from '../generations/revoking-issuer.ts';
import { settleRevocation } from '../generations/settle-revocation.ts';
import { putUnsettled } from '../generations/unsettled-revocation.ts';
import { historyOf, planJob } from '../jobs/job.ts';
import { releaseNames } from '../names/hold-names.ts';
import { toChange } from '../serving/change.ts';
import { type ChangeCertificateOptions, conditionInput, parseInput } from './certificate-input.ts';
import { getCertificate } from './find.ts';

/** What public CAs give is valid no longer (CA/Browser Forum Baseline Requirements, section 6.3.2). */
const LONGEST_PUBLIC_LIFE_MS = 398 * 86_400_000;

/** Why a certificate is revoked. */
export interface RevokeManagedCertificateOptions extends ChangeCertificateOptions {
  /** RFC 5280 section 5.3.1; `unspecified` by default. */
  readonly reason?: Exclude<CrlReasonName, 'certificateHold'>;
}

const revokeInput = z.strictObject({
  reason: z.enum(crlReasons).exclude(['removeFromCRL', 'certificateHold']).optional(),
  ...conditionInput,
});

/** See `CertificateManager.revoke`. */
export async function revokeCertificate(
  context: CertificatesContext,
  id: string,
  options: RevokeManagedCertificateOptions,
): Promise<Certificate> {
  const { reason = 'unspecified', signal } = parseInput(revokeInput, 'revoke() options', options);
  requireCertificateId(id);
  throwIfAborted(signal);
  await takeOutOfService(context, id, reason, options);
  await settleRevocation(context, id, options);
  return getCertificate(context, id, {});
}

/** What an issuer may take its time for must not keep a compromised key in service: this comes first. */
async function takeOutOfService(
  context: CertificatesContext,
  id: string,
  reason: CrlReasonName,
  options: ChangeCertificateOptions,
): Promise<void> {
  const { store, clock, changes } = context;
  const revoked = await store.transact(async (transaction) => {
    const [entry, job] = await Promise.all([
      requireCertificate(transaction, id, options),
      transaction.get(renewalJobs, id),
    ]);
    const { value } = entry;
    if (value.state === 'revoked') return undefined;
    if (value.current === undefined) throw certificateNotIssued(id, value);
    const generation = await transaction.get(generations, value.current);
    // Judged before anything changes: a revocation that nobody can make known would be a promise.
    const { name: issuer } = revokingIssuer(context, id, generation?.value.issuer);
    const { pending: _, heldName: __, ...rest } = value;
    await giveUpRequests(context, transaction, entry);
    await releaseNames(context, transaction, value.subjectAltNames, id);
    const revocation = { reason, at: clock.now() };
    const next: CertificateValue = { ...rest, state: 'revoked', ...activityOf(false), revocation };
    putUnsettled(context, transaction, { id, value, issuer, revocation });
    // How often renewals have failed before says nothing of when to try this again.
    planJob(context, transaction, id, next, { ...historyOf(job, value.createdAt), attempts: 0 });
    return putCertificate(context, transaction, entry, next, { type: 'certificate.revoked', data: { reason } });
  }, signalOf(options));
  if (revoked !== undefined) changes.tell(toChange(id, revoked.value), revoked.version);
}

/** What is under way is given up, and kept, as are requests that were given up before, until nothing that was given for them can be valid any more. */
async function giveUpRequests(
  context: CertificatesContext,
  transaction: Transaction,
  { id, value }: CertificateEntry,
): Promise<void> {
  const { pending } = value;
  const given = new Set([...(await unansweredRequests(context, id)), ...(pending === undefined ? [] : [pending])]);
  const giveUp = async (each: string): Promise<void> => {
    const asked = await transaction.get(generations, each);
    // It may have been answered since.
    if (asked?.value.chainPem === undefined)
      await giveUpDraft(context, transaction, each, longestLife(value, asked?.value));
  };
  await Promise.all([...given].map(giveUp));
}

/**
 * After this time nothing that was given for a request until its revocation is valid any more. Milliseconds. An issuer that is at work on it for
 * ever is not asked for ever.
 */
function longestLife({ notBefore = 0, notAfter = 0 }: CertificateValue, asked: GenerationValue | undefined): number {
  return Math.max(LONGEST_PUBLIC_LIFE_MS, notAfter - notBefore, asked?.lifetimeMs ?? 0);
}
