import { toHex } from '../../encoding/hex.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { decodeCertificateIssuer, decodeIssuerAltName, decodeSubjectAltName } from '../extensions/alternative-names.ts';
import { decodeAuthorityInfoAccess } from '../extensions/authority-info-access.ts';
import { decodeBasicConstraints } from '../extensions/basic-constraints.ts';
import { decodeCertificatePolicies } from '../extensions/certificate-policies.ts';
import { decodeCrlDistributionPoints, decodeFreshestCrl } from '../extensions/crl-distribution-points.ts';
import { decodeInvalidityDate, decodeReasonCode } from '../extensions/crl-entry.ts';
import { decodeCrlNumber, decodeDeltaCrlIndicator } from '../extensions/crl-number.ts';
import { decodeExtendedKeyUsage } from '../extensions/extended-key-usage.ts';
import type { Extension } from '../extensions/extension.ts';
import { type ExtensionName, extensionName } from '../extensions/extension-oids.ts';
import { decodeIssuingDistributionPoint } from '../extensions/issuing-distribution-point.ts';
import { decodeAuthorityKeyIdentifier, decodeSubjectKeyIdentifier } from '../extensions/key-identifiers.ts';
import { decodeKeyUsage } from '../extensions/key-usage.ts';
import { decodeNameConstraints } from '../extensions/name-constraints.ts';
import {
  decodeInhibitAnyPolicy,
  decodePolicyConstraints,
  decodePolicyMappings,
} from '../extensions/policy-constraints.ts';
import { decodeNoRevAvail, decodeOcspNoCheck } from '../extensions/revocation-hints.ts';
import { type PlainValue, toPlainValue } from './plain-value.ts';

/** An extension, for people and for JSON. */
export interface ExtensionInspection {
  readonly oid: string;
  /** As RFC 5280 calls it; absent where the SDK does not know the extension. */
  readonly name?: string;
  readonly critical: boolean;
  /** What it says; absent where the SDK does not know the extension, or cannot read it. */
  readonly value?: PlainValue;
  /** The DER of its content in hex, where there is no `value`. */
  readonly hex?: string;
  /** Why a known extension cannot be read. */
  readonly problem?: string;
}

const DECODERS: Partial<Record<ExtensionName, (value: Uint8Array) => unknown>> = {
  subjectKeyIdentifier: decodeSubjectKeyIdentifier,
  keyUsage: decodeKeyUsage,
  subjectAltName: decodeSubjectAltName,
  issuerAltName: decodeIssuerAltName,
  basicConstraints: decodeBasicConstraints,
  cRLNumber: decodeCrlNumber,
  reasonCode: decodeReasonCode,
  invalidityDate: (value) => new Date(decodeInvalidityDate(value)),
  deltaCRLIndicator: decodeDeltaCrlIndicator,
  issuingDistributionPoint: decodeIssuingDistributionPoint,
  certificateIssuer: decodeCertificateIssuer,
  nameConstraints: decodeNameConstraints,
  cRLDistributionPoints: decodeCrlDistributionPoints,
  certificatePolicies: decodeCertificatePolicies,
  policyMappings: decodePolicyMappings,
  authorityKeyIdentifier: decodeAuthorityKeyIdentifier,
  policyConstraints: decodePolicyConstraints,
  extKeyUsage: decodeExtendedKeyUsage,
  freshestCRL: decodeFreshestCrl,
  inhibitAnyPolicy: decodeInhibitAnyPolicy,
  noRevAvail: decodeNoRevAvail,
  authorityInfoAccess: decodeAuthorityInfoAccess,
  ocspNoCheck: decodeOcspNoCheck,
};

/**
 * Describes an extension.
 *
 * @returns its content, or its hex where the SDK does not know the extension or cannot read it
 */
export function inspectExtension({ oid, critical, value }: Extension): ExtensionInspection {
  const name = extensionName(oid);
  const decode = name === undefined ? undefined : DECODERS[name];
  const known = { oid, ...(name !== undefined && { name }), critical };
  if (decode === undefined) return { ...known, hex: toHex(value) };
  try {
    return { ...known, value: toPlainValue(decode(value)) };
  } catch (error) {
    if (!(error instanceof InvalidInputError)) throw error;
    return { ...known, hex: toHex(value), problem: error.message };
  }
}
