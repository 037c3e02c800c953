import { signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Certificate } from '../certificate.ts';
import { requireCertificateId } from '../certificate-record.ts';
import type { CertificatesContext } from '../context.ts';
import { awaitGeneration } from '../generations/await-generation.ts';
import { provenCsr } from '../generations/draft.ts';
import { openGeneration } from '../generations/open-generation.ts';
import { type ChangeCertificateOptions, parseInput, renewInput } from './certificate-input.ts';
import { getCertificate } from './find.ts';

/** How the next generation is issued. */
export interface RenewCertificateOptions extends ChangeCertificateOptions {
  /** With a new key. Default true. */
  readonly rekey?: boolean;
  /** Where the key is kept elsewhere: a PKCS#10 request, PEM or DER. */
  readonly csr?: string | Uint8Array;
  /** Whether to wait until it is issued, for as long as `signal` allows. Default true; false leaves what is pending to a scheduler. */
  readonly wait?: boolean;
}

/** See `CertificateManager.renew`. */
export async function renewCertificate(
  context: CertificatesContext,
  id: string,
  options: RenewCertificateOptions,
): Promise<Certificate> {
  const { rekey, csr, wait = true, ifVersion, signal } = parseInput(renewInput, 'renew() options', options);
  requireCertificateId(id);
  throwIfAborted(signal);
  const csrDer = csr === undefined ? undefined : await provenCsr(context, csr);
  const opened = await openGeneration(context, id, { rekey, csrDer, ifVersion, ...signalOf(options) });
  if (opened.outcome === 'overtaken' || !wait) return getCertificate(context, id, options);
  return awaitGeneration(context, id, opened.generationId, options);
}
