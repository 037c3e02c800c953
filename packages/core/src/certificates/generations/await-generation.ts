import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { Certificate } from '../certificate.ts';
import { certificateNotFound, certificateNotIssued, toCertificate } from '../certificate-record.ts';
import { certificates } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { advance } from './advance.ts';

/** An issuer that is still at work is asked at least this often, and no more often than that, whatever it says. */
const LONGEST_WAIT_MS = 60_000;
const SHORTEST_WAIT_MS = 250;

/**
 * Asks for a pending generation until it is in force.
 *
 * @returns the certificate, also where another instance has brought it there
 * @throws {ChanceryError} ABORTED: the signal ended the waiting; ISSUER_ANSWER_REFUSED, PROCESSOR_FAILED
 * @throws what the issuer failed with
 */
export async function awaitGeneration(
  context: CertificatesContext,
  id: string,
  generationId: string,
  options: Abortable,
): Promise<Certificate> {
  const { clock, sleep, store } = context;
  while (true) {
    const advanced = await advance(context, id, generationId, signalOf(options));
    if (advanced.outcome === 'issued') return toCertificate(context, advanced.certificate);
    if (advanced.outcome === 'overtaken') {
      const entry = await store.get(certificates, id);
      if (entry === undefined) throw certificateNotFound(id);
      if (entry.value.state === 'failed') throw certificateNotIssued(id, entry.value);
      return toCertificate(context, entry);
    }
    const wait = Math.min(Math.max(advanced.retryAt - clock.now(), SHORTEST_WAIT_MS), LONGEST_WAIT_MS);
    await sleep(wait, options.signal);
  }
}
