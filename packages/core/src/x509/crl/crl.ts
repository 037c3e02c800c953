import { fromHex, toHex } from '../../encoding/hex.ts';
import { encodePem } from '../../encoding/pem.ts';
import type { CryptoProvider, PublicKey, SignatureAlgorithm } from '../../ports/crypto.ts';
import { withoutLeadingZeros } from '../certificate/serial-number.ts';
import { type DerInputRules, derInput } from '../der-input.ts';
import { decodeInvalidityDate, decodeReasonCode } from '../extensions/crl-entry.ts';
import { decodeCrlNumber } from '../extensions/crl-number.ts';
import { type Extension, findExtension } from '../extensions/extension.ts';
import { ExtensionOid } from '../extensions/extension-oids.ts';
import { type AuthorityKeyIdentifier, decodeAuthorityKeyIdentifier } from '../extensions/key-identifiers.ts';
import { malformed } from '../malformed.ts';
import type { DistinguishedName } from '../name/distinguished-name.ts';
import { knownSignatureAlgorithm } from '../signature-algorithm.ts';
import { CrlEntryCursor } from './crl-entry-cursor.ts';
import { type CrlFields, MAX_CRL_BYTES, readCrlFields } from './crl-fields.ts';
import { CrlIndex } from './crl-index.ts';
import type { CrlReason } from './crl-reason.ts';

const LABEL = 'X509 CRL';
const RULES: DerInputRules = { what: 'CRL', labels: [LABEL], maxBytes: MAX_CRL_BYTES, adopt: true };

/** Critical extensions that are fully understood; any other changes what the CRL means. */
const UNDERSTOOD: ReadonlySet<string> = new Set([
  ExtensionOid.authorityKeyIdentifier,
  ExtensionOid.cRLNumber,
  ExtensionOid.reasonCode,
  ExtensionOid.invalidityDate,
]);

/** An entry of a CRL: a certificate that is revoked (RFC 5280 section 5.1.2.6). */
export interface RevokedCertificate {
  /**
   * Lower-case hexadecimal of the magnitude, two digits an octet. Other people's CRLs hold negative ones, which no certificate
   * can have: a minus sign and the magnitude.
   */
  readonly serialNumber: string;
  readonly revokedAt: Date;
  /** Undefined when the CRL gives none, which means `unspecified`. */
  readonly reason: CrlReason | undefined;
  readonly invalidityDate: Date | undefined;
  readonly extensions: readonly Extension[];
}

/**
 * A certificate revocation list (RFC 5280 section 5), read completely. Immutable; byte strings are views of
 * {@link CertificateRevocationList.der} and not to be changed.
 *
 * Being readable says nothing about being valid: neither the signature nor the dates have been looked at.
 */
export class CertificateRevocationList {
  readonly der: Uint8Array;
  /** The TBSCertList, which the signature covers. */
  readonly tbs: Uint8Array;
  readonly version: 1 | 2;
  readonly issuer: DistinguishedName;
  /** cRLNumber. */
  readonly number: bigint | undefined;
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
  /** The extensions of the CRL as a whole. */
  readonly extensions: readonly Extension[];
  /**
   * OIDs of critical extensions, of the CRL or of an entry, that change what the CRL means in a way that this class does
   * not take into account: a delta CRL, a CRL for some certificates only, an indirect CRL. Who finds one here must not
   * conclude from the CRL that a certificate is good (RFC 5280 section 5.2).
   */
  readonly unhandledCriticalExtensions: readonly string[];
  /** How many entries there are. */
  readonly size: number;
  /** Undefined for an algorithm that the SDK does not know; {@link CertificateRevocationList.signatureAlgorithmOid} names it. */
  readonly signatureAlgorithm: SignatureAlgorithm | undefined;
  readonly signatureAlgorithmOid: string;
  /** For RSASSA-PSS whose salt is not as long as the digest: its length, in bytes. */
  readonly signatureSaltLength: number | undefined;
  readonly signature: Uint8Array;
  readonly #fields: CrlFields;
  #index: CrlIndex | undefined;

  /** @internal Use {@link parseCrl}. */
  constructor(der: Uint8Array, fields: CrlFields) {
    const { extensions } = fields;
    this.der = der;
    this.tbs = fields.tbs;
    this.version = fields.version;
    this.issuer = fields.issuer;
    this.number = decodeKnown(extensions, 'cRLNumber', decodeCrlNumber);
    this.authorityKeyIdentifier = decodeKnown(extensions, 'authorityKeyIdentifier', decodeAuthorityKeyIdentifier);
    this.extensions = extensions;
    this.unhandledCriticalExtensions = unhandled(fields);
    this.size = fields.size;
    this.signatureAlgorithm = fields.signatureAlgorithm.algorithm;
    this.signatureAlgorithmOid = fields.signatureAlgorithm.oid;
    this.signatureSaltLength = fields.signatureAlgorithm.saltLength;
    this.signature = fields.signature;
    this.#fields = fields;
  }

