import type { Transaction } from '../../store/transaction.ts';
import { type CertificateEntry, putCertificate } from '../certificate-record.ts';
import { type CertificateValue, generations, renewalJobs, unsettledRevocations } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { historyOf, planJob } from '../jobs/job.ts';

/** A certificate that is revoked, and who is to be told. */
export interface RevokedCertificate {
  readonly id: string;
  readonly value: CertificateValue;
  /** Of the generation in force. */
  readonly issuer: string;
  readonly revocation: NonNullable<CertificateValue['revocation']>;
}

/** Adds to a transaction that the issuers of a revoked certificate are to be told of it. It takes a job, too. */
export function putUnsettled(
  { store }: Pick<CertificatesContext, 'store'>,
  transaction: Transaction,
  { id, value: { accountId, serialNumber }, issuer, revocation }: RevokedCertificate,
): void {
  const value = {
    ...revocation,
    issuer,
    ...(accountId === undefined ? {} : { accountId }),
    ...(serialNumber === undefined ? {} : { serialNumber }),
  };
  transaction.add(store.put(unsettledRevocations, id, value));
}

/** Adds to a transaction that the revocation of a certificate, where it is revoked, has something to tell an issuer after all was settled. */
export async function reopenRevocation(
  context: CertificatesContext,
  transaction: Transaction,
  certificate: CertificateEntry,
): Promise<void> {
  const { id, value } = certificate;
  const { revocation, current = '' } = value;
  if (revocation === undefined) return;
  const [job, generation] = await Promise.all([
    transaction.get(renewalJobs, id),
    transaction.get(generations, current),
  ]);
  const { issuer = value.issuer ?? '' } = generation?.value ?? {};
  putUnsettled(context, transaction, { id, value, issuer, revocation });
  planJob(context, transaction, id, value, historyOf(job, value.createdAt));
  // A deletion that has found everything settled begins again.
  putCertificate(context, transaction, certificate, value, undefined);
}
