import { equalBytes } from '../../encoding/bytes.ts';
import { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { toHex } from '../../encoding/hex.ts';
import type { CryptoProvider, DigestAlgorithm } from '../../ports/crypto.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { readSerialNumber } from '../certificate/serial-number.ts';

/** Which certificate is asked about (RFC 6960 section 4.1.1). */
export interface OcspCertId {
  /** OID of the digest that made the two hashes. */
  readonly hashAlgorithm: string;
  readonly issuerNameHash: Uint8Array;
  readonly issuerKeyHash: Uint8Array;
  /** Lower-case hexadecimal of the magnitude. */
  readonly serialNumber: string;
}

/** The digests that a CertID may be made with, by OID. SHA-1 tells issuers apart here, and proves nothing. */
export const CERT_ID_DIGESTS: ReadonlyMap<string, DigestAlgorithm> = new Map([
  ['1.3.14.3.2.26', 'SHA-1'],
  ['2.16.840.1.101.3.4.2.1', 'SHA-256'],
  ['2.16.840.1.101.3.4.2.2', 'SHA-384'],
  ['2.16.840.1.101.3.4.2.3', 'SHA-512'],
]);

/**
 * Reads a CertID.
 *
 * @param reader stands before the SEQUENCE, and behind it afterwards
 * @returns what it says; the hashes are views
 * @throws {InvalidInputError} DER_INVALID: it is malformed
 */
export function readCertId(reader: DerReader): OcspCertId {
  const id = reader.read(Tag.sequence);
  const algorithm = id.read(Tag.sequence);
  const hashAlgorithm = algorithm.oid();
  if (!algorithm.done) algorithm.null();
  algorithm.finish();
  const issuerNameHash = id.octetString();
  const issuerKeyHash = id.octetString();
  const serialNumber = toHex(readSerialNumber(id));
  id.finish();
  return { hashAlgorithm, issuerNameHash, issuerKeyHash, serialNumber };
}

/**
 * Tells whether a CertID names a certificate.
 *
 * @param id the CertID
 * @param certificate which one
 * @param issuer its issuer's certificate
 * @param crypto digests
 */
export async function isCertIdOf(
  id: OcspCertId,
  certificate: Certificate,
  issuer: Certificate,
  crypto: CryptoProvider,
): Promise<boolean> {
  const digest = CERT_ID_DIGESTS.get(id.hashAlgorithm);
  if (digest === undefined || id.serialNumber !== certificate.serialNumber) return false;
  return (
    equalBytes(id.issuerNameHash, await crypto.digest(digest, certificate.issuer.der)) &&
    equalBytes(id.issuerKeyHash, await crypto.digest(digest, keyBits(issuer.spki)))
  );
}

/**
 * The bits of subjectPublicKey, which OCSP hashes to tell keys apart.
 *
 * @param spki SubjectPublicKeyInfo, DER
 */
export function keyBits(spki: Uint8Array): Uint8Array {
  const info = new DerReader(spki).read(Tag.sequence);
  info.skip(Tag.sequence);
  return info.bitString().bytes;
}
