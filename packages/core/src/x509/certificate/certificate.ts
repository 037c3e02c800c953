import { toHex } from '../../encoding/hex.ts';
import { encodePem } from '../../encoding/pem.ts';
import type { CryptoProvider, PublicKey, SignatureAlgorithm } from '../../ports/crypto.ts';
import { type DerInputRules, derInput, pemInput } from '../der-input.ts';
import type { Extension } from '../extensions/extension.ts';
import type { DistinguishedName } from '../name/distinguished-name.ts';
import { knownSignatureAlgorithm } from '../signature-algorithm.ts';
import { type CertificateExtensions, decodeCertificateExtensions } from './certificate-extensions.ts';
import { type CertificateFields, readCertificateFields } from './certificate-fields.ts';

const LABEL = 'CERTIFICATE';
const RULES: DerInputRules = { what: 'certificate', labels: [LABEL, 'X509 CERTIFICATE'], maxBytes: 256 * 1024 };
const MAX_BUNDLE = 1000;

/**
 * An X.509 certificate (RFC 5280 section 4), read completely: an extension that the SDK knows has been decoded, so a
 * malformed one cannot hide. Immutable; byte strings are views of {@link Certificate.der} and not to be changed.
 *
 * Being readable says nothing about being valid: not the signature, not the dates, not the path.
 */
export class Certificate implements CertificateExtensions {
  readonly der: Uint8Array;
  /** The TBSCertificate, which the signature covers. */
  readonly tbs: Uint8Array;
  readonly version: 1 | 2 | 3;
  /** Lower-case hexadecimal of the magnitude, two digits an octet. */
  readonly serialNumber: string;
  /** Undefined for an algorithm that the SDK does not know; {@link Certificate.signatureAlgorithmOid} names it. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signatureAlgorithmOid: string;
  /** For RSASSA-PSS whose salt is not as long as the digest: its length, in bytes. */
  readonly signatureSaltLength: number | undefined;
  readonly signature: Uint8Array;
  readonly issuer: DistinguishedName;
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  readonly extensions: readonly Extension[];
  readonly basicConstraints: CertificateExtensions['basicConstraints'];
  readonly keyUsage: CertificateExtensions['keyUsage'];
  readonly extKeyUsage: CertificateExtensions['extKeyUsage'];
  readonly subjectAltNames: CertificateExtensions['subjectAltNames'];
  readonly issuerAltNames: CertificateExtensions['issuerAltNames'];
  readonly authorityKeyIdentifier: CertificateExtensions['authorityKeyIdentifier'];
  readonly subjectKeyIdentifier: CertificateExtensions['subjectKeyIdentifier'];
  readonly crlDistributionPoints: CertificateExtensions['crlDistributionPoints'];
  readonly authorityInfoAccess: CertificateExtensions['authorityInfoAccess'];
  readonly policies: CertificateExtensions['policies'];
  readonly policyMappings: CertificateExtensions['policyMappings'];
  readonly policyConstraints: CertificateExtensions['policyConstraints'];
  readonly inhibitAnyPolicy: CertificateExtensions['inhibitAnyPolicy'];
  readonly nameConstraints: CertificateExtensions['nameConstraints'];
  readonly noRevAvail: boolean;
  readonly ocspNoCheck: boolean;
  readonly #notBefore: number;
  readonly #notAfter: number;

