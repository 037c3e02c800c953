import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { parseCertificates } from '../../x509/certificate/certificate.ts';
import { type CertificateEntry, putCertificate } from '../certificate-record.ts';
import { certificates, type GenerationValue, generations, renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';

/** A generation that was issued, by an issuer. */
type IssuedGeneration = GenerationValue & { readonly issuer: string; readonly chainPem: string };

/**
 * Has the issuers of a revoked certificate revoke each generation that has not ended, and notes that it is done. Revoking twice is a success with them, so
 * that a crash in between does no harm.
 *
 * @returns the certificate; undefined where it is gone
 * @throws what an issuer failed with
 */
export async function settleRevocation(
  context: CertificatesContext,
  certificateId: string,
  options: Abortable,
): Promise<CertificateEntry | undefined> {
  const { store, issuers } = context;
  const entry = await store.get(certificates, certificateId);
  if (entry?.value.revocation === undefined || entry.value.revocation.settled) return entry;
  const { reason } = entry.value.revocation;
  for await (const { issuer: name, chainPem } of unexpired(context, certificateId)) {
    throwIfAborted(options.signal);
    const certificateDer = parseCertificates(chainPem)[0]?.der as Uint8Array;
    await issuers.named(name).issuer.revokeCertificate?.({ certificateDer, reason, ...signalOf(options) });
  }
  return store.transact(async (transaction) => {
    const current = await transaction.get(certificates, certificateId);
    const { revocation } = current?.value ?? {};
    if (current === undefined || revocation === undefined || revocation.settled) return current;
    transaction.delete(renewalJobs, certificateId);
    const value = { ...current.value, revocation: { ...revocation, settled: true } };
    return putCertificate(context, transaction, current, value, undefined);
  }, signalOf(options));
}

/** The generations that a relying party would still accept, whose issuer is known. */
async function* unexpired(
  { store, clock }: CertificatesContext,
  certificateId: string,
): AsyncGenerator<IssuedGeneration> {
  const query = { index: 'byCertificate', equals: { certificateId }, limit: 100 } as const;
  for await (const { value } of store.walk(generations, query)) {
    const { issuer, chainPem, notAfter = 0 } = value;
    if (issuer !== undefined && chainPem !== undefined && notAfter >= clock.now()) yield { ...value, issuer, chainPem };
  }
}
