import { equalBytes } from '../../encoding/bytes.ts';
import { AcmeError } from '../../errors/acme-error.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { type Certificate, verifyCertificateSignature } from '../../x509/certificate/certificate.ts';
import { describeGeneralName } from '../../x509/name/general-name.ts';
import { type CheckedRequest, identifierText } from './checked-request.ts';

/**
 * Refuses a chain that does not belong to a request: another key, other names, an end that has passed, or certificates that do not sign one
 * another. Whether its root is to be trusted is for relying parties to say.
 *
 * @throws {AcmeError} ACME_CERTIFICATE_UNFIT: names what does not fit
 */
export async function requireFit(
  chain: readonly Certificate[],
  { csr, identifiers }: CheckedRequest,
  { clock, crypto }: { readonly clock: Clock; readonly crypto: CryptoProvider },
): Promise<void> {
  const leaf = chain[0] as Certificate;
  if (!equalBytes(leaf.spki, csr.spki)) throw unfit('it is for another key');
  const held = new Set((leaf.subjectAltNames ?? []).map((name) => describeGeneralName(name).toLowerCase()));
  const asked = new Set(identifiers.map(identifierText));
  const missing = [...asked].filter((name) => !held.has(name));
  if (missing.length > 0) throw unfit(`it is not for ${missing.join(', ')}`);
  const excess = [...held].filter((name) => !asked.has(name));
  if (excess.length > 0) throw unfit(`it is for ${excess.join(', ')}, too`);
  if (leaf.notAfter.getTime() <= clock.now()) throw unfit(`it ended at ${leaf.notAfter.toISOString()}`);
  for (let at = 0; at + 1 < chain.length; at++)
    await requireSigned(chain[at] as Certificate, chain[at + 1] as Certificate, crypto);
}

async function requireSigned(certificate: Certificate, issuer: Certificate, crypto: CryptoProvider): Promise<void> {
  const subject = JSON.stringify(certificate.subject.toString());
  if (!certificate.issuer.equals(issuer.subject)) throw unfit(`the chain breaks above ${subject}`);
  let fits: boolean;
  try {
    fits = await verifyCertificateSignature(certificate, await crypto.importPublicKey(issuer.spki), crypto);
  } catch (cause) {
    throw unfit(`the signature of ${subject} cannot be verified`, cause);
  }
  if (!fits) throw unfit(`the signature of ${subject} is not by the certificate above it`);
}

function unfit(problem: string, cause?: unknown): AcmeError {
  return new AcmeError(
    'ACME_CERTIFICATE_UNFIT',
    `The certificate that the ACME server issued does not fit the request: ${problem}`,
    {
      ...(cause !== undefined && { cause }),
    },
  );
}