  /** @internal Use {@link parseCertificate}. */
  constructor(der: Uint8Array, fields: CertificateFields, known: CertificateExtensions) {
    this.der = der;
    this.tbs = fields.tbs;
    this.version = fields.version;
    this.serialNumber = toHex(fields.serialNumber);
    this.signatureAlgorithm = fields.signatureAlgorithm.algorithm;
    this.signatureAlgorithmOid = fields.signatureAlgorithm.oid;
    this.signatureSaltLength = fields.signatureAlgorithm.saltLength;
    this.signature = fields.signature;
    this.issuer = fields.issuer;
    this.subject = fields.subject;
    this.spki = fields.spki;
    this.extensions = fields.extensions;
    this.basicConstraints = known.basicConstraints;
    this.keyUsage = known.keyUsage;
    this.extKeyUsage = known.extKeyUsage;
    this.subjectAltNames = known.subjectAltNames;
    this.issuerAltNames = known.issuerAltNames;
    this.authorityKeyIdentifier = known.authorityKeyIdentifier;
    this.subjectKeyIdentifier = known.subjectKeyIdentifier;
    this.crlDistributionPoints = known.crlDistributionPoints;
    this.authorityInfoAccess = known.authorityInfoAccess;
    this.policies = known.policies;
    this.policyMappings = known.policyMappings;
    this.policyConstraints = known.policyConstraints;
    this.inhibitAnyPolicy = known.inhibitAnyPolicy;
    this.nameConstraints = known.nameConstraints;
    this.noRevAvail = known.noRevAvail;
    this.ocspNoCheck = known.ocspNoCheck;
    this.#notBefore = fields.notBefore;
    this.#notAfter = fields.notAfter;
  }

  /** When the validity period starts, inclusive. A copy, so that setting it changes nothing. */
  get notBefore(): Date {
    return new Date(this.#notBefore);
  }

  /** When the validity period ends, inclusive. A copy, so that setting it changes nothing. */
  get notAfter(): Date {
    return new Date(this.#notAfter);
  }

  /** The certificate as PEM. */
  toPem(): string {
    return encodePem(LABEL, this.der);
  }
}

/**
 * Reads a certificate strictly (RFC 5280 section 4.1).
 *
 * @param input PEM text with exactly one block, or DER, which is copied; at most 256 KiB
 * @returns the certificate
 * @throws {InvalidInputError} CERTIFICATE_INVALID: it is malformed; the message names the field
 * @throws {InvalidInputError} PEM_INVALID: the text is not one PEM block labelled CERTIFICATE
 * @throws {InvalidInputError} DER_TOO_LARGE: more than 256 KiB
 * @throws {InvalidInputError} INVALID_ARGUMENT: neither text nor bytes
 */
export function parseCertificate(input: string | Uint8Array): Certificate {
  return readCertificate(derInput(input, RULES));
}

/**
 * Reads the certificates of a PEM bundle, such as a chain, in their order.
 *
 * @param pem PEM text with one to 1,000 blocks, each labelled CERTIFICATE
 * @returns the certificates
 * @throws {InvalidInputError} CERTIFICATE_INVALID: one is malformed; the message names the field
 * @throws {InvalidInputError} PEM_INVALID: the text is not PEM, holds other blocks, or too many
 * @throws {InvalidInputError} DER_TOO_LARGE: one has more than 256 KiB
 */
export function parseCertificates(pem: string): Certificate[] {
  return pemInput(pem, RULES, MAX_BUNDLE).map(readCertificate);
}

/**
 * Verifies a certificate's signature. That alone makes no certification path.
 *
 * @param certificate the certificate
 * @param issuerPublicKey the key of its issuer, imported by `crypto`
 * @param crypto verifies
 * @returns false when the key did not make the signature
 * @throws {InvalidInputError} SIGNATURE_ALGORITHM_UNSUPPORTED: the algorithm is unknown or does not fit the key
 */
export async function verifyCertificateSignature(
  certificate: Certificate,
  issuerPublicKey: PublicKey,
  crypto: CryptoProvider,
): Promise<boolean> {
  const { signatureAlgorithm: algorithm, signatureAlgorithmOid: oid } = certificate;
  const known = knownSignatureAlgorithm({ algorithm, oid }, 'certificate');
  return crypto.verify(issuerPublicKey, known, certificate.tbs, certificate.signature, certificate.signatureSaltLength);
}

function readCertificate(der: Uint8Array): Certificate {
  const fields = readCertificateFields(der);
  return new Certificate(der, fields, decodeCertificateExtensions(fields.extensions));
}
