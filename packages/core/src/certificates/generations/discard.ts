import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { RenewalJob } from '../../ports/renewal-source.ts';
import { putCertificate } from '../certificate-record.ts';
import { type CertificateValue, certificates, renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { failureOf } from '../failure.ts';
import { heldJob } from '../jobs/lease.ts';
import { releaseNames } from '../names/hold-names.ts';
import { dropDraft, giveUpDraft } from './draft.ts';

/**
 * Gives up a pending generation, since nothing good can come of asking for it again: the next attempt has a key and a request id of its own. The
 * job stays, so that there is one.
 *
 * @param options.wasGiven whether the issuer may have given something for it
 */
export async function discardGeneration(
  context: CertificatesContext,
  certificateId: string,
  generationId: string,
  options: { readonly job?: RenewalJob | undefined; readonly wasGiven: boolean } & Abortable,
): Promise<void> {
  await context.store.transact(async (transaction) => {
    const entry = await transaction.get(certificates, certificateId);
    if (entry?.value.pending !== generationId) return;
    if (options.job !== undefined && (await heldJob(transaction, options.job)) === undefined) return;
    const { pending: _, ...rest } = entry.value;
    if (options.wasGiven) await giveUpDraft(context, transaction, generationId);
    else dropDraft(context, transaction, generationId);
    putCertificate(context, transaction, entry, rest, undefined);
  }, signalOf(options));
}

/**
 * Ends a first issue that did not succeed: the certificate is kept as failed, its name and the names that it held are free. The pending generation stays,
 * so that trying again resumes.
 *
 * @returns the certificate as it is then, or undefined where it is gone, or has been issued by another meanwhile
 */
export async function failFirstIssue(
  context: CertificatesContext,
  certificateId: string,
  error: unknown,
  options: { readonly job?: RenewalJob | undefined } & Abortable,
): Promise<CertificateValue | undefined> {
  return context.store.transact(async (transaction) => {
    const entry = await transaction.get(certificates, certificateId);
    if (entry?.value.state !== 'pending') return undefined;
    if (options.job !== undefined && (await heldJob(transaction, options.job)) === undefined) return undefined;
    const { heldName: _, ...rest } = entry.value;
    const failure = failureOf(error, context.clock.now());
    const value: CertificateValue = { ...rest, state: 'failed', failure };
    await releaseNames(context, transaction, value.subjectAltNames, certificateId);
    transaction.delete(renewalJobs, certificateId);
    const data = { code: failure.code, message: failure.message };
    return putCertificate(context, transaction, entry, value, { type: 'certificate.failed', data }).value;
  }, signalOf(options));
}
