import { toHex } from '../../encoding/hex.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { type Certificate, parseCertificates, verifyCertificateSignature } from '../../x509/certificate/certificate.ts';
import { nameText } from '../names/subject-names.ts';

/** Longer chains than any CA gives. */
const LONGEST_CHAIN = 10;
/** A document holds 256 KiB, and this stands in two of them beside the names. */
const MOST_CHARACTERS = 64 * 1024;

/** A chain as a generation holds it. Instants are epoch milliseconds. */
export interface CertificateChain {
  readonly leaf: Certificate;
  /** End-entity certificate first. */
  readonly chainPem: string;
  /** The names of its subjectAltName, in canonical text. */
  readonly names: readonly string[];
  readonly notBefore: number;
  readonly notAfter: number;
  /** Lower-case hex. */
  readonly serialNumber: string;
  readonly sha256Fingerprint: string;
}

/**
 * Reads a chain, and makes sure that each certificate was signed by the next. Whether anybody trusts its end is not judged.
 *
 * @returns the chain, or what is wrong with it
 * @throws {InvalidInputError} PEM_INVALID, CERTIFICATE_INVALID, DER_TOO_LARGE, KEY_INVALID, KEY_UNSUPPORTED,
 *   SIGNATURE_ALGORITHM_UNSUPPORTED: it cannot be read
 */
export async function readChain(
  pem: string,
  crypto: CryptoProvider,
): Promise<CertificateChain | { readonly fault: string }> {
  const parsed = parseCertificates(pem);
  const [leaf] = parsed as [Certificate, ...Certificate[]];
  if (parsed.length > LONGEST_CHAIN)
    return { fault: `it has ${parsed.length} certificates, more than ${LONGEST_CHAIN}` };
  for (const [at, certificate] of parsed.entries()) {
    const issuer = parsed[at + 1];
    if (issuer !== undefined && !(await signed(issuer, certificate, crypto)))
      return { fault: `certificate ${at + 2} did not issue certificate ${at + 1}` };
  }
  if (leaf.basicConstraints?.cA === true) return { fault: 'its first certificate is that of a CA' };
  const chainPem = parsed.map((certificate) => certificate.toPem()).join('');
  if (chainPem.length > MOST_CHARACTERS) return { fault: `it has more than ${MOST_CHARACTERS} characters` };
  return {
    leaf,
    chainPem,
    names: (leaf.subjectAltNames ?? []).map(nameText),
    notBefore: leaf.notBefore.getTime(),
    notAfter: leaf.notAfter.getTime(),
    serialNumber: leaf.serialNumber,
    sha256Fingerprint: toHex(await crypto.digest('SHA-256', leaf.der)),
  };
}

async function signed(issuer: Certificate, certificate: Certificate, crypto: CryptoProvider): Promise<boolean> {
  if (!issuer.subject.equals(certificate.issuer)) return false;
  return verifyCertificateSignature(certificate, await crypto.importPublicKey(issuer.spki), crypto);
}
