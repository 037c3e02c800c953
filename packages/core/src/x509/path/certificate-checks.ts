import type { Certificate } from '../certificate/certificate.ts';
import { ExtensionOid } from '../extensions/extension-oids.ts';
import { findFormProblem, type PathRole } from './certificate-form.ts';
import { findCertifiedKeyProblem } from './certified-key.ts';
import { Memo } from './memo.ts';
import { type PathProblem, problem } from './problem.ts';
import { findWebpkiProblem } from './webpki-form.ts';

/** Whose rules a path is judged by: RFC 5280 alone, or with the CA/Browser Forum's on top. */
export type PathProfile = 'rfc5280' | 'webpki';

/**
 * Checks everything about a certificate that does not depend on the path that it is in.
 *
 * @param certificate any certificate of a path
 * @param role its part in the path
 * @param at the instant, in epoch milliseconds cut to whole seconds
 * @param profile whose rules
 */
export function findCertificateProblem(
  certificate: Certificate,
  role: PathRole,
  at: number,
  profile: PathProfile,
): PathProblem | undefined {
  return findValidityProblem(certificate, at) ?? findLastingProblem(certificate, role, profile);
}

/**
 * Checks CAs, and remembers of those that are familiar what does not change: everything but the dates.
 */
export class IssuerChecks {
  readonly #familiar: ReadonlySet<Certificate>;
  readonly #lasting = new Memo<Certificate, { role: PathRole; profile: PathProfile; found: PathProblem | undefined }>(
    2048,
  );

  /** @param familiar the certificates that are likely to come again */
  constructor(familiar: ReadonlySet<Certificate>) {
    this.#familiar = familiar;
  }

  /** As {@link findCertificateProblem}. */
  findProblem(certificate: Certificate, role: PathRole, at: number, profile: PathProfile): PathProblem | undefined {
    if (!this.#familiar.has(certificate)) return findCertificateProblem(certificate, role, at, profile);
    let known = this.#lasting.get(certificate);
    if (known?.role !== role || known.profile !== profile) {
      known = { role, profile, found: findLastingProblem(certificate, role, profile) };
      this.#lasting.set(certificate, known);
    }
    return findValidityProblem(certificate, at) ?? known.found;
  }
}

function findLastingProblem(certificate: Certificate, role: PathRole, profile: PathProfile): PathProblem | undefined {
  return (
    findFormProblem(certificate, role, profile === 'rfc5280') ??
    (role === 'end-entity' ? undefined : findIssuerProblem(certificate, role === 'anchor' || profile === 'webpki')) ??
    findProfileProblem(certificate, role, profile) ??
    // Who signs has a key that is imported, which judges it as well.
    (role === 'end-entity' || profile === 'webpki'
      ? findCertifiedKeyProblem(certificate, profile === 'webpki')
      : undefined)
  );
}

function findValidityProblem(certificate: Certificate, at: number): PathProblem | undefined {
  if (at < certificate.notBefore.getTime()) {
    const start = certificate.notBefore.toISOString();
    return validityProblem('PATH_NOT_YET_VALID', certificate, `is valid from ${start} only`, start, at);
  }
  if (at > certificate.notAfter.getTime()) {
    const end = certificate.notAfter.toISOString();
    return validityProblem('PATH_EXPIRED', certificate, `expired at ${end}`, end, at);
  }
  return undefined;
}

function validityProblem(
  code: 'PATH_NOT_YET_VALID' | 'PATH_EXPIRED',
  certificate: Certificate,
  complaint: string,
  expected: string,
  at: number,
): PathProblem {
  const found = new Date(at).toISOString();
  return problem(code, certificate, {
    rule: code === 'PATH_EXPIRED' ? 'not-after' : 'not-before',
    reference: 'RFC 5280 section 6.1.3 (a)(2)',
    message: `The certificate ${complaint}, and it is ${found}`,
    expected,
    found,
  });
}

/** Path validation does not ask for a critical basicConstraints (section 6.1.4 (k)), so that only what is trusted need be in form. */
function findIssuerProblem(certificate: Certificate, isFormJudged: boolean): PathProblem | undefined {
  const { version, basicConstraints, keyUsage } = certificate;
  if (version !== 3 || !basicConstraints?.cA) {
    return problem('PATH_NOT_A_CA', certificate, {
      rule: 'basic-constraints.ca',
      reference: 'RFC 5280 section 6.1.4 (k)',
      message: 'The certificate issues another, and is not that of a CA',
      expected: 'version 3 with basicConstraints cA TRUE',
      found: version === 3 ? `cA ${basicConstraints === undefined ? 'absent' : 'FALSE'}` : `version ${version}`,
    });
  }
  if (isFormJudged && !isCritical(certificate, ExtensionOid.basicConstraints)) {
    return problem('PATH_FORM_VIOLATION', certificate, {
      rule: 'basicConstraints.criticality',
      reference: 'RFC 5280 section 4.2.1.9',
      message: 'basicConstraints of a CA is not critical',
      expected: 'critical',
      found: 'not critical',
    });
  }
  if (keyUsage !== undefined && !keyUsage.includes('keyCertSign')) {
    return problem('PATH_KEY_USAGE', certificate, {
      rule: 'key-usage.certificate-signing',
      reference: 'RFC 5280 section 6.1.4 (n)',
      message: 'The certificate issues another, and its key may not sign certificates',
      expected: 'keyCertSign',
      found: keyUsage.join(', '),
    });
  }
  return undefined;
}

function findProfileProblem(certificate: Certificate, role: PathRole, profile: PathProfile): PathProblem | undefined {
  if (profile === 'webpki') return findWebpkiProblem(certificate, role);
  // The Baseline Requirements (section 7.1.2.10.8) leave it open; RFC 5280 does not.
  if (certificate.nameConstraints === undefined || isCritical(certificate, ExtensionOid.nameConstraints))
    return undefined;
  return problem('PATH_FORM_VIOLATION', certificate, {
    rule: 'nameConstraints.criticality',
    reference: 'RFC 5280 section 4.2.1.10',
    message: 'nameConstraints is not critical',
    expected: 'critical',
    found: 'not critical',
  });
}

function isCritical(certificate: Certificate, oid: string): boolean {
  return certificate.extensions.some((extension) => extension.oid === oid && extension.critical);
}
