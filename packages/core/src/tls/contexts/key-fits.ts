import { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { decodePem } from '../../encoding/pem.ts';
import { parseCertificates } from '../../x509/certificate/certificate.ts';
import type { CertificatePem } from './certificate-pem.ts';

/**
 * Whether a certificate and a key are of one kind. OpenSSL compares them only then: else it takes both, and every handshake fails.
 *
 * @throws {InvalidInputError} PEM_INVALID, DER_INVALID, CERTIFICATE_INVALID: one of them cannot be read
 */
export function isOneKind({ certPem, keyPem }: CertificatePem): boolean {
  const [certificate] = parseCertificates(certPem);
  const key = decodePem(keyPem).find(({ label }) => label === 'PRIVATE KEY');
  // What other labels hold is told apart by OpenSSL.
  if (certificate === undefined || key === undefined) return true;
  return algorithmOf(new DerReader(certificate.spki).read(Tag.sequence)) === privateKeyAlgorithm(key.der);
}

/** The privateKeyAlgorithm of a PrivateKeyInfo (RFC 5208 section 5). */
function privateKeyAlgorithm(pkcs8: Uint8Array): string {
  const content = new DerReader(pkcs8).read(Tag.sequence);
  content.skip(Tag.integer);
  return algorithmOf(content);
}

/** The OID of the AlgorithmIdentifier that comes next. */
function algorithmOf(content: DerReader): string {
  return content.read(Tag.sequence).oid();
}
