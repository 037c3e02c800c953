import { utf8 } from '../../encoding/bytes.ts';
import { AcmeError } from '../../errors/acme-error.ts';
import { type Certificate, parseCertificates } from '../../x509/certificate/certificate.ts';
import { getCertificate } from '../client/certificates.ts';
import { finalizeOrder } from '../client/orders.ts';
import { acmeCertificateId } from '../client/renewal-info.ts';
import type { AcmeOrder } from '../client/types.ts';
import { isProblem } from '../http/problem.ts';
import { requireFit } from './certificate-fit.ts';
import type { OrderRun, OrderStep } from './order-run.ts';

/** Sends the CSR of an order that is ready. */
export async function finalize(run: OrderRun, order: AcmeOrder): Promise<OrderStep> {
  await run.lease.hold();
  try {
    const finalized = await finalizeOrder(await run.client(), order, run.request.csr.der, run.request);
    if (finalized.status === 'valid') return await download(run, finalized);
    return { waitMs: finalized.retryAfterMs };
  } catch (error) {
    // It said `ready` a moment ago: another of its machines does not know yet.
    if (isProblem(error, 'orderNotReady')) return { waitMs: error.retryAfterMs };
    throw error;
  }
}

/**
 * Downloads the certificate, judges it, and keeps it.
 *
 * @throws {AcmeError} ACME_CERTIFICATE_UNFIT: it is none for the key and the names that were asked for
 */
export async function download(run: OrderRun, order: AcmeOrder): Promise<OrderStep> {
  const { context, lease, request } = run;
  await lease.hold();
  if (order.certificate === undefined)
    throw new AcmeError('ACME_PROTOCOL', 'The ACME server calls the order valid and names no certificate');
  const chainPem = await chosenChain(run, order.certificate);
  const chain = parseCertificates(chainPem);
  await requireFit(chain, request, context);
  const leaf = chain[0] as Certificate;
  const { authorityKeyIdentifier, notAfter, serialNumber } = leaf;
  const value = {
    ...lease.value,
    state: 'issued' as const,
    serialNumber,
    ...(authorityKeyIdentifier?.keyIdentifier && { certificateId: acmeCertificateId(leaf.der) }),
  };
  await lease.finish(value, utf8(chainPem), notAfter.getTime());
  return { chainPem };
}

/** The chain that the options prefer, or the one that the server does. */
async function chosenChain(run: OrderRun, url: string): Promise<string> {
  const { context, request, lease } = run;
  const client = await run.client();
  const { chainPem, alternates } = await getCertificate(client, url, request);
  const { preferredChain } = context;
  if (preferredChain === undefined || endsIn(chainPem, preferredChain)) return chainPem;
  for (const alternate of alternates) {
    await lease.hold();
    const other = await getCertificate(client, alternate, request).catch(unlessUnavailable);
    if (other !== undefined && endsIn(other.chainPem, preferredChain)) return other.chainPem;
  }
  context.logger?.warn('The ACME server has no chain of the preferred name', {
    preferredChain,
    chains: alternates.length + 1,
  });
  return chainPem;
}

/** A chain that the server names and does not give is no reason to go without the certificate. */
function unlessUnavailable(error: unknown): undefined {
  if (error instanceof AcmeError && ['ACME_PROTOCOL', 'ACME_REFUSED'].includes(error.code)) return;
  throw error;
}

function endsIn(chainPem: string, commonName: string): boolean {
  const top = parseCertificates(chainPem).at(-1);
  return top !== undefined && [top.issuer, top.subject].some(({ commonNames }) => commonNames.includes(commonName));
}
