import { signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { certificateEvent } from '../certificate-event.ts';
import { requireCertificate, requireCertificateId } from '../certificate-record.ts';
import { certificates, generationKeys, generations, renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { releaseNames } from '../names/hold-names.ts';
import { toChange } from '../serving/change.ts';
import { type ChangeCertificateOptions, changeInput, parseInput } from './certificate-input.ts';

/** Generations that one commit can delete beside a hundred names: two documents each. */
const GENERATIONS_A_COMMIT = 50;

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

/** @returns whether the certificate itself is gone: one that was renewed very often loses generations of the past first */
async function deleteSome(
  context: CertificatesContext,
  id: string,
  options: ChangeCertificateOptions,
): Promise<boolean> {
  const { store, events } = context;
  const gone = await store.transact(async (transaction) => {
    const { value } = await requireCertificate(transaction, id, options);
    const oldest = await oldestGenerations(context, id);
    const isAll = oldest.length <= GENERATIONS_A_COMMIT;
    for (const generation of oldest.slice(0, GENERATIONS_A_COMMIT)) {
      if (!isAll && (generation === value.current || generation === value.pending)) continue;
      transaction.delete(generations, generation);
      transaction.delete(generationKeys, generation);
    }
    if (!isAll) return undefined;
    transaction.delete(certificates, id);
    transaction.delete(renewalJobs, id);
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

/** @returns their ids, one more than a commit can delete where there are more */
async function oldestGenerations({ store }: CertificatesContext, certificateId: string): Promise<string[]> {
  const limit = GENERATIONS_A_COMMIT + 1;
  const ids: string[] = [];
  for await (const { id } of store.walk(generations, { index: 'byCertificate', equals: { certificateId }, limit })) {
    ids.push(id);
    if (ids.length === limit) break;
  }
  return ids;
}
