import type { PolicyViolation } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import type { DistinguishedName } from '../../x509/name/distinguished-name.ts';
import { describeGeneralName, formatGeneralName, type GeneralName } from '../../x509/name/general-name.ts';
import { formatIpAddress, parseIpAddress } from '../../x509/name/ip-address.ts';
import type { CertificateProfile } from '../profiles.ts';
import { checkDnsName } from './dns-name.ts';
import { checkEmailName } from './email-name.ts';
import { checkIpName } from './ip-name.ts';
import { checkSubjectText } from './subject-text.ts';
import { checkUriName, isSpiffeId } from './uri-name.ts';

/** The part of a profile that says which names a certificate may hold. */
export type NameRules = Pick<
  CertificateProfile,
  'subjectAltNames' | 'subjectAltNameRequired' | 'commonName' | 'singleLabelNames' | 'wildcards'
>;

/** How many subjectAltNames one certificate may hold. */
export const MAX_SUBJECT_ALT_NAMES = 100;

/**
 * Checks the names that a certificate is asked for.
 *
 * @param subject - the subject that the certificate will have
 * @param names - the subjectAltNames, folded by {@link foldNames}
 * @param rules - of the profile
 * @returns every rule that is broken, one at most for each name; empty where all is well
 */
export function checkNames(
  subject: DistinguishedName,
  names: readonly GeneralName[],
  rules: NameRules,
): PolicyViolation[] {
  if (names.length > MAX_SUBJECT_ALT_NAMES) {
    const message = `${names.length} subjectAltNames are more than ${MAX_SUBJECT_ALT_NAMES}`;
    return [{ rule: 'name.too-many', value: String(names.length), message }];
  }
  const violations = names.map((name) => checkName(name, rules)).filter((violation) => violation !== undefined);
  return [
    ...violations,
    ...checkSpiffe(names),
    ...checkSubjectText(subject),
    ...checkPresence(subject, names, rules),
    ...checkCommonNames(subject, names, rules),
  ];
}

/**
 * Brings names to the form in which they are certified and drops those that occur twice: host names in lower case, the hosts of
 * mailboxes too. URIs stay as they are.
 *
 * @returns the names in the order of their first occurrence
 */
export function foldNames(names: readonly GeneralName[]): GeneralName[] {
  const folded = new Map<string, GeneralName>();
  for (const name of names.map(foldName)) {
    const key = formatGeneralName(name);
    if (!folded.has(key)) folded.set(key, name);
  }
  return [...folded.values()];
}

function foldName(name: GeneralName): GeneralName {
  if (name.kind === 'dns') return { kind: 'dns', value: lowerCaseAscii(name.value) };
  if (name.kind !== 'email') return name;
  const host = name.value.lastIndexOf('@') + 1;
  return { kind: 'email', value: name.value.slice(0, host) + lowerCaseAscii(name.value.slice(host)) };
}

/** Unicode is left alone: lower-casing it could turn what is refused into what is not (the Kelvin sign into "k"). */
export function lowerCaseAscii(text: string): string {
  return /[A-Z]/.test(text) ? text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase()) : text;
}

function checkName(name: GeneralName, rules: NameRules): PolicyViolation | undefined {
  if (!rules.subjectAltNames.includes(name.kind)) {
    const value = describeGeneralName(name);
    const allowed = rules.subjectAltNames.join(', ');
    const message = `the name ${quote(value)} is of the kind ${name.kind}, the profile allows ${allowed === '' ? 'none' : allowed}`;
    return { rule: 'name.kind', value, message };
  }
  switch (name.kind) {
    case 'dns':
      return checkDnsName(name.value, rules);
    case 'ip':
      return checkIpName(name.value);
    case 'email':
      return checkEmailName(name.value, rules);
    case 'uri':
      return checkUriName(name.value, rules);
    default:
      return undefined;
  }
}

/** X.509-SVID section 2: a certificate with a SPIFFE ID holds no other URI. */
function checkSpiffe(names: readonly GeneralName[]): PolicyViolation[] {
  const uris = names.flatMap((name) => (name.kind === 'uri' ? [name.value] : []));
  const id = uris.find(isSpiffeId);
  if (id === undefined || uris.length === 1) return [];
  const message = `the SPIFFE ID ${quote(id)} must be the only URI, there are ${uris.length}`;
  return [{ rule: 'name.uri.spiffe-not-alone', value: id, message }];
}

function checkPresence(subject: DistinguishedName, names: readonly GeneralName[], rules: NameRules): PolicyViolation[] {
  if (names.length > 0) return [];
  if (subject.isEmpty) {
    return [{ rule: 'name.none', value: '', message: 'there is neither a subject nor a subjectAltName' }];
  }
  if (!rules.subjectAltNameRequired) return [];
  return [
    {
      rule: 'name.san-required',
      value: subject.toString(),
      message: 'the profile requires at least one subjectAltName',
    },
  ];
}

function checkCommonNames(
  subject: DistinguishedName,
  names: readonly GeneralName[],
  rules: NameRules,
): PolicyViolation[] {
  if (rules.commonName === 'free') return [];
  return subject.commonNames
    .filter((commonName) => !names.some((name) => isSameText(commonName, name)))
    .map((commonName) => ({
      rule: 'name.cn-not-in-san',
      value: commonName,
      message: `the common name ${quote(commonName)} is not among the subjectAltNames`,
    }));
}

function isSameText(commonName: string, name: GeneralName): boolean {
  switch (name.kind) {
    case 'dns':
    case 'email':
      return lowerCaseAscii(commonName) === lowerCaseAscii(name.value);
    case 'ip': {
      const address = parseIpAddress(commonName);
      return address !== undefined && formatIpAddress(address) === name.value;
    }
    case 'uri':
      return commonName === name.value;
    default:
      return false;
  }
}
