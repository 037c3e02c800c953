import type { Certificate } from '../certificate/certificate.ts';
import { type ExtendedKeyUsage, keyPurposeOid } from '../extensions/extended-key-usage.ts';
import type { KeyUsage } from '../extensions/key-usage.ts';
import type { NameConstraints } from '../extensions/name-constraints.ts';
import { checkNameConstraints } from '../name/name-constraints.ts';
import type { PathBudget } from './budget.ts';
import { isSelfIssued } from './certificate-form.ts';
import { PolicyCheck, type PolicyOptions } from './policy-check.ts';
import { type PathProblem, problem } from './problem.ts';
import { budgetExceeded } from './signature-verifier.ts';

/** What a path is to be good for, as far as its rules go (RFC 5280 section 6.1.1). */
export interface PathRules {
  /** The key purpose, a known name or an OID; undefined when any will do. */
  readonly purpose?: ExtendedKeyUsage | undefined;
  /** What the end entity's key must be usable for. */
  readonly keyUsage: readonly KeyUsage[];
  /** How many non-self-issued intermediates there may be; undefined for no limit. */
  readonly maxPathLength?: number | undefined;
  readonly policies: PolicyOptions;
}

/** A path that keeps the rules: which policies it is valid under. */
export interface ValidPath {
  /** The user-constrained policy set (RFC 5280 section 6.1.6). */
  readonly policies: readonly string[];
}

/**
 * Judges a finished path by the rules that depend on it as a whole (RFC 5280 sections 6.1.2 to 6.1.5). Signatures, dates and
 * the form of each certificate have been judged while it was built.
 *
 * The trust anchor's own constraints bind the path too (RFC 5937).
 *
 * @param path end entity first, trust anchor last
 * @param rules what the path is to be good for
 * @param budget pays for name constraints and policies
 */
export function judgePath(
  path: readonly Certificate[],
  rules: PathRules,
  budget: PathBudget,
): { readonly problem: PathProblem } | ValidPath {
  const found =
    findLengthProblem(path, rules.maxPathLength) ??
    findPurposeProblem(path, rules.purpose) ??
    findKeyUsageProblem(path[0] as Certificate, rules.keyUsage) ??
    findNameConstraintProblem(path, budget);
  if (found !== undefined) return { problem: found };
  if (isFreeOfPolicies(path, rules.policies)) return { policies: [] };
  const policies = new PolicyCheck(path.toReversed(), rules.policies, budget).run();
  return 'code' in policies ? { problem: policies } : { policies: policies.userConstrained };
}

/** Below a certificate that states no policy none holds, which is right where none is required: most paths are of this kind. */
function isFreeOfPolicies(path: readonly Certificate[], { explicit }: PolicyOptions): boolean {
  return (
    !explicit &&
    path.every(({ policyConstraints }) => policyConstraints === undefined) &&
    path.some(({ policies }, index) => policies === undefined && index < path.length - 1)
  );
}

/** RFC 5280 section 6.1.4 (l) and (m). The anchor opens the path, so it is not counted. */
function findLengthProblem(path: readonly Certificate[], limit: number | undefined): PathProblem | undefined {
  const anchor = path.length - 1;
  let left = limit ?? Number.POSITIVE_INFINITY;
  for (let index = anchor; index > 0; index--) {
    const certificate = path[index] as Certificate;
    if (index < anchor && !isSelfIssued(certificate)) {
      if (left === 0) {
        return problem('PATH_TOO_LONG', certificate, {
          rule: 'path-length',
          reference: 'RFC 5280 section 6.1.4 (l)',
          message: 'There is one intermediate more than a pathLenConstraint above, or the caller, allows',
          expected: 'no further intermediate',
          found: certificate.subject.toString(),
        });
      }
      left--;
    }
    left = Math.min(left, certificate.basicConstraints?.pathLenConstraint ?? left);
  }
  return undefined;
}

/** RFC 5280 section 4.2.1.12 for the end entity; a CA that has the extension limits what is below it, as every reader has it. */
function findPurposeProblem(
  path: readonly Certificate[],
  purpose: ExtendedKeyUsage | undefined,
): PathProblem | undefined {
  if (purpose === undefined) return undefined;
  const wanted = keyPurposeOid(purpose);
  for (const certificate of path) {
    const usages = certificate.extKeyUsage;
    if (usages === undefined) continue;
    if (usages.some((usage) => usage === 'anyExtendedKeyUsage' || keyPurposeOid(usage) === wanted)) continue;
    return problem('PATH_EXTENDED_KEY_USAGE', certificate, {
      rule: 'extended-key-usage',
      reference: 'RFC 5280 section 4.2.1.12',
      message: `The certificate is not for ${purpose}`,
      expected: purpose,
      found: usages.join(', '),
    });
  }
  return undefined;
}

function findKeyUsageProblem(certificate: Certificate, wanted: readonly KeyUsage[]): PathProblem | undefined {
  const missing = wanted.find((usage) => certificate.keyUsage?.includes(usage) === false);
  if (missing === undefined) return undefined;
  return problem('PATH_KEY_USAGE', certificate, {
    rule: 'key-usage',
    reference: 'RFC 5280 section 4.2.1.3',
    message: `The key may not be used for ${missing}`,
    expected: missing,
    found: certificate.keyUsage?.join(', '),
  });
}

/** RFC 5280 sections 6.1.3 (b) and (c): every CA's constraints bind all below, but for self-issued intermediates. */
function findNameConstraintProblem(path: readonly Certificate[], budget: PathBudget): PathProblem | undefined {
  const above: NameConstraints[] = [];
  for (let index = path.length - 1; index >= 0; index--) {
    const certificate = path[index] as Certificate;
    if (above.length > 0 && (index === 0 || !isSelfIssued(certificate))) {
      for (const constraints of above) {
        // Making subtrees and names ready is work too, even where no two are of one kind.
        const { permitted, excluded } = constraints;
        const names = certificate.subjectAltNames?.length ?? 0;
        budget.comparisons.remaining -= permitted.length + excluded.length + names;
        if (budget.comparisons.remaining < 0) return budgetExceeded('name constraints');
        const violation = checkNameConstraints(
          constraints,
          certificate.subjectAltNames ?? [],
          certificate.subject,
          budget.comparisons,
        );
        if (violation === undefined) continue;
        if (violation.rule === 'name-constraints.too-many') return budgetExceeded('name constraints');
        return problem('PATH_NAME_CONSTRAINTS', certificate, {
          rule: violation.rule,
          reference: 'RFC 5280 section 6.1.3 (b) and (c)',
          message: `Under the name constraints of a CA above, ${violation.message}`,
          expected: 'names that every CA above may certify',
          found: violation.value,
        });
      }
    }
    if (certificate.nameConstraints !== undefined) above.push(certificate.nameConstraints);
  }
  return undefined;
}
