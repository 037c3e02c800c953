import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { parseCertificates } from '../../x509/certificate/certificate.ts';
import { type CertificateEntry, putCertificate } from '../certificate-record.ts';
import { certificates, type GenerationValue, generations, renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { learnWhatWasGiven } from './late-generation.ts';
import type { PendingGeneration } from './run-processors.ts';

/** Of the requests that were given up, how many are asked for again. More than these were made by somebody who never waited for one. */
const MOST_GIVEN_UP = 16;

/** How far a revocation has come. */
export interface Settlement {
  readonly certificate: CertificateEntry;
  /** When an issuer is to be asked again that is still at work on what was asked for before, epoch milliseconds. Absent: all is settled. */
  readonly retryAt?: number;
}

/** What the issuers are to be told, and to be asked, of a certificate. */
interface Outstanding {
  readonly issued: { readonly id: string; readonly issuer: string; readonly chainPem: string }[];
  readonly givenUp: PendingGeneration[];
}

/**
 * Has the issuers of a revoked certificate revoke each generation that has not ended, those included that they give only now, and notes that it is
 * done. Revoking twice is a success with them, so that a crash in between does no harm.
 *
 * @returns undefined where the certificate is gone
 * @throws what an issuer failed with
 */
export async function settleRevocation(
  context: CertificatesContext,
  certificateId: string,
  options: Abortable,
): Promise<Settlement | undefined> {
  const revoked = new Set<string>();
  let mayAsk = MOST_GIVEN_UP;
  while (true) {
    const entry = await context.store.get(certificates, certificateId);
    if (entry?.value.revocation === undefined || entry.value.revocation.settled) return entry && { certificate: entry };
    const { issued, givenUp } = await outstanding(context, entry);
    for (const generation of issued) {
      if (revoked.has(generation.id)) continue;
      await revokeGeneration(context, generation, entry.value.revocation.reason, options);
      revoked.add(generation.id);
    }
    // The latest ones come last.
    const asked = mayAsk === 0 ? [] : givenUp.slice(-mayAsk);
    const retryAt = await learnAll(context, asked, options);
    if (retryAt !== undefined) return { certificate: entry, retryAt };
    mayAsk -= asked.length;
    const settled = asked.length === 0 ? await noteSettled(context, entry, options) : undefined;
    if (settled !== undefined) return { certificate: settled };
  }
}

async function revokeGeneration(
  { issuers }: CertificatesContext,
  { issuer, chainPem }: Outstanding['issued'][number],
  reason: NonNullable<CertificateEntry['value']['revocation']>['reason'],
  options: Abortable,
): Promise<void> {
  throwIfAborted(options.signal);
  const certificateDer = parseCertificates(chainPem)[0]?.der as Uint8Array;
  await issuers.named(issuer).issuer.revokeCertificate?.({ certificateDer, reason, ...signalOf(options) });
}

/** @returns when the first issuer that is still at work is to be asked again, epoch milliseconds */
async function learnAll(
  context: CertificatesContext,
  givenUp: readonly PendingGeneration[],
  options: Abortable,
): Promise<number | undefined> {
  const instants: number[] = [];
  for (const generation of givenUp) {
    throwIfAborted(options.signal);
    const retryAt = await learnWhatWasGiven(context, generation, options);
    if (retryAt !== undefined) instants.push(retryAt);
  }
  return instants.length === 0 ? undefined : Math.min(...instants);
}

/** @returns undefined where the certificate has changed since: a generation may have come */
async function noteSettled(
  context: CertificatesContext,
  entry: CertificateEntry,
  options: Abortable,
): Promise<CertificateEntry | undefined> {
  const { id, version } = entry;
  return context.store.transact(async (transaction) => {
    const present = await transaction.get(certificates, id);
    const { revocation } = present?.value ?? {};
    if (present?.version !== version || revocation === undefined) return undefined;
    transaction.delete(renewalJobs, id);
    const value = { ...present.value, revocation: { ...revocation, settled: true } };
    return putCertificate(context, transaction, present, value, undefined);
  }, signalOf(options));
}

/** The generations of known issuers that a relying party would still accept, and those of which nobody knows whether there is one. */
async function outstanding(
  { store, clock }: CertificatesContext,
  { id: certificateId, value: certificate }: CertificateEntry,
): Promise<Outstanding> {
  const found: Outstanding = { issued: [], givenUp: [] };
  const query = { index: 'byCertificate', equals: { certificateId }, limit: 100 } as const;
  for await (const { id, value } of store.walk(generations, query)) {
    const { issuer, chainPem } = value;
    if (issuer === undefined) continue;
    if (chainPem === undefined) {
      const generation = { ...value, issuer } satisfies GenerationValue;
      found.givenUp.push({ certificateId, certificate, generationId: id, generation });
    } else if ((value.notAfter ?? 0) >= clock.now()) found.issued.push({ id, issuer, chainPem });
  }
  return found;
}
