import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { parseCertificates } from '../../x509/certificate/certificate.ts';
import { type CertificateEntry, putCertificate } from '../certificate-record.ts';
import { certificates, generations, renewalJobs } from '../collections.ts';
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

/** What one call has tried. */
interface Progress {
  /** Generations, by id. */
  readonly revoked: Set<string>;
  readonly asked: Set<string>;
  readonly errors: unknown[];
  /** When issuers that are still at work are to be asked again. */
  readonly instants: number[];
}

/**
 * Has the issuers of a revoked certificate revoke each generation that has not ended, those included that they give only now, and notes that it is
 * done. Revoking twice is a success with them, so that a crash in between does no harm.
 *
 * @returns undefined where the certificate is gone
 * @throws what an issuer failed with first, after all was tried
 */
export async function settleRevocation(
  context: CertificatesContext,
  certificateId: string,
  options: Abortable,
): Promise<Settlement | undefined> {
  const progress: Progress = { revoked: new Set(), asked: new Set(), errors: [], instants: [] };
  const { errors, instants } = progress;
  while (true) {
    const entry = await context.store.get(certificates, certificateId);
    if (entry?.value.revocation === undefined || entry.value.revocation.settled) return entry && { certificate: entry };
    const givenUp = await revokeIssued(context, entry, progress, options);
    if (givenUp.length > 0) {
      await ask(context, givenUp, progress, options);
      continue;
    }
    throwIfAborted(options.signal);
    if (errors.length > 0) throw errors[0];
    if (instants.length > 0) return { certificate: entry, retryAt: Math.min(...instants) };
    const settled = await noteSettled(context, entry, options);
    if (settled !== undefined) return { certificate: settled };
  }
}

/** @returns the generations that are to be asked for, before all is revoked */
async function revokeIssued(
  context: CertificatesContext,
  { id: certificateId, value: certificate }: CertificateEntry,
  progress: Progress,
  options: Abortable,
): Promise<PendingGeneration[]> {
  const { revoked, asked } = progress;
  const { reason = 'unspecified' } = certificate.revocation ?? {};
  const givenUp: PendingGeneration[] = [];
  for await (const { id, generation } of outstanding(context, certificateId)) {
    const { chainPem } = generation;
    if (chainPem === undefined) {
      if (!asked.has(id)) givenUp.push({ certificateId, certificate, generationId: id, generation });
      // The latest ones come last.
      if (givenUp.length > MOST_GIVEN_UP - asked.size) givenUp.shift();
    } else if (!revoked.has(id)) {
      revoked.add(id);
      await attempt(progress, options, () => revokeGeneration(context, { ...generation, chainPem }, reason, options));
    }
  }
  return givenUp;
}

async function ask(
  context: CertificatesContext,
  givenUp: readonly PendingGeneration[],
  progress: Progress,
  options: Abortable,
): Promise<void> {
  for (const each of givenUp) {
    progress.asked.add(each.generationId);
    const retryAt = await attempt(progress, options, () => learnWhatWasGiven(context, each, options));
    if (retryAt !== undefined) progress.instants.push(retryAt);
  }
}

/** One generation that makes trouble must not keep the others in force. */
async function attempt<T>({ errors }: Progress, { signal }: Abortable, work: () => Promise<T>): Promise<T | undefined> {
  throwIfAborted(signal);
  try {
    return await work();
  } catch (error) {
    errors.push(error);
    return undefined;
  }
}

async function revokeGeneration(
  { issuers }: CertificatesContext,
  { issuer, chainPem }: { readonly issuer: string; readonly chainPem: string },
  reason: NonNullable<CertificateEntry['value']['revocation']>['reason'],
  options: Abortable,
): Promise<void> {
  const certificateDer = parseCertificates(chainPem)[0]?.der as Uint8Array;
  await issuers.named(issuer).issuer.revokeCertificate?.({ certificateDer, reason, ...signalOf(options) });
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
async function* outstanding(
  { store, clock }: CertificatesContext,
  certificateId: string,
): AsyncGenerator<Pick<PendingGeneration, 'generation'> & { readonly id: string }> {
  const query = { index: 'byCertificate', equals: { certificateId }, limit: 100 } as const;
  for await (const { id, value } of store.walk(generations, query)) {
    const { issuer, chainPem, notAfter = 0 } = value;
    if (issuer === undefined) continue;
    if (chainPem === undefined || notAfter >= clock.now()) yield { id, generation: { ...value, issuer } };
  }
}
