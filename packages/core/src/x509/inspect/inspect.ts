import { keyAlgorithmName } from '../../crypto/algorithms.ts';
import { parseSpki } from '../../crypto/spki.ts';
import { DerReader } from '../../encoding/der/reader.ts';
import { Tag } from '../../encoding/der/tags.ts';
import { toHex } from '../../encoding/hex.ts';
import { InvalidInputError } from '../../errors/families.ts';
import type { CryptoProvider, KeyKind } from '../../ports/crypto.ts';
import { type Certificate, parseCertificate } from '../certificate/certificate.ts';
import { type CertificateRevocationList, parseCrl } from '../crl/crl.ts';
import { type CertificationRequest, parseCsr, verifyCsr } from '../csr/csr.ts';
import { formatGeneralName } from '../name/general-name.ts';
import { structureOf } from '../structure.ts';
import { type ExtensionInspection, inspectExtension } from './inspect-extension.ts';

/** Digests of the whole DER, lower-case hex. */
export interface Fingerprints {
  readonly sha1: string;
  readonly sha256: string;
}

/** A public key, for people and for JSON. */
export interface PublicKeyInspection {
  /** Such as `ECDSA-P256` or `RSA-2048`; the algorithm's OID where the SDK does not know the key. */
  readonly algorithm: string;
  /** The size of an RSA modulus. */
  readonly modulusBits?: number;
  /** An RSA exponent, in decimal. */
  readonly publicExponent?: string;
  /** SHA-256 of the SubjectPublicKeyInfo, lower-case hex. */
  readonly sha256: string;
  /** The SubjectPublicKeyInfo in hex. */
  readonly spki: string;
}

/** Every field of a certificate. Names are RFC 4514 strings, instants ISO 8601, bytes hex. */
export interface CertificateInspection {
  readonly kind: 'certificate';
  readonly version: number;
  readonly serialNumber: string;
  readonly issuer: string;
  readonly subject: string;
  /** Whether issuer and subject are the same name. */
  readonly selfIssued: boolean;
  readonly notBefore: string;
  readonly notAfter: string;
  readonly subjectAltNames: readonly string[];
  readonly publicKey: PublicKeyInspection;
  readonly extensions: readonly ExtensionInspection[];
  /** Such as `ECDSA-SHA256`; an OID where the SDK does not know the algorithm. */
  readonly signatureAlgorithm: string;
  readonly signature: string;
  readonly fingerprints: Fingerprints;
}

/** Every field of a CSR. */
export interface CsrInspection {
  readonly kind: 'csr';
  readonly subject: string;
  readonly subjectAltNames: readonly string[];
  readonly publicKey: PublicKeyInspection;
  /** Whether the signature shows that the sender holds the private key. */
  readonly proofOfPossession: boolean;
  /** The attributes, each value as the hex of its DER; that of a challengePassword is withheld. */
  readonly attributes: readonly { readonly oid: string; readonly values: readonly string[] }[];
  /** The extensions that are asked for. */
  readonly extensions: readonly ExtensionInspection[];
  readonly signatureAlgorithm: string;
  readonly signature: string;
  readonly fingerprints: Fingerprints;
}

/** Every field of a CRL. */
export interface CrlInspection {
  readonly kind: 'crl';
  readonly version: number;
  readonly issuer: string;
  readonly thisUpdate: string;
  readonly nextUpdate: string | null;
  /** How many entries there are in all. */
  readonly size: number;
  /** The first entries, as many as were asked for. */
  readonly entries: readonly CrlEntryInspection[];
  readonly extensions: readonly ExtensionInspection[];
  readonly signatureAlgorithm: string;
  readonly signature: string;
  readonly fingerprints: Fingerprints;
}

/** An entry of a CRL. */
export interface CrlEntryInspection {
  readonly serialNumber: string;
  readonly revokedAt: string;
  readonly extensions: readonly ExtensionInspection[];
}

/** What `inspect` tells of a certificate, a CSR or a CRL; `kind` says which. */
export type Inspection = CertificateInspection | CsrInspection | CrlInspection;

const DEFAULT_MAX_ENTRIES = 1000;
/** RFC 2985 section 5.4.1: a secret, which belongs into no description. */
const CHALLENGE_PASSWORD = '1.2.840.113549.1.9.7';

/**
 * Lays open a certificate, a CSR or a CRL, for people and for JSON. It describes and does not judge.
 *
 * @param input - one PEM block, or DER
 * @param crypto - computes the fingerprints and verifies a CSR
 * @param options.maxEntries - how many entries of a CRL to list; default 1,000
 * @returns a plain object that `JSON.stringify` takes
 * @throws {InvalidInputError} PEM_INVALID: no PEM block, or one of another kind
 * @throws {InvalidInputError} CERTIFICATE_INVALID, CSR_INVALID, CRL_INVALID, DER_TOO_LARGE: it cannot be read
 * @throws {InvalidInputError} INVALID_ARGUMENT: neither text nor bytes
 */
