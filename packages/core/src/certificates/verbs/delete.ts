import { signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { certificateEvent } from '../certificate-event.ts';
import { requireCertificate, requireCertificateId } from '../certificate-record.ts';
import { certificates, renewalJobs, unsettledRevocations } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { dropGenerations, keepOutstanding } from '../generations/drop-generations.ts';
import { releaseNames } from '../names/hold-names.ts';
import { toChange } from '../serving/change.ts';
import { type ChangeCertificateOptions, changeInput, parseInput } from './certificate-input.ts';

/** See `CertificateManager.delete`. */
export async function deleteCertificate(
  context: CertificatesContext,
  id: string,
  options: ChangeCertificateOptions,
): Promise<void> {
  const { signal } = parseInput(changeInput, 'delete() options', options);
  requireCertificateId(id);
  throwIfAborted(signal);
  while (!(await deleteSome(context, id, options))) throwIfAborted(signal);
}

/**
 * What an issuer is still to be told of a revocation outlives the certificate, with the job that does so.
 *
 * @returns whether the certificate itself is gone: one that was renewed very often loses generations of the past first
 */
async function deleteSome(
  context: CertificatesContext,
  id: string,
  options: ChangeCertificateOptions,
): Promise<boolean> {
  const { store, events } = context;
  const gone = await store.transact(async (transaction) => {
    const [{ value }, unsettled] = await Promise.all([
      requireCertificate(transaction, id, options),
      transaction.get(unsettledRevocations, id),
    ]);
    const isLast =
      unsettled === undefined
        ? await dropGenerations(context, transaction, id, [value.current, value.pending])
        : await keepOutstanding(context, transaction, id);
    if (!isLast) return undefined;
    transaction.delete(certificates, id);
    if (unsettled === undefined) transaction.delete(renewalJobs, id);
    await releaseNames(context, transaction, value.subjectAltNames, id);
    if (events !== undefined) {
      const last = { ...value, eventCount: value.eventCount + 1 };
      transaction.add(certificateEvent(events, 'certificate.deleted', id, last));
    }
    return value;
  }, signalOf(options));
  if (gone === undefined) return false;
  context.changes.tell(toChange(id, { ...gone, state: 'revoked' }), undefined);
  return true;
}
