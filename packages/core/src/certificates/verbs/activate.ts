import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Transaction } from '../../store/transaction.ts';
import type { Certificate } from '../certificate.ts';
import {
  activityOf,
  type CertificateEntry,
  certificateNotIssued,
  certificateRevoked,
  putCertificate,
  requireCertificate,
  requireCertificateId,
  toCertificate,
} from '../certificate-record.ts';
import type { CertificateValue } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { holdNames, releaseNames } from '../names/hold-names.ts';
import { permitNames } from '../names/permit-names.ts';
import { toChange } from '../serving/change.ts';
import { type ChangeCertificateOptions, changeInput, parseInput } from './certificate-input.ts';

/** See `CertificateManager.activate` and `deactivate`. */
export async function setActive(
  context: CertificatesContext,
  id: string,
  active: boolean,
  options: ChangeCertificateOptions,
): Promise<Certificate> {
  const condition = parseInput(changeInput, `${active ? 'activate' : 'deactivate'}() options`, options);
  requireCertificateId(id);
  throwIfAborted(condition.signal);
  const { entry, changed } = await context.store.transact(async (transaction) => {
    const before = await requireCertificate(transaction, id, condition);
    const { value } = before;
    if (!active && !value.active) return { entry: before, changed: false };
    if (active) {
      const takesNames = await takeNames(context, transaction, before, options);
      if (value.active && !takesNames) return { entry: before, changed: false };
    } else {
      await releaseNames(context, transaction, value.subjectAltNames, id);
    }
    const type = active ? 'certificate.activated' : 'certificate.deactivated';
    const next = { ...value, ...activityOf(active) };
    return { entry: putCertificate(context, transaction, before, next, { type }), changed: true };
  }, signalOf(options));
  if (changed) context.changes.tell(toChange(id, entry.value), entry.version);
  return toCertificate(context, entry);
}

/** @returns whether one of the names was not served by it already */
async function takeNames(
  context: CertificatesContext,
  transaction: Transaction,
  { id, value }: CertificateEntry,
  options: Abortable,
): Promise<boolean> {
  requireActivatable(id, value);
  const { accountId, current, subjectAltNames } = value;
  for (const check of await permitNames(context, accountId, subjectAltNames, signalOf(options))) transaction.add(check);
  // Without a key here there is nothing to serve, though the names are held.
  const generation = value.keyAlgorithm === undefined ? undefined : current;
  return holdNames(context, transaction, subjectAltNames, { certificateId: id, accountId, generation }, 'last');
}

function requireActivatable(id: string, value: CertificateValue): void {
  if (value.state === 'revoked') throw certificateRevoked(id);
  if (value.state === 'failed') throw certificateNotIssued(id, value);
}