export async function inspect(
  input: string | Uint8Array,
  crypto: CryptoProvider,
  options: { readonly maxEntries?: number } = {},
): Promise<Inspection> {
  switch (structureOf(input)) {
    case 'csr':
      return inspectCsr(parseCsr(input), crypto);
    case 'crl':
      return inspectCrl(parseCrl(input), crypto, options.maxEntries ?? DEFAULT_MAX_ENTRIES);
    default:
      return inspectCertificate(parseCertificate(input), crypto);
  }
}

async function inspectCertificate(certificate: Certificate, crypto: CryptoProvider): Promise<CertificateInspection> {
  const { issuer, subject } = certificate;
  return {
    kind: 'certificate',
    version: certificate.version,
    serialNumber: certificate.serialNumber,
    issuer: issuer.toString(),
    subject: subject.toString(),
    selfIssued: subject.equals(issuer),
    notBefore: certificate.notBefore.toISOString(),
    notAfter: certificate.notAfter.toISOString(),
    subjectAltNames: (certificate.subjectAltNames ?? []).map(formatGeneralName),
    publicKey: await inspectPublicKey(certificate.spki, crypto),
    extensions: certificate.extensions.map(inspectExtension),
    ...(await inspectSignature(certificate, crypto)),
  };
}

async function inspectCsr(csr: CertificationRequest, crypto: CryptoProvider): Promise<CsrInspection> {
  return {
    kind: 'csr',
    subject: csr.subject.toString(),
    subjectAltNames: (csr.subjectAltNames ?? []).map(formatGeneralName),
    publicKey: await inspectPublicKey(csr.spki, crypto),
    proofOfPossession: await provesPossession(csr, crypto),
    attributes: csr.attributes.map(({ type, values }) => ({
      oid: type,
      values: type === CHALLENGE_PASSWORD ? values.map(() => 'withheld') : values.map(toHex),
    })),
    extensions: csr.requestedExtensions.map(inspectExtension),
    ...(await inspectSignature(csr, crypto)),
  };
}

async function inspectCrl(
  crl: CertificateRevocationList,
  crypto: CryptoProvider,
  maxEntries: number,
): Promise<CrlInspection> {
  const entries: CrlEntryInspection[] = [];
  for (const { serialNumber, revokedAt, extensions } of crl.entries()) {
    if (entries.length >= maxEntries) break;
    entries.push({ serialNumber, revokedAt: revokedAt.toISOString(), extensions: extensions.map(inspectExtension) });
  }
  return {
    kind: 'crl',
    version: crl.version,
    issuer: crl.issuer.toString(),
    thisUpdate: crl.thisUpdate.toISOString(),
    nextUpdate: crl.nextUpdate?.toISOString() ?? null,
    size: crl.size,
    entries,
    extensions: crl.extensions.map(inspectExtension),
    ...(await inspectSignature(crl, crypto)),
  };
}

async function inspectSignature(
  signed: Certificate | CertificationRequest | CertificateRevocationList,
  crypto: CryptoProvider,
): Promise<Pick<Inspection, 'signatureAlgorithm' | 'signature' | 'fingerprints'>> {
  return {
    signatureAlgorithm: signed.signatureAlgorithm ?? signed.signatureAlgorithmOid,
    signature: toHex(signed.signature),
    fingerprints: {
      sha1: toHex(await crypto.digest('SHA-1', signed.der)),
      sha256: toHex(await crypto.digest('SHA-256', signed.der)),
    },
  };
}

async function inspectPublicKey(spki: Uint8Array, crypto: CryptoProvider): Promise<PublicKeyInspection> {
  const digests = { sha256: toHex(await crypto.digest('SHA-256', spki)), spki: toHex(spki) };
  const kind = kindOfKey(spki);
  if (kind === undefined) {
    return { algorithm: new DerReader(spki).read(Tag.sequence).read(Tag.sequence).oid(), ...digests };
  }
  if (kind.type !== 'RSA') return { algorithm: keyAlgorithmName(kind), ...digests };
  const { modulusBits, publicExponent } = kind;
  return { algorithm: keyAlgorithmName(kind), modulusBits, publicExponent: publicExponent.toString(), ...digests };
}

/** A key that the SDK cannot use is still worth describing. */
function kindOfKey(spki: Uint8Array): KeyKind | undefined {
  try {
    return parseSpki(spki).kind;
  } catch (error) {
    if (error instanceof InvalidInputError) return undefined;
    throw error;
  }
}

async function provesPossession(csr: CertificationRequest, crypto: CryptoProvider): Promise<boolean> {
  try {
    await verifyCsr(csr, crypto);
    return true;
  } catch (error) {
    if (error instanceof InvalidInputError) return false;
    throw error;
  }
}
