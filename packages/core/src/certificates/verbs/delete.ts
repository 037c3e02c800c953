import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import { certificateEvent } from '../certificate-event.ts';
import { requireCertificate, requireCertificateId } from '../certificate-record.ts';
import {
  type CertificateValue,
  certificates,
  type GenerationValue,
  generationKeys,
  generations,
  renewalJobs,
} from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { releaseNames } from '../names/hold-names.ts';
import { toChange } from '../serving/change.ts';

/** Generations that one commit can delete beside a hundred names: two documents each. */
const GENERATIONS_A_COMMIT = 50;

/** See `CertificateManager.delete`. */
export async function deleteCertificate(context: CertificatesContext, id: string, options: Abortable): Promise<void> {
  requireCertificateId(id);
  throwIfAborted(options.signal);
  while (!(await deleteSome(context, id, options))) throwIfAborted(options.signal);
}

/** @returns whether the certificate itself is gone: one that was renewed very often loses generations of the past first */
async function deleteSome(context: CertificatesContext, id: string, options: Abortable): Promise<boolean> {
  const { store, events } = context;
  const gone = await store.transact(async (transaction) => {
    const { value } = await requireCertificate(transaction, id);
    const query = { index: 'byCertificate', equals: { certificateId: id }, limit: GENERATIONS_A_COMMIT + 1 } as const;
    const { entries } = await store.query(generations, query);
    for (const entry of removable(entries, value)) {
      transaction.delete(generations, entry.id);
      transaction.delete(generationKeys, entry.id);
    }
    if (entries.length > GENERATIONS_A_COMMIT) return undefined;
    transaction.delete(certificates, id);
    transaction.delete(renewalJobs, id);
    await releaseNames(context, transaction, value.subjectAltNames, id);
    if (events !== undefined) {
      const last = { ...value, revision: value.revision + 1 };
      transaction.add(certificateEvent(events, 'certificate.deleted', id, last));
    }
    return value;
  }, signalOf(options));
  if (gone === undefined) return false;
  context.changes.tell(toChange(id, { ...gone, state: 'revoked' }), undefined);
  return true;
}

/** All of them at the end; before that only those that are in force no longer. */
function removable(
  entries: readonly Entry<GenerationValue>[],
  { current, pending }: CertificateValue,
): Entry<object>[] {
  if (entries.length <= GENERATIONS_A_COMMIT) return [...entries];
  return entries.filter(({ id }) => id !== current && id !== pending);
}