  /** When the CRL was issued. A copy, so that setting it changes nothing. */
  get thisUpdate(): Date {
    return new Date(this.#fields.thisUpdate);
  }

  /** When the next CRL will be issued at the latest. A copy, so that setting it changes nothing. */
  get nextUpdate(): Date | undefined {
    const { nextUpdate } = this.#fields;
    return nextUpdate === undefined ? undefined : new Date(nextUpdate);
  }

  /**
   * Looks up a certificate. The first call indexes the CRL.
   *
   * @param serialNumber hexadecimal, or the big-endian magnitude; leading zeros do not matter
   * @returns its entry, or undefined when the CRL does not list it
   * @throws {InvalidInputError} HEX_INVALID: the serial number is text, but not hexadecimal
   * @throws {InvalidInputError} CRL_INVALID: the CRL's serial numbers were chosen so that indexing it takes for ever
   */
  find(serialNumber: string | Uint8Array): RevokedCertificate | undefined {
    const { entries, size } = this.#fields;
    this.#index ??= new CrlIndex(entries, size);
    const start = this.#index.find(magnitude(serialNumber));
    if (start === undefined) return undefined;
    const cursor = new CrlEntryCursor(entries, start);
    cursor.next();
    return readEntry(cursor);
  }

  /** Visits the entries in their order. */
  *entries(): IterableIterator<RevokedCertificate> {
    const cursor = new CrlEntryCursor(this.#fields.entries);
    while (cursor.next()) yield readEntry(cursor);
  }

  /** The CRL as PEM. */
  toPem(): string {
    return encodePem(LABEL, this.der);
  }
}

/**
 * Reads a CRL strictly (RFC 5280 section 5.1), version 1 or 2, every entry included.
 *
 * @param input PEM text with exactly one block, or DER, which is not copied and must not be changed; at most 512 MiB
 * @returns the CRL
 * @throws {InvalidInputError} CRL_INVALID: it is malformed; the message names the field
 * @throws {InvalidInputError} PEM_INVALID: the text is not one PEM block labelled X509 CRL
 * @throws {InvalidInputError} DER_TOO_LARGE: more than 512 MiB
 * @throws {InvalidInputError} INVALID_ARGUMENT: neither text nor bytes
 */
export function parseCrl(input: string | Uint8Array): CertificateRevocationList {
  const der = derInput(input, RULES);
  return new CertificateRevocationList(der, readCrlFields(der));
}

/**
 * Verifies a CRL's signature. That alone does not make it the CRL to ask about a certificate.
 *
 * @param crl the CRL
 * @param issuerPublicKey the key of its issuer, imported by `crypto`
 * @param crypto verifies
 * @returns false when the key did not make the signature
 * @throws {InvalidInputError} SIGNATURE_ALGORITHM_UNSUPPORTED: the algorithm is unknown or does not fit the key
 */
export async function verifyCrlSignature(
  crl: CertificateRevocationList,
  issuerPublicKey: PublicKey,
  crypto: CryptoProvider,
): Promise<boolean> {
  const { signatureAlgorithm: algorithm, signatureAlgorithmOid: oid } = crl;
  const known = knownSignatureAlgorithm({ algorithm, oid }, 'CRL');
  return crypto.verify(issuerPublicKey, known, crl.tbs, crl.signature, crl.signatureSaltLength);
}

function readEntry(cursor: CrlEntryCursor): RevokedCertificate {
  const extensions = cursor.extensions();
  const reason = findExtension(extensions, 'reasonCode');
  const invalidityDate = findExtension(extensions, 'invalidityDate');
  return {
    serialNumber: readSerial(cursor),
    revokedAt: new Date(cursor.revokedAt()),
    reason: reason && decodeReasonCode(reason.value),
    invalidityDate: invalidityDate && new Date(decodeInvalidityDate(invalidityDate.value)),
    extensions,
  };
}

function readSerial(cursor: CrlEntryCursor): string {
  const hex = toHex(cursor.bytes.subarray(cursor.serialStart, cursor.serialEnd));
  if (!cursor.isNegative) return hex;
  const value = (1n << BigInt(hex.length * 4)) - BigInt(`0x${hex}`);
  return `-${value.toString(16).padStart(hex.length, '0')}`;
}

function magnitude(serialNumber: string | Uint8Array): Uint8Array {
  if (typeof serialNumber !== 'string') return withoutLeadingZeros(serialNumber);
  return withoutLeadingZeros(fromHex(serialNumber.length % 2 === 0 ? serialNumber : `0${serialNumber}`));
}

function decodeKnown<T>(
  extensions: readonly Extension[],
  name: 'cRLNumber' | 'authorityKeyIdentifier',
  decode: (value: Uint8Array) => T,
): T | undefined {
  const extension = findExtension(extensions, name);
  if (extension === undefined) return undefined;
  try {
    return decode(extension.value);
  } catch (cause) {
    throw malformed('CRL_INVALID', 'CRL', `tbsCertList.crlExtensions.${name}`, cause);
  }
}

function unhandled({ extensions, criticalEntryExtensions }: CrlFields): string[] {
  const critical = extensions.filter((extension) => extension.critical).map(({ oid }) => oid);
  return [...new Set([...critical, ...criticalEntryExtensions])].filter((oid) => !UNDERSTOOD.has(oid));
}
