import { findWeakness } from '../../crypto/weak-keys.ts';
import { equalBytes } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Certificate } from '../../x509/certificate/certificate.ts';
import { PathGate } from '../issuance/path-gate.ts';
import { isSignedBy } from './signature.ts';

/**
 * Finds the trust anchor that signed an intermediate's certificate, after checking that the certificate is one that this authority can
 * sign with: it fits key and subject of the request, is valid now, and may sign certificates and CRLs.
 *
 * @throws {InvalidInputError} INTERMEDIATE_INVALID: names the first rule that it breaks
 */
export async function checkIntermediate(
  certificate: Certificate,
  expected: { readonly spki: Uint8Array; readonly subject: Uint8Array },
  trustAnchors: readonly Certificate[],
  now: number,
  crypto: CryptoProvider,
): Promise<Certificate> {
  if (!equalBytes(certificate.spki, expected.spki)) throw unfit('its key is not the one that was requested');
  if (!equalBytes(certificate.subject.der, expected.subject)) {
    throw unfit(`its subject ${JSON.stringify(certificate.subject.toString())} is not the one that was requested`);
  }
  checkCaFields(certificate, 'the intermediate', now);
  for (const field of ['keyUsage', 'subjectKeyIdentifier'] as const) {
    // RFC 5280 sections 4.2.1.2 and 4.2.1.3: without them, verifiers refuse or cannot find what it signs.
    if (certificate[field] === undefined) throw unfit(`it has no ${field}`);
  }
  if (certificate.subject.equals(certificate.issuer))
    throw unfit('it is self-issued: an intermediate is signed by a root');
  const trustAnchor = await findSigner(certificate, trustAnchors, crypto);
  checkCaFields(trustAnchor, 'its trust anchor', now);
  if (trustAnchor.basicConstraints?.pathLenConstraint === 0)
    throw unfit('its trust anchor has pathLenConstraint 0 and may sign no CA');
  if (certificate.notAfter.getTime() > trustAnchor.notAfter.getTime())
    throw unfit(`it outlives its trust anchor, which ends at ${trustAnchor.notAfter.toISOString()}`);
  return trustAnchor;
}

/** @throws {InvalidInputError} INTERMEDIATE_INVALID: not a self-signed CA certificate */
export async function checkTrustAnchor(anchor: Certificate, crypto: CryptoProvider): Promise<void> {
  const selfSigned = anchor.issuer.equals(anchor.subject) && (await isSignedBy(anchor, anchor, crypto));
  const name = JSON.stringify(anchor.subject.toString());
  if (!selfSigned) throw unfit(`the trust anchor ${name} is not self-signed`);
  const weakness = findWeakness((await crypto.importPublicKey(anchor.spki)).kind, anchor.spki);
  if (weakness !== undefined) throw unfit(`the key of the trust anchor ${name} is weak: ${weakness.message}`);
}

/**
 * Validates the path to an intermediate as a relying party would.
 *
 * @throws {InvalidInputError} INTERMEDIATE_INVALID: names the rule of RFC 5280 that it breaks
 */
export async function checkPath(
  certificate: Certificate,
  trustAnchor: Certificate,
  options: { readonly crypto: CryptoProvider; readonly clock: Clock },
): Promise<void> {
  const gate = new PathGate({ certificate: undefined, trustAnchor }, options);
  const error = await gate.findProblem(certificate.der, { keyUsage: ['keyCertSign', 'cRLSign'] });
  if (error !== undefined) throw unfit(`its path is not valid: ${error.message}`, error);
}

async function findSigner(
  certificate: Certificate,
  trustAnchors: readonly Certificate[],
  crypto: CryptoProvider,
): Promise<Certificate> {
  const named = trustAnchors.filter((anchor) => anchor.subject.equals(certificate.issuer));
  for (const anchor of named) {
    if (await isSignedBy(certificate, anchor, crypto)) return anchor;
  }
  const issuer = JSON.stringify(certificate.issuer.toString());
  throw unfit(
    named.length === 0 ? `no trust anchor is named ${issuer}` : `the key of the trust anchor ${issuer} did not sign it`,
  );
}

function checkCaFields(certificate: Certificate, which: string, now: number): void {
  if (certificate.basicConstraints?.cA !== true) throw unfit(`${which} is not a CA certificate`);
  for (const usage of ['keyCertSign', 'cRLSign'] as const) {
    if (certificate.keyUsage !== undefined && !certificate.keyUsage.includes(usage))
      throw unfit(`${which} lacks the key usage ${usage}`);
  }
  if (certificate.notBefore.getTime() > now)
    throw unfit(`${which} is not valid before ${certificate.notBefore.toISOString()}`);
  if (certificate.notAfter.getTime() < now)
    throw unfit(`${which} has expired at ${certificate.notAfter.toISOString()}`);
}

function unfit(why: string, cause?: unknown): InvalidInputError {
  return new InvalidInputError(
    'INTERMEDIATE_INVALID',
    `This certificate cannot be installed: ${why}`,
    cause === undefined ? {} : { cause },
  );
}
