import { signatureAlgorithmFor } from '../../../src/crypto/algorithms.ts';
import {
  derBitString,
  derContext,
  derEnumerated,
  derGeneralizedTime,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derTime,
} from '../../../src/encoding/der/writer.ts';
import { fromHex } from '../../../src/encoding/hex.ts';
import { parseCertificate } from '../../../src/x509/certificate/certificate.ts';
import type { CrlReason } from '../../../src/x509/crl/crl-reason.ts';
import { encodeReasonCode } from '../../../src/x509/extensions/crl-entry.ts';
import { encodeCrlNumber } from '../../../src/x509/extensions/crl-number.ts';
import {
  encodeDistributionPointName,
  encodeReasonFlags,
  type ReasonFlag,
} from '../../../src/x509/extensions/distribution-point-name.ts';
import { type Extension, encodeExtensions } from '../../../src/x509/extensions/extension.ts';
import { ExtensionOid } from '../../../src/x509/extensions/extension-oids.ts';
import { encodeAuthorityKeyIdentifier } from '../../../src/x509/extensions/key-identifiers.ts';
import { DistinguishedName } from '../../../src/x509/name/distinguished-name.ts';
import { encodeGeneralNames } from '../../../src/x509/name/general-name-der.ts';
import { keyBits } from '../../../src/x509/ocsp/cert-id.ts';
import { encodeSignatureAlgorithm } from '../../../src/x509/signature-algorithm.ts';
import { AT, crypto, type Entity } from '../path/path-pki.ts';

const DAY = 86_400_000;

export interface TestRevocation {
  readonly serialNumber: string;
  readonly reason?: CrlReason;
  /** The certificate's issuer, in an indirect CRL. */
  readonly issuer?: string;
  readonly extensions?: readonly Extension[];
}

export interface TestCrlOptions {
  readonly number?: bigint;
  readonly thisUpdate?: number;
  readonly nextUpdate?: number | null;
  readonly revoked?: readonly TestRevocation[];
  readonly extensions?: readonly Extension[];
  readonly withoutNumber?: boolean;
}

/** Makes a CRL of any kind, right or wrong, DER. */
export async function crlOf(issuer: Entity, options: TestCrlOptions = {}): Promise<Uint8Array> {
  const { thisUpdate = AT.getTime() - DAY, nextUpdate = AT.getTime() + DAY, number = 1n, revoked = [] } = options;
  const extensions = [
    ...(options.withoutNumber ? [] : [encodeCrlNumber(number)]),
    encodeAuthorityKeyIdentifier({ keyIdentifier: issuer.keyIdentifier }),
    ...(options.extensions ?? []),
  ];
  const algorithm = encodeSignatureAlgorithm(signatureAlgorithmFor(issuer.key.publicKey.kind));
  const entries = revoked.map((entry) => encodeEntry(entry, thisUpdate));
  const tbs = derSequence(
    derInteger(1),
    algorithm,
    DistinguishedName.parse(issuer.subject).der,
    derTime(thisUpdate),
    ...(nextUpdate === null ? [] : [derTime(nextUpdate)]),
    ...(entries.length === 0 ? [] : [derSequence(...entries)]),
    derContext(0, true, encodeExtensions(extensions)),
  );
  return sign(issuer, tbs, algorithm);
}

function encodeEntry({ serialNumber, reason, issuer, extensions = [] }: TestRevocation, revokedAt: number): Uint8Array {
  const own = [...extensions];
  if (reason !== undefined) own.push(encodeReasonCode(reason));
  if (issuer !== undefined) {
    const names = encodeGeneralNames([{ kind: 'directoryName', value: DistinguishedName.parse(issuer) }]);
    own.push({ oid: ExtensionOid.certificateIssuer, critical: true, value: derSequence(names) });
  }
  const rest = own.length === 0 ? [] : [encodeExtensions(own)];
  return derSequence(derInteger(fromHex(serialNumber)), derTime(revokedAt), ...rest);
}

async function sign(
  signer: Entity,
  tbs: Uint8Array,
  algorithm: Uint8Array,
  ...behind: Uint8Array[]
): Promise<Uint8Array> {
  const signature = await crypto.sign(signer.key, signatureAlgorithmFor(signer.key.publicKey.kind), tbs);
  return derSequence(tbs, algorithm, derBitString(signature), ...behind);
}

