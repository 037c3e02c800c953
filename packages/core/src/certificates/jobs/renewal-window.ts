import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { RenewalJob, RenewalWindow } from '../../ports/renewal-source.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { parseCertificates } from '../../x509/certificate/certificate.ts';
import { certificates } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { heldJob, putHeldJob } from './lease.ts';

/** An issuer that wants to be asked again in years must not keep a window that it has moved since. */
const LONGEST_REST_MS = 86_400_000;

/** See `RenewalSource.renewalWindow`. */
export async function renewalWindow(
  context: CertificatesContext,
  job: RenewalJob,
  options: Abortable,
): Promise<RenewalWindow | undefined> {
  throwIfAborted(options.signal);
  const entry = await context.store.get(certificates, job.certificateId);
  const { issuer: name, chainPem, generation } = entry?.value ?? {};
  if (name === undefined || chainPem === undefined || generation !== job.generation) return undefined;
  const { issuer } = context.issuers.named(name);
  if (issuer.renewalInfo === undefined) return undefined;
  const certificateDer = parseCertificates(chainPem)[0]?.der as Uint8Array;
  const info = await issuer.renewalInfo({ certificateDer, ...signalOf(options) });
  if (info === undefined) return undefined;
  const { windowStart, windowEnd, retryAt } = info;
  const askAgainAt = Math.min(retryAt.getTime(), context.clock.now() + LONGEST_REST_MS);
  const window = { start: windowStart.getTime(), end: windowEnd.getTime(), retryAt: askAgainAt };
  // What is no window must not decide when a certificate is renewed.
  if (!Object.values(window).every(Number.isSafeInteger) || window.end < window.start) return undefined;
  await remember(context, job, window);
  return window;
}

/** With the job of this generation alone: the next one's begins without. */
async function remember(context: CertificatesContext, job: RenewalJob, ari: RenewalWindow): Promise<void> {
  await context.store.transact(
    async (transaction) => {
      const entry = await heldJob(transaction, job);
      if (entry !== undefined) putHeldJob(context, transaction, job, entry, { ari });
    },
    { repeatable: true },
  );
}
