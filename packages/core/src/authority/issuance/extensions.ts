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

/** What the certificates of one intermediate and one profile have in common, encoded. */
export function templateFor(
  intermediate: InstalledIntermediate,
  signingKey: PrivateKey,
  profile: CertificateProfile,
  subjectKey: KeyKind['type'],
  options: { readonly baseUrl: string | undefined; readonly shortLived: boolean },
): CertificateTemplate {
  const { certificate } = intermediate;
  const keyUsage = keyUsageFor(profile, subjectKey);
  const extensions: Extension[] = [encodeBasicConstraints({ cA: false })];
  if (keyUsage.length > 0) extensions.push(encodeKeyUsage(keyUsage));
  if (profile.extendedKeyUsage.length > 0) extensions.push(encodeExtendedKeyUsage(profile.extendedKeyUsage));
  if (certificate.subjectKeyIdentifier !== undefined) {
    extensions.push(encodeAuthorityKeyIdentifier({ keyIdentifier: certificate.subjectKeyIdentifier }));
  }
  if (options.baseUrl !== undefined)
    extensions.push(...pointers(options.baseUrl, certificate.subjectKeyIdentifier, options.shortLived));
  if (options.shortLived) extensions.push(encodeNoRevAvail());
  if (profile.ocspNoCheck === true) extensions.push(encodeOcspNoCheck());
  return new CertificateTemplate({
    issuer: certificate.subject,
    signatureAlgorithm: signatureAlgorithmFor(signingKey.publicKey.kind),
    extensions,
  });
}

/** Where the host serves what belongs to the issuer. A certificate with noRevAvail points to no CRL (RFC 9608 section 3). */
function pointers(baseUrl: string, keyIdentifier: Uint8Array | undefined, shortLived: boolean): Extension[] {
  const issuer = toHex(keyIdentifier ?? new Uint8Array());
  const access = encodeAuthorityInfoAccess({ caIssuers: [`${baseUrl}/${issuer}.cer`] });
  return shortLived ? [access] : [access, encodeCrlDistributionPoints([`${baseUrl}/${issuer}.crl`])];
}
