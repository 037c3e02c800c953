import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { CertificateRequestResult } from '../../ports/issuer.ts';
import type { CertificateValue, GenerationValue } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { storedCsr } from './draft.ts';

/** A generation that an issuer is asked for. */
export interface AskedGeneration {
  readonly certificateId: string;
  readonly certificate: Pick<CertificateValue, 'accountId' | 'serialNumber'>;
  readonly generationId: string;
  readonly generation: GenerationValue & { readonly issuer: string };
}

/** What an issuer says to a request: it is at work, or here is something that is yet to be judged. */
export type IssuerAnswer =
  | { readonly outcome: 'pending'; readonly retryAt: number }
  | { readonly outcome: 'answered'; readonly answer: unknown };

/**
 * Asks an issuer for a generation, by its id: once more of what was asked before is the same request, whatever has become of the certificate since.
 *
 * @throws {InvalidInputError} ISSUER_UNKNOWN
 * @throws what the issuer failed with
 */
export async function askIssuer(
  { issuers }: CertificatesContext,
  { certificate, generationId, generation }: AskedGeneration,
  options: Abortable,
): Promise<IssuerAnswer> {
  const { serialNumber, accountId } = certificate;
  const { profile, lifetimeMs } = generation;
  const answer = await issuers.named(generation.issuer).issuer.requestCertificate({
    requestId: generationId,
    csrDer: storedCsr(generation.csr),
    subjectAltNames: generation.subjectAltNames,
    ...(profile === undefined ? {} : { profile }),
    ...(lifetimeMs === undefined ? {} : { validity: { hours: lifetimeMs / 3_600_000 } }),
    ...(serialNumber === undefined ? {} : { replaces: serialNumber }),
    ...(accountId === undefined ? {} : { accountId }),
    ...signalOf(options),
  });
  const retryAt = retryInstant(answer);
  return retryAt === undefined ? { outcome: 'answered', answer } : { outcome: 'pending', retryAt };
}

/** When to ask again, where an answer says so; what is no instant is left for the judge of answers to refuse. */
function retryInstant(answer: CertificateRequestResult | undefined): number | undefined {
  if (typeof answer !== 'object' || answer === null || !('pending' in answer)) return undefined;
  const retryAt = answer.retryAt instanceof Date ? answer.retryAt.getTime() : Number.NaN;
  return Number.isSafeInteger(retryAt) ? retryAt : undefined;
}
