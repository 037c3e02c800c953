import { z } from 'zod';
import { ConflictError } from '../../errors/families.ts';
import { signalOf } from '../../ports/abortable.ts';
import type { CrlReasonName } from '../../ports/issuer.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { crlReasons } from '../../x509/crl/crl-reason.ts';
import type { Certificate } from '../certificate.ts';
import {
  activityOf,
  certificateNotFound,
  certificateNotIssued,
  putCertificate,
  requireCertificate,
  requireCertificateId,
  toCertificate,
} from '../certificate-record.ts';
import { type CertificateValue, generations, renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { giveUpDraft } from '../generations/draft.ts';
import { settleRevocation } from '../generations/settle-revocation.ts';
import { historyOf, planJob } from '../jobs/job.ts';
import { releaseNames } from '../names/hold-names.ts';
import { toChange } from '../serving/change.ts';
import { type ChangeCertificateOptions, conditionInput, parseInput } from './certificate-input.ts';

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
  const settlement = await settleRevocation(context, id, options);
  if (settlement === undefined) throw certificateNotFound(id);
  return toCertificate(context, settlement.certificate);
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
    requireRevocable(context, id, generation?.value.issuer);
    const { pending, heldName: _, ...rest } = value;
    if (pending !== undefined) await giveUpDraft(context, transaction, pending, Number.POSITIVE_INFINITY);
    await releaseNames(context, transaction, value.subjectAltNames, id);
    const revocation = { reason, at: clock.now(), settled: false };
    const next: CertificateValue = { ...rest, state: 'revoked', ...activityOf(false), revocation };
    planJob(context, transaction, id, next, historyOf(job, value.createdAt));
    return putCertificate(context, transaction, entry, next, { type: 'certificate.revoked', data: { reason } });
  }, signalOf(options));
  if (revoked !== undefined) changes.tell(toChange(id, revoked.value), revoked.version);
}

/** Judged before anything changes: a revocation that nobody can make known would be a promise. */
function requireRevocable({ issuers }: CertificatesContext, id: string, issuer: string | undefined): void {
  if (issuer !== undefined && issuers.named(issuer).issuer.revokeCertificate !== undefined) return;
  throw new ConflictError(
    'REVOCATION_UNSUPPORTED',
    issuer === undefined
      ? `Certificate ${id} was imported: have it revoked where it was issued, and deactivate or delete it here`
      : `Issuer '${issuer}' of certificate ${id} cannot revoke`,
    { facts: { certificateId: id, issuer: issuer ?? null } },
  );
}
