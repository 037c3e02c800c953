import type { Certificate } from '../certificate/certificate.ts';
import { ExtensionOid } from '../extensions/extension-oids.ts';
import type { GeneralName } from '../name/general-name.ts';
import { isHostName } from './host-name.ts';
import { type PathProblem, problem } from './problem.ts';

/** The part that a certificate plays in a path. */
export type PathRole = 'anchor' | 'intermediate' | 'end-entity';

/** Critical extensions that the validation processes; RFC 5280 section 4.2 refuses a certificate with any other. */
const PROCESSED: ReadonlySet<string> = new Set([
  ExtensionOid.basicConstraints,
  ExtensionOid.keyUsage,
  ExtensionOid.extKeyUsage,
  ExtensionOid.subjectAltName,
  ExtensionOid.nameConstraints,
  ExtensionOid.certificatePolicies,
  ExtensionOid.policyMappings,
  ExtensionOid.policyConstraints,
  ExtensionOid.inhibitAnyPolicy,
  ExtensionOid.cRLDistributionPoints,
]);

/** Extensions that RFC 5280 wants never to be critical, with the section that says so. */
const NEVER_CRITICAL: ReadonlyMap<string, readonly [name: string, section: string]> = new Map([
  [ExtensionOid.authorityKeyIdentifier, ['authorityKeyIdentifier', '4.2.1.1']],
  [ExtensionOid.subjectKeyIdentifier, ['subjectKeyIdentifier', '4.2.1.2']],
  [ExtensionOid.subjectDirectoryAttributes, ['subjectDirectoryAttributes', '4.2.1.8']],
  [ExtensionOid.freshestCRL, ['freshestCRL', '4.2.1.15']],
  [ExtensionOid.authorityInfoAccess, ['authorityInfoAccess', '4.2.2.1']],
  [ExtensionOid.subjectInfoAccess, ['subjectInfoAccess', '4.2.2.2']],
]);

/** Extensions that RFC 5280 wants always to be critical, with the section that says so. */
const ALWAYS_CRITICAL: ReadonlyMap<string, readonly [name: string, section: string]> = new Map([
  [ExtensionOid.policyConstraints, ['policyConstraints', '4.2.1.11']],
  [ExtensionOid.inhibitAnyPolicy, ['inhibitAnyPolicy', '4.2.1.14']],
]);

/**
 * Checks a certificate by itself: extensions that nobody understands, and the form that RFC 5280 section 4 demands of a
 * conforming CA's certificates.
 *
 * @param certificate any certificate of a path
 * @param role its part in the path
 * @param isAuthorityKeyIdentifierNeeded whether an anchor that another CA signed must name the key of that CA
 */
export function findFormProblem(
  certificate: Certificate,
  role: PathRole,
  isAuthorityKeyIdentifierNeeded = true,
): PathProblem | undefined {
  return (
    findExtensionProblem(certificate) ??
    // Several roots in the public trust stores have zero.
    (certificate.serialNumber === '00' && role !== 'anchor'
      ? formProblem(certificate, 'serial-number', '4.1.2.2', 'The serial number is zero', 'a positive number', '0')
      : undefined) ??
    findSubjectProblem(certificate) ??
    findKeyIdentifierProblem(certificate, role, isAuthorityKeyIdentifierNeeded) ??
    findConstraintsProblem(certificate)
  );
}

/** Whether issuer and subject are the same name (RFC 5280 section 6.1). */
export function isSelfIssued(certificate: Certificate): boolean {
  return certificate.issuer.equals(certificate.subject);
}

function findExtensionProblem(certificate: Certificate): PathProblem | undefined {
  for (const { oid, critical } of certificate.extensions) {
    const never = NEVER_CRITICAL.get(oid);
    const always = ALWAYS_CRITICAL.get(oid);
    if (critical && never !== undefined) {
      const message = `${never[0]} is critical`;
      return formProblem(certificate, `${never[0]}.criticality`, never[1], message, 'not critical', 'critical');
    }
    if (!critical && always !== undefined && !isOlderForm(certificate, oid)) {
      const message = `${always[0]} is not critical`;
      return formProblem(certificate, `${always[0]}.criticality`, always[1], message, 'critical', 'not critical');
    }
    if (critical && !PROCESSED.has(oid)) {
      return problem('PATH_EXTENSION_UNKNOWN', certificate, {
        rule: 'extension.critical',
        reference: 'RFC 5280 section 4.2',
        message: `The critical extension ${oid} is not one that is processed here`,
        expected: 'critical extensions that are understood',
        found: oid,
      });
    }
  }
  return undefined;
}

