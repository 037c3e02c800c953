import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { Certificate, verifyCertificateSignature } from '../../x509/certificate/certificate.ts';
import { type CertificateRevocationList, verifyCrlSignature } from '../../x509/crl/crl.ts';

/**
 * Tells whether the key of a CA made the signature of a certificate or a CRL. A signature by another kind of key is simply not its own.
 *
 * @throws {InvalidInputError} SIGNATURE_ALGORITHM_UNSUPPORTED: an algorithm that the SDK does not know
 * @throws {InvalidInputError} KEY_INVALID, KEY_UNSUPPORTED: the CA's key cannot be used
 */
export async function isSignedBy(
  signed: Certificate | CertificateRevocationList,
  signer: Certificate,
  crypto: CryptoProvider,
): Promise<boolean> {
  const key = await crypto.importPublicKey(signer.spki);
  try {
    return signed instanceof Certificate
      ? await verifyCertificateSignature(signed, key, crypto)
      : await verifyCrlSignature(signed, key, crypto);
  } catch (error) {
    const isKnown = signed.signatureAlgorithm !== undefined;
    if (isKnown && error instanceof InvalidInputError && error.code === 'SIGNATURE_ALGORITHM_UNSUPPORTED') return false;
    throw error;
  }
}
