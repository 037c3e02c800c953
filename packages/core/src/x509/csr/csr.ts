import { encodePem } from '../../encoding/pem.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import type { CryptoProvider, PublicKey, SignatureAlgorithm } from '../../ports/crypto.ts';
import { type DerInputRules, derInput } from '../der-input.ts';
import { decodeSubjectAltName } from '../extensions/alternative-names.ts';
import { type Extension, findExtension } from '../extensions/extension.ts';
import { malformed } from '../malformed.ts';
import type { DistinguishedName } from '../name/distinguished-name.ts';
import type { GeneralName } from '../name/general-name.ts';
import { knownSignatureAlgorithm } from '../signature-algorithm.ts';
import { type CsrAttribute, type CsrFields, readCsrFields } from './csr-fields.ts';

const LABEL = 'CERTIFICATE REQUEST';
const RULES: DerInputRules = { what: 'CSR', labels: [LABEL, 'NEW CERTIFICATE REQUEST'], maxBytes: 1024 * 1024 };

/**
 * A certification request (PKCS #10, RFC 2986). Immutable; byte strings are views of
 * {@link CertificationRequest.der} and not to be changed.
 *
 * Anyone can write anything into a CSR: until {@link verifyCsr} it does not even prove that its author has the key.
 */
export class CertificationRequest {
  readonly der: Uint8Array;
  /** The CertificationRequestInfo, which the signature covers. */
  readonly tbs: Uint8Array;
  readonly subject: DistinguishedName;
  /** SubjectPublicKeyInfo, DER. */
  readonly spki: Uint8Array;
  /** Every attribute, known or not. */
  readonly attributes: readonly CsrAttribute[];
  /** What the extensionRequest attribute asks for (RFC 2985 section 5.4.2); empty without one. */
  readonly requestedExtensions: readonly Extension[];
  /** The requested subjectAltName; undefined when none is requested. */
  readonly subjectAltNames: readonly GeneralName[] | undefined;
  /** Undefined for an algorithm that the SDK does not know; {@link CertificationRequest.signatureAlgorithmOid} names it. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signatureAlgorithmOid: string;
  /** For RSASSA-PSS whose salt is not as long as the digest: its length, in bytes. */
  readonly signatureSaltLength: number | undefined;
  readonly signature: Uint8Array;

  /** @internal Use {@link parseCsr}. */
  constructor(der: Uint8Array, fields: CsrFields, subjectAltNames: readonly GeneralName[] | undefined) {
    this.der = der;
    this.tbs = fields.tbs;
    this.subject = fields.subject;
    this.spki = fields.spki;
    this.attributes = fields.attributes;
    this.requestedExtensions = fields.requestedExtensions;
    this.subjectAltNames = subjectAltNames;
    this.signatureAlgorithm = fields.signatureAlgorithm.algorithm;
    this.signatureAlgorithmOid = fields.signatureAlgorithm.oid;
    this.signatureSaltLength = fields.signatureAlgorithm.saltLength;
    this.signature = fields.signature;
  }

  /** The request as PEM. */
  toPem(): string {
    return encodePem(LABEL, this.der);
  }
}

/**
 * Reads a CSR strictly (RFC 2986 section 4). Unknown attributes and extensions are kept; the signature is not verified.
 *
 * @param input PEM text with exactly one block, or DER, which is copied; at most 1 MiB
 * @returns the CSR
 * @throws {InvalidInputError} CSR_INVALID: it is malformed; the message names the field
 * @throws {InvalidInputError} PEM_INVALID: the text is not one PEM block labelled CERTIFICATE REQUEST
 * @throws {InvalidInputError} DER_TOO_LARGE: more than 1 MiB
 * @throws {InvalidInputError} INVALID_ARGUMENT: neither text nor bytes
 */
export function parseCsr(input: string | Uint8Array): CertificationRequest {
  const der = derInput(input, RULES);
  const fields = readCsrFields(der);
  return new CertificationRequest(der, fields, readSubjectAltNames(fields.requestedExtensions));
}

/**
 * Verifies that the author of a CSR has the private key: its signature is by the key that it asks a certificate for.
 *
 * @param csr the CSR
 * @param crypto imports the key, which checks it, and verifies
 * @returns the key, to be looked at by a policy before it is certified
 * @throws {InvalidInputError} CSR_SIGNATURE_INVALID: the signature does not fit
 * @throws {InvalidInputError} SIGNATURE_ALGORITHM_UNSUPPORTED: the algorithm is unknown or does not fit the key
 * @throws {InvalidInputError} KEY_INVALID, KEY_UNSUPPORTED: the key is malformed, or of a type that the SDK does not know
 */
export async function verifyCsr(csr: CertificationRequest, crypto: CryptoProvider): Promise<PublicKey> {
  const { signatureAlgorithm: algorithm, signatureAlgorithmOid: oid, tbs, signature } = csr;
  const known = knownSignatureAlgorithm({ algorithm, oid }, 'CSR');
  const publicKey = await crypto.importPublicKey(csr.spki);
  if (await crypto.verify(publicKey, known, tbs, signature, csr.signatureSaltLength)) return publicKey;
  throw new InvalidInputError(
    'CSR_SIGNATURE_INVALID',
    `The signature of the CSR for ${quote(csr.subject.toString())} was not made with the key that it holds`,
  );
}

function readSubjectAltNames(extensions: readonly Extension[]): readonly GeneralName[] | undefined {
  const extension = findExtension(extensions, 'subjectAltName');
  if (extension === undefined) return undefined;
  try {
    return decodeSubjectAltName(extension.value);
  } catch (cause) {
    const field = 'certificationRequestInfo.attributes.extensionRequest.subjectAltName';
    throw malformed('CSR_INVALID', 'CSR', field, cause);
  }
}
