import { signatureAlgorithmFor } from '../../crypto/algorithms.ts';
import { toHex } from '../../encoding/hex.ts';
import type { KeyKind, PrivateKey } from '../../ports/crypto.ts';
import { CertificateTemplate } from '../../x509/certificate/certificate-template.ts';
import { encodeAuthorityInfoAccess } from '../../x509/extensions/authority-info-access.ts';
import { encodeBasicConstraints } from '../../x509/extensions/basic-constraints.ts';
import { encodeCrlDistributionPoints } from '../../x509/extensions/crl-distribution-points.ts';
import { encodeExtendedKeyUsage } from '../../x509/extensions/extended-key-usage.ts';
import type { Extension } from '../../x509/extensions/extension.ts';
import { encodeAuthorityKeyIdentifier } from '../../x509/extensions/key-identifiers.ts';
import { encodeKeyUsage, type KeyUsage } from '../../x509/extensions/key-usage.ts';
import { encodeNoRevAvail, encodeOcspNoCheck } from '../../x509/extensions/revocation-hints.ts';
import { crlUrl } from '../crl/crl-urls.ts';
import type { InstalledIntermediate } from '../intermediates/signing-state.ts';
import type { CertificateProfile } from '../profiles.ts';

/**
 * The key usages of a profile that a kind of key can have: RSA encipherment (RFC 3279 section 2.3.1), elliptic curves agreement
 * (RFC 8813 section 3), Ed25519 neither (RFC 9295 section 3).
 */
export function keyUsageFor({ keyUsage }: CertificateProfile, key: KeyKind['type']): KeyUsage[] {
  return keyUsage.filter((usage) => {
    if (usage === 'keyEncipherment' || usage === 'dataEncipherment') return key === 'RSA';
    if (usage === 'keyAgreement' || usage === 'encipherOnly' || usage === 'decipherOnly') return key === 'EC';
    return true;
  });
}

/** What else decides about the extensions that certificates have in common. */
export interface TemplateOptions {
  readonly baseUrl: string | undefined;
  readonly ocspUrl?: string | undefined;
  readonly shortLived: boolean;
  /** For a certificate that nobody is to ask about; default false. */
  readonly withoutPointers?: boolean;
  /** Of the intermediate's CRLs, the one that will list the certificate once it is revoked; undefined where there is one. */
  readonly crlShard?: number | undefined;
}

/** What the certificates of one intermediate, one of its CRL shards and one profile have in common, encoded. */
export function templateFor(
  intermediate: InstalledIntermediate,
  signingKey: PrivateKey,
  profile: CertificateProfile,
  subjectKey: KeyKind['type'],
  options: TemplateOptions,
): CertificateTemplate {
  const { certificate } = intermediate;
  const keyUsage = keyUsageFor(profile, subjectKey);
  const extensions: Extension[] = [encodeBasicConstraints({ cA: false })];
  if (keyUsage.length > 0) extensions.push(encodeKeyUsage(keyUsage));
  if (profile.extendedKeyUsage.length > 0) extensions.push(encodeExtendedKeyUsage(profile.extendedKeyUsage));
  if (certificate.subjectKeyIdentifier !== undefined) {
    extensions.push(encodeAuthorityKeyIdentifier({ keyIdentifier: certificate.subjectKeyIdentifier }));
  }
  if (options.withoutPointers !== true) extensions.push(...pointers(intermediate, options));
  if (options.shortLived) extensions.push(encodeNoRevAvail());
  if (profile.ocspNoCheck === true) extensions.push(encodeOcspNoCheck());
  return new CertificateTemplate({
    issuer: certificate.subject,
    signatureAlgorithm: signatureAlgorithmFor(signingKey.publicKey.kind),
    extensions,
  });
}

/** Where the host serves what belongs to the issuer. A certificate with noRevAvail points to no CRL and no OCSP (RFC 9608 section 3). */
function pointers(
  intermediate: InstalledIntermediate,
  { baseUrl, ocspUrl, shortLived, crlShard }: TemplateOptions,
): Extension[] {
  const issuer = toHex(intermediate.certificate.subjectKeyIdentifier ?? new Uint8Array());
  const crl = shortLived ? undefined : crlUrl(intermediate, crlShard, baseUrl);
  const caIssuers = baseUrl === undefined ? [] : [`${baseUrl}/${issuer}.cer`];
  const ocsp = ocspUrl === undefined || shortLived ? [] : [ocspUrl];
  const access = caIssuers.length + ocsp.length === 0 ? [] : [encodeAuthorityInfoAccess({ caIssuers, ocsp })];
  return crl === undefined ? access : [...access, encodeCrlDistributionPoints([crl])];
}
