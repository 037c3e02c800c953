import { keyAlgorithmName } from '../../crypto/algorithms.ts';
import { findWeakness } from '../../crypto/weak-keys.ts';
import type { PolicyViolation } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import type { KeyKind } from '../../ports/crypto.ts';
import type { Certificate } from '../../x509/certificate/certificate.ts';
import type { CertificationRequest } from '../../x509/csr/csr.ts';
import { decodeBasicConstraints } from '../../x509/extensions/basic-constraints.ts';
import { keyPurposeOid } from '../../x509/extensions/extended-key-usage.ts';
import { findExtension } from '../../x509/extensions/extension.ts';
import type { DistinguishedName } from '../../x509/name/distinguished-name.ts';
import { describeGeneralName, formatGeneralName, type GeneralName } from '../../x509/name/general-name.ts';
import { checkNameConstraints } from '../../x509/name/name-constraints.ts';
import type { InstalledIntermediate } from '../intermediates/signing-state.ts';
import { foldNames, lowerCaseAscii, MAX_SUBJECT_ALT_NAMES } from '../policy/names.ts';
import type { CertificateProfile } from '../profiles.ts';
import { keyUsageFor } from './extensions.ts';

/**
 * The key: strong, and of a kind that the profile takes.
 *
 * @param spki - undefined of a key that is yet to be made
 */
export function checkKey(kind: KeyKind, spki: Uint8Array | undefined, profile: CertificateProfile): PolicyViolation[] {
  const weakness = spki && findWeakness(kind, spki);
  if (weakness !== undefined) return [weakness];
  const algorithm = keyAlgorithmName(kind);
  if (profile.keyUsage.length > 0 && keyUsageFor(profile, kind.type).length === 0) {
    const message = `a key of ${algorithm} can do none of ${profile.keyUsage.join(', ')}`;
    return [{ rule: 'key.usage', value: algorithm, message }];
  }
  if (profile.keyAlgorithms.some((allowed) => allowed === algorithm) || isStrongerRsa(kind, profile)) return [];
  const message = `the profile takes keys of ${profile.keyAlgorithms.join(', ')}, not ${algorithm}`;
  return [{ rule: 'key.algorithm', value: algorithm, message }];
}

/** A CSR may hold less than what is asked for, never more: what it holds beyond that was asked for by someone else. */
export function checkCsr(
  csr: CertificationRequest,
  names: readonly GeneralName[],
  commonName: string | undefined,
): PolicyViolation[] {
  const violations: PolicyViolation[] = [];
  const asked = new Set(names.map(formatGeneralName));
  const held = csr.subjectAltNames ?? [];
  if (held.length > MAX_SUBJECT_ALT_NAMES) {
    const message = `the CSR holds ${held.length} subjectAltNames, more than ${MAX_SUBJECT_ALT_NAMES}`;
    return [{ rule: 'csr.too-many-names', value: String(held.length), message }];
  }
  for (const name of foldNames(held)) {
    if (asked.has(formatGeneralName(name))) continue;
    const value = describeGeneralName(name);
    const message = `the CSR holds ${quote(value)}, which subjectAltNames does not ask for`;
    violations.push({ rule: 'csr.name-not-requested', value, message });
  }
  const texts = [commonName, ...names.map(({ value }) => value)].filter((value) => typeof value === 'string');
  const commonNames = new Set(texts.map(lowerCaseAscii));
  const heldCommonNames = csr.subject.commonNames;
  if (heldCommonNames.length > MAX_SUBJECT_ALT_NAMES) {
    const message = `the CSR holds ${heldCommonNames.length} common names, more than ${MAX_SUBJECT_ALT_NAMES}`;
    return [{ rule: 'csr.too-many-names', value: String(heldCommonNames.length), message }];
  }
  for (const name of heldCommonNames) {
    if (commonNames.has(lowerCaseAscii(name))) continue;
    const message = `the CSR's common name ${quote(name)} is neither commonName nor among subjectAltNames`;
    violations.push({ rule: 'csr.common-name', value: name, message });
  }
  const constraints = findExtension(csr.requestedExtensions, 'basicConstraints');
  if (constraints !== undefined && decodeBasicConstraints(constraints.value).cA) {
    violations.push({ rule: 'csr.ca', value: 'cA TRUE', message: 'the CSR asks for a CA certificate' });
  }
  return violations;
}

/** What the issuer's own certificates allow: name constraints (RFC 5280 section 4.2.1.10) and extended key usages. */
export function checkIssuer(
  { certificate, trustAnchor }: InstalledIntermediate,
  names: readonly GeneralName[],
  subject: DistinguishedName,
  profile: CertificateProfile,
): PolicyViolation[] {
  const violations: PolicyViolation[] = [];
  for (const issuer of [certificate, trustAnchor]) {
    if (issuer.nameConstraints === undefined) continue;
    const violation = checkNameConstraints(issuer.nameConstraints, names, subject);
    if (violation !== undefined) violations.push(violation);
  }
  const allowed = extendedKeyUsages(certificate);
  for (const usage of profile.extendedKeyUsage) {
    if (allowed === undefined || allowed.has(keyPurposeOid(usage))) continue;
    violations.push({
      rule: 'issuer.extended-key-usage',
      value: usage,
      message: `the intermediate may not issue for ${usage}`,
    });
  }
  return violations;
}

function extendedKeyUsages({ extKeyUsage }: Certificate): ReadonlySet<string> | undefined {
  if (extKeyUsage === undefined || extKeyUsage.includes('anyExtendedKeyUsage')) return undefined;
  return new Set(extKeyUsage.map(keyPurposeOid));
}

/** RSA sizes between and above those that the SDK generates are as good as the next smaller one. */
function isStrongerRsa(kind: KeyKind, { keyAlgorithms }: CertificateProfile): boolean {
  if (kind.type !== 'RSA') return false;
  return keyAlgorithms.some((allowed) => allowed.startsWith('RSA-') && Number(allowed.slice(4)) <= kind.modulusBits);
}
