import { equalBytes } from '../../encoding/bytes.ts';
import type { Certificate } from '../certificate/certificate.ts';
import { ExtensionOid } from '../extensions/extension-oids.ts';
import type { GeneralName } from '../name/general-name.ts';
import { formatIpAddress, parseIpAddress } from '../name/ip-address.ts';
import { isSelfIssued, type PathRole } from './certificate-form.ts';
import { isHostName } from './host-name.ts';
import { type PathProblem, problem } from './problem.ts';

/**
 * Checks what the CA/Browser Forum's Baseline Requirements for TLS demand of a certificate beyond RFC 5280.
 *
 * @param certificate any certificate of a path
 * @param role its part in the path
 */
export function findWebpkiProblem(certificate: Certificate, role: PathRole): PathProblem | undefined {
  if (certificate.version !== 3) {
    return webpki(
      certificate,
      'version',
      '7.1.1',
      'The certificate is not of version 3',
      '3',
      `${certificate.version}`,
    );
  }
  return (
    findAuthorityKeyIdentifierProblem(certificate) ??
    (role === 'end-entity' ? findSubscriberProblem(certificate) : findCaProblem(certificate, role))
  );
}

function findAuthorityKeyIdentifierProblem(certificate: Certificate): PathProblem | undefined {
  const { authorityKeyIdentifier: authority, subjectKeyIdentifier: subject } = certificate;
  if (authority === undefined) return undefined;
  const complain = (message: string, expected: string, found: string): PathProblem =>
    webpki(certificate, 'authorityKeyIdentifier', '7.1.2.11.1', message, expected, found);
  if (authority.authorityCertIssuer !== undefined) {
    return complain(
      'authorityKeyIdentifier names issuer and serial number',
      'keyIdentifier only',
      'authorityCertIssuer',
    );
  }
  if (authority.keyIdentifier === undefined) {
    return complain('authorityKeyIdentifier has no keyIdentifier', 'keyIdentifier', 'none');
  }
  if (isSelfSignedByName(certificate) && subject !== undefined && !equalBytes(authority.keyIdentifier, subject)) {
    return complain('A root names another key than its own', 'its subjectKeyIdentifier', 'another');
  }
  return undefined;
}

/** A root. Self-issued certificates of a key rollover are signed with another key, and are no anchors. */
function isSelfSignedByName(certificate: Certificate): boolean {
  return isSelfIssued(certificate) && certificate.basicConstraints?.cA === true;
}

function findCaProblem(certificate: Certificate, role: PathRole): PathProblem | undefined {
  if (role === 'anchor' && isSelfIssued(certificate) && certificate.extKeyUsage !== undefined) {
    const found = certificate.extKeyUsage.join(', ');
    return webpki(certificate, 'root.extKeyUsage', '7.1.2.1.2', 'A root has extKeyUsage', 'absent', found);
  }
  if (certificate.keyUsage === undefined) {
    return webpki(certificate, 'ca.keyUsage', '7.1.2.10.7', 'A CA has no keyUsage', 'keyCertSign', 'absent');
  }
  return undefined;
}

function findSubscriberProblem(certificate: Certificate): PathProblem | undefined {
  const { extKeyUsage, basicConstraints } = certificate;
  if (basicConstraints?.cA) {
    return webpki(certificate, 'subscriber.ca', '7.1.2.7.8', 'The certificate is that of a CA', 'cA FALSE', 'cA TRUE');
  }
  if (extKeyUsage === undefined || isCritical(certificate, ExtensionOid.extKeyUsage)) {
    const found = extKeyUsage === undefined ? 'absent' : 'critical';
    const message = `extKeyUsage is ${found}`;
    return webpki(certificate, 'subscriber.extKeyUsage', '7.1.2.7.6', message, 'present and not critical', found);
  }
  if (extKeyUsage.includes('anyExtendedKeyUsage')) {
    const message = 'extKeyUsage holds anyExtendedKeyUsage';
    return webpki(
      certificate,
      'subscriber.extKeyUsage',
      '7.1.2.7.10',
      message,
      'named purposes',
      'anyExtendedKeyUsage',
    );
  }
  return findNamesProblem(certificate);
}

function findNamesProblem(certificate: Certificate): PathProblem | undefined {
  const { subjectAltNames: names, subject } = certificate;
  const complain = (message: string, expected: string, found: string, section = '7.1.2.7.12'): PathProblem =>
    webpki(certificate, 'subscriber.names', section, message, expected, found);
  if (names === undefined) return complain('subjectAltName is absent', 'present', 'absent');
  if (!subject.isEmpty && isCritical(certificate, ExtensionOid.subjectAltName)) {
    return complain('subjectAltName is critical beside a subject', 'not critical', 'critical');
  }
  for (const { kind, value } of names) {
    if (kind === 'ip') continue;
    if (kind !== 'dns') return complain(`subjectAltName holds a name of kind ${kind}`, 'dNSName or iPAddress', kind);
    const host = value.startsWith('*.') ? value.slice(2) : value;
    if (!isHostName(host)) return complain(`${JSON.stringify(value)} is no host name`, 'a host name', value);
    if (host !== value && !host.includes('.')) {
      return complain(`The wildcard ${value} stands for a whole registry`, 'a registered domain', value, '3.2.2.6');
    }
  }
  const common = subject.commonNames.find((name) => !isListed(name, names));
  if (common === undefined) return undefined;
  const found = names.map(({ value }) => String(value)).slice(0, 8);
  return complain(
    `The common name ${JSON.stringify(common)} is not in subjectAltName`,
    common,
    found.join(', '),
    '7.1.4.3',
  );
}

/**
 * Whether a common name repeats a subjectAltName, octet by octet. A host name is judged beside the host names only, and the
 * domain of a wildcard counts as listed: identity never comes from here, so that nothing hangs on it.
 */
function isListed(commonName: string, names: readonly GeneralName[]): boolean {
  if (names.some(({ value }) => isSameName(commonName, String(value)) || value === `*.${commonName}`)) return true;
  return isHostName(commonName) && names.every(({ kind }) => kind !== 'dns');
}

/** An address counts only in its one textual form (RFC 5952). */
function isSameName(commonName: string, name: string): boolean {
  if (commonName !== name) return false;
  const address = parseIpAddress(commonName);
  return address === undefined || formatIpAddress(address) === commonName;
}

function isCritical(certificate: Certificate, oid: string): boolean {
  return certificate.extensions.some((extension) => extension.oid === oid && extension.critical);
}

/** Makes the problem of a certificate that breaks a rule of the Baseline Requirements. */
function webpki(
  certificate: Certificate,
  rule: string,
  section: string,
  message: string,
  expected: string,
  found: string,
): PathProblem {
  const reference = `CA/B Forum Baseline Requirements section ${section}`;
  return problem('PATH_FORM_VIOLATION', certificate, { rule: `webpki.${rule}`, reference, message, expected, found });
}