/**
 * RFC 3280 section 4.2.1.12 left it to CAs whether policyConstraints is critical, and those that process policies wrote it
 * either way. It is processed here whatever the flag says; without any policy beside it, it has no such excuse.
 */
function isOlderForm({ policies }: Certificate, oid: string): boolean {
  return oid === ExtensionOid.policyConstraints && policies !== undefined;
}

function findSubjectProblem(certificate: Certificate): PathProblem | undefined {
  if (!certificate.subject.isEmpty) return undefined;
  if (certificate.basicConstraints?.cA) {
    return formProblem(certificate, 'subject.ca', '4.1.2.6', 'A CA has an empty subject', 'a name', 'none');
  }
  const names = certificate.extensions.find(({ oid }) => oid === ExtensionOid.subjectAltName);
  if (names?.critical) return undefined;
  const message = 'The subject is empty and subjectAltName is not critical';
  const found = names === undefined ? 'none' : 'not critical';
  return formProblem(certificate, 'subjectAltName.criticality', '4.2.1.6', message, 'a critical subjectAltName', found);
}

function findKeyIdentifierProblem(
  certificate: Certificate,
  role: PathRole,
  isNeededInAnchor: boolean,
): PathProblem | undefined {
  const isCa = role !== 'end-entity' || certificate.basicConstraints?.cA === true;
  if (isCa && certificate.subjectKeyIdentifier === undefined) {
    const message = 'A CA has no subjectKeyIdentifier';
    return formProblem(certificate, 'subjectKeyIdentifier.presence', '4.2.1.2', message, 'present', 'absent');
  }
  if (certificate.authorityKeyIdentifier?.keyIdentifier !== undefined) return undefined;
  // Only a self-signed certificate may do without. Nobody looks for the issuer of an anchor, whoever that is.
  const isSelfSigned = role !== 'intermediate' && isSelfIssued(certificate);
  if (isSelfSigned || (role === 'anchor' && !isNeededInAnchor)) return undefined;
  const message = 'authorityKeyIdentifier has no keyIdentifier';
  return formProblem(certificate, 'authorityKeyIdentifier.presence', '4.2.1.1', message, 'present', 'absent');
}

function findConstraintsProblem(certificate: Certificate): PathProblem | undefined {
  const { basicConstraints, keyUsage, nameConstraints } = certificate;
  if (!basicConstraints?.cA) {
    if (keyUsage?.includes('keyCertSign')) {
      const message = 'keyCertSign is set on a certificate that is no CA';
      return formProblem(certificate, 'keyUsage.keyCertSign', '4.2.1.3', message, 'cA TRUE', 'cA FALSE');
    }
    if (nameConstraints !== undefined) {
      const message = 'nameConstraints is in a certificate that is no CA';
      return formProblem(certificate, 'nameConstraints.ca', '4.2.1.10', message, 'only in a CA', 'in an end entity');
    }
  }
  const malformed = [...(nameConstraints?.permitted ?? []), ...(nameConstraints?.excluded ?? [])].find(isBadSubtree);
  if (malformed === undefined) return undefined;
  const found = `${malformed.kind}:${String(malformed.value)}`;
  const message = `The name constraint ${JSON.stringify(found)} is malformed`;
  return formProblem(certificate, 'nameConstraints.subtree', '4.2.1.10', message, 'a host, mailbox or domain', found);
}

/** A subtree that two readers may read differently bounds nothing, so it fails closed. */
function isBadSubtree({ kind, value }: GeneralName): boolean {
  switch (kind) {
    case 'dns':
      return value !== '' && !isHostName(value, 'lenient');
    case 'uri':
      return value !== '' && !isHostName(value.replace(/^\./, ''), 'lenient');
    case 'email': {
      const at = value.indexOf('@');
      const host = at < 0 ? value.replace(/^\./, '') : value.slice(at + 1);
      return value !== '' && (at === 0 || !isHostName(host, 'lenient'));
    }
    default:
      return false;
  }
}

/** Makes the problem of a certificate that breaks a rule about its form. */
function formProblem(
  certificate: Certificate,
  rule: string,
  section: string,
  message: string,
  expected: string,
  found: string,
): PathProblem {
  const reference = `RFC 5280 section ${section}`;
  return problem('PATH_FORM_VIOLATION', certificate, { rule, reference, message, expected, found });
}