export interface TestScope {
  readonly uri?: string;
  readonly userOnly?: boolean;
  readonly caOnly?: boolean;
  readonly reasons?: readonly ReasonFlag[];
  readonly indirect?: boolean;
}

/** An issuingDistributionPoint (RFC 5280 section 5.2.5). */
export function scopeOf({ uri, userOnly, caOnly, reasons, indirect }: TestScope): Extension {
  const flag = (tag: number, set = false): Uint8Array[] => (set ? [derContext(tag, false, Uint8Array.of(0xff))] : []);
  const value = derSequence(
    ...(uri === undefined ? [] : [encodeDistributionPointName({ fullName: [{ kind: 'uri', value: uri }] })]),
    ...flag(1, userOnly),
    ...flag(2, caOnly),
    ...(reasons === undefined ? [] : [encodeReasonFlags(3, reasons)]),
    ...flag(4, indirect),
  );
  return { oid: ExtensionOid.issuingDistributionPoint, critical: true, value };
}

export interface TestOcspOptions {
  readonly signer: Entity;
  /** Sent along, as of a delegated responder. */
  readonly certificates?: readonly Entity[];
  readonly status?: 'good' | 'revoked' | 'unknown';
  readonly thisUpdate?: number;
  readonly nextUpdate?: number | null;
  readonly digest?: 'SHA-1' | 'SHA-256';
  readonly nonce?: Uint8Array;
  readonly byName?: boolean;
  readonly responseStatus?: number;
}

/** Makes an OCSP response about a certificate, DER. */
export async function ocspOf(about: Entity, issuer: Entity, options: TestOcspOptions): Promise<Uint8Array> {
  const { signer, certificates = [], status = 'good', digest = 'SHA-1', nonce, responseStatus = 0 } = options;
  const { thisUpdate = AT.getTime() - DAY, nextUpdate = AT.getTime() + DAY } = options;
  if (responseStatus !== 0) return derSequence(derEnumerated(responseStatus));
  const bitsOf = (entity: Entity): Uint8Array => keyBits(parseCertificate(entity.der).spki);
  const oid = digest === 'SHA-1' ? '1.3.14.3.2.26' : '2.16.840.1.101.3.4.2.1';
  const certId = derSequence(
    derSequence(derOid(oid), derNull()),
    derOctetString(await crypto.digest(digest, DistinguishedName.parse(issuer.subject).der)),
    derOctetString(await crypto.digest(digest, bitsOf(issuer))),
    derInteger(fromHex(about.serialNumber)),
  );
  const statuses = {
    good: derContext(0, false),
    revoked: derContext(1, true, derGeneralizedTime(thisUpdate), derContext(0, true, derEnumerated(1))),
    unknown: derContext(2, false),
  };
  const next = nextUpdate === null ? [] : [derContext(0, true, derGeneralizedTime(nextUpdate))];
  const single = derSequence(certId, statuses[status], derGeneralizedTime(thisUpdate), ...next);
  const responder = options.byName
    ? derContext(1, true, DistinguishedName.parse(signer.subject).der)
    : derContext(2, true, derOctetString(await crypto.digest('SHA-1', bitsOf(signer))));
  const nonceExtension = nonce && { oid: '1.3.6.1.5.5.7.48.1.2', critical: false, value: derOctetString(nonce) };
  const extensions = nonceExtension ? [derContext(1, true, encodeExtensions([nonceExtension]))] : [];
  const data = derSequence(responder, derGeneralizedTime(AT.getTime()), derSequence(single), ...extensions);
  const algorithm = encodeSignatureAlgorithm(signatureAlgorithmFor(signer.key.publicKey.kind));
  const bag =
    certificates.length === 0 ? [] : [derContext(0, true, derSequence(...certificates.map(({ der }) => der)))];
  const basic = await sign(signer, data, algorithm, ...bag);
  const bytes = derSequence(derOid('1.3.6.1.5.5.7.48.1.1'), derOctetString(basic));
  return derSequence(derEnumerated(0), derContext(0, true, bytes));
}
