import { decodeIssuerAltName, decodeSubjectAltName } from '../extensions/alternative-names.ts';
import { type AuthorityInfoAccess, decodeAuthorityInfoAccess } from '../extensions/authority-info-access.ts';
import { type BasicConstraints, decodeBasicConstraints } from '../extensions/basic-constraints.ts';
import { decodeCertificatePolicies, type PolicyInformation } from '../extensions/certificate-policies.ts';
import { type DistributionPoint, decodeCrlDistributionPoints } from '../extensions/crl-distribution-points.ts';
import { decodeExtendedKeyUsage, type ExtendedKeyUsage } from '../extensions/extended-key-usage.ts';
import type { Extension } from '../extensions/extension.ts';
import { extensionName } from '../extensions/extension-oids.ts';
import {
  type AuthorityKeyIdentifier,
  decodeAuthorityKeyIdentifier,
  decodeSubjectKeyIdentifier,
} from '../extensions/key-identifiers.ts';
import { decodeKeyUsage, type KeyUsage } from '../extensions/key-usage.ts';
import { decodeNameConstraints, type NameConstraints } from '../extensions/name-constraints.ts';
import {
  decodeInhibitAnyPolicy,
  decodePolicyConstraints,
  decodePolicyMappings,
  type PolicyConstraints,
  type PolicyMapping,
} from '../extensions/policy-constraints.ts';
import { decodeNoRevAvail, decodeOcspNoCheck } from '../extensions/revocation-hints.ts';
import { malformed } from '../malformed.ts';
import type { GeneralName } from '../name/general-name.ts';

/** What the extensions of a certificate say (RFC 5280 section 4.2); a field is undefined where its extension is absent. */
export interface CertificateExtensions {
  readonly basicConstraints: BasicConstraints | undefined;
  readonly keyUsage: readonly KeyUsage[] | undefined;
  readonly extKeyUsage: readonly ExtendedKeyUsage[] | undefined;
  readonly subjectAltNames: readonly GeneralName[] | undefined;
  readonly issuerAltNames: readonly GeneralName[] | undefined;
  readonly authorityKeyIdentifier: AuthorityKeyIdentifier | undefined;
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  readonly crlDistributionPoints: readonly DistributionPoint[] | undefined;
  readonly authorityInfoAccess: AuthorityInfoAccess | undefined;
  readonly policies: readonly PolicyInformation[] | undefined;
  readonly policyMappings: readonly PolicyMapping[] | undefined;
  readonly policyConstraints: PolicyConstraints | undefined;
  readonly inhibitAnyPolicy: number | undefined;
  readonly nameConstraints: NameConstraints | undefined;
  /** RFC 9608: no revocation information is published for this certificate. */
  readonly noRevAvail: boolean;
  /** RFC 6960 section 4.2.2.2.1: this OCSP responder's certificate need not be checked for revocation. */
  readonly ocspNoCheck: boolean;
}

/**
 * Decodes every extension of a certificate that the SDK knows.
 *
 * @param extensions the certificate's, each at most once
 * @returns what they say; the byte strings are views
 * @throws {InvalidInputError} CERTIFICATE_INVALID: names the extension that is malformed
 */
export function decodeCertificateExtensions(extensions: readonly Extension[]): CertificateExtensions {
  const found: { -readonly [Field in keyof CertificateExtensions]: CertificateExtensions[Field] } = {
    basicConstraints: undefined,
    keyUsage: undefined,
    extKeyUsage: undefined,
    subjectAltNames: undefined,
    issuerAltNames: undefined,
    authorityKeyIdentifier: undefined,
    subjectKeyIdentifier: undefined,
    crlDistributionPoints: undefined,
    authorityInfoAccess: undefined,
    policies: undefined,
    policyMappings: undefined,
    policyConstraints: undefined,
    inhibitAnyPolicy: undefined,
    nameConstraints: undefined,
    noRevAvail: false,
    ocspNoCheck: false,
  };
  for (const { oid, value } of extensions) {
    const name = extensionName(oid);
    try {
      switch (name) {
        case 'basicConstraints':
          found.basicConstraints = decodeBasicConstraints(value);
          break;
        case 'keyUsage':
          found.keyUsage = decodeKeyUsage(value);
          break;
        case 'extKeyUsage':
          found.extKeyUsage = decodeExtendedKeyUsage(value);
          break;
        case 'subjectAltName':
          found.subjectAltNames = decodeSubjectAltName(value);
          break;
        case 'issuerAltName':
          found.issuerAltNames = decodeIssuerAltName(value);
          break;
        case 'authorityKeyIdentifier':
          found.authorityKeyIdentifier = decodeAuthorityKeyIdentifier(value);
          break;
        case 'subjectKeyIdentifier':
          found.subjectKeyIdentifier = decodeSubjectKeyIdentifier(value);
          break;
        case 'cRLDistributionPoints':
          found.crlDistributionPoints = decodeCrlDistributionPoints(value);
          break;
        case 'authorityInfoAccess':
          found.authorityInfoAccess = decodeAuthorityInfoAccess(value);
          break;
        case 'certificatePolicies':
          found.policies = decodeCertificatePolicies(value);
          break;
        case 'policyMappings':
          found.policyMappings = decodePolicyMappings(value);
          break;
        case 'policyConstraints':
          found.policyConstraints = decodePolicyConstraints(value);
          break;
        case 'inhibitAnyPolicy':
          found.inhibitAnyPolicy = decodeInhibitAnyPolicy(value);
          break;
        case 'nameConstraints':
          found.nameConstraints = decodeNameConstraints(value);
          break;
        case 'noRevAvail':
          found.noRevAvail = decodeNoRevAvail(value);
          break;
        case 'ocspNoCheck':
          found.ocspNoCheck = decodeOcspNoCheck(value);
          break;
        default:
      }
    } catch (cause) {
      throw malformed('CERTIFICATE_INVALID', 'certificate', `tbsCertificate.extensions.${name}`, cause);
    }
  }
  return found;
}
