import { shorten } from '../../errors/quote.ts';
import type { NameConstraints } from '../extensions/name-constraints.ts';
import type { DistinguishedName } from './distinguished-name.ts';
import { describeGeneralName, formatGeneralName, type GeneralName, type GeneralNameKind } from './general-name.ts';
import { EMAIL_ADDRESS } from './name-attributes.ts';
import { prepareSubtree, type Subtree, subtreeTest } from './name-subtree.ts';

/** A name that a CA may not certify. */
export interface NameConstraintViolation {
  /** Which way it breaks the constraints; a stable name. */
  readonly rule:
    | 'name-constraints.excluded'
    | 'name-constraints.not-permitted'
    | 'name-constraints.unsupported'
    | 'name-constraints.too-many';
  /** The name, as text. */
  readonly value: string;
  readonly message: string;
}

/** The work that evaluations may do together, so that a path of hostile certificates stays cheap. */
export interface ComparisonBudget {
  /** How many comparisons of a name with a subtree are left. */
  remaining: number;
}

/** As many comparisons as a thousand names under a thousand subtrees take. */
const MAX_COMPARISONS = 2 ** 20;

/** How many permitted subtrees a message lists. */
const MAX_SHOWN = 8;

/** SmtpUTF8Mailbox: a mailbox in disguise, to which constraints on mailboxes apply (RFC 9598 section 6). */
const SMTP_UTF8_MAILBOX = '1.3.6.1.5.5.7.8.9';

/**
 * Judges the names of a certificate by the name constraints of one CA above it (RFC 5280 section 4.2.1.10).
 *
 * Constraints on mailboxes also bind the e-mail addresses in the subject. A kind of name that is constrained but cannot be
 * evaluated (otherName, x400Address, ediPartyName, registeredId) is a violation where it occurs. A path is judged by every
 * CA's constraints in turn; whether a self-issued certificate is exempt is for the caller to say.
 *
 * @param constraints - of the CA
 * @param names - the subjectAltNames
 * @param subject - the subject; an empty one is not judged
 * @param budget - shared by the evaluations of one path; by default 2^20 comparisons
 * @returns the first violation, or undefined
 */
export function checkNameConstraints(
  constraints: NameConstraints,
  names: readonly GeneralName[],
  subject: DistinguishedName,
  budget: ComparisonBudget = { remaining: MAX_COMPARISONS },
): NameConstraintViolation | undefined {
  const excluded = groupByKind(constraints.excluded);
  const permitted = groupByKind(constraints.permitted);
  for (const name of constrainedNames(names, subject)) {
    const violation = judge(name, excluded.get(name.kind) ?? [], permitted.get(name.kind) ?? [], budget);
    if (violation !== undefined) return violation;
  }
  const hasMailboxes = excluded.has('email') || permitted.has('email');
  const disguised = names.find((name) => name.kind === 'otherName' && name.type === SMTP_UTF8_MAILBOX);
  return hasMailboxes && disguised !== undefined ? unsupported(disguised) : undefined;
}

function judge(
  name: GeneralName,
  excluded: readonly Subtree[],
  permitted: readonly Subtree[],
  budget: ComparisonBudget,
): NameConstraintViolation | undefined {
  const comparisons = excluded.length + permitted.length;
  if (comparisons === 0) return undefined;
  budget.remaining -= comparisons;
  if (budget.remaining < 0) {
    return violation(
      'too-many',
      name,
      (text) => `the name ${text} would take one comparison with name constraints too many`,
    );
  }
  const test = subtreeTest(name);
  if (test === undefined) return unsupported(name);
  const excluding = excluded.find(test.mayBeWithin);
  if (excluding !== undefined) {
    const subtree = formatGeneralName(excluding.name);
    return violation('excluded', name, (text) => `the name ${text} lies in the excluded subtree ${subtree}`);
  }
  if (permitted.length > 0 && !permitted.some(test.isWithin)) {
    const shown = permitted.slice(0, MAX_SHOWN).map((subtree) => formatGeneralName(subtree.name));
    const list = [...shown, ...(permitted.length > MAX_SHOWN ? ['…'] : [])].join(', ');
    return violation(
      'not-permitted',
      name,
      (text) => `the name ${text} lies in none of the permitted subtrees (${list})`,
    );
  }
  return undefined;
}

function unsupported(name: GeneralName): NameConstraintViolation {
  return violation('unsupported', name, (text) => `the name ${text} is constrained and cannot be judged`);
}

function violation(
  problem: 'excluded' | 'not-permitted' | 'unsupported' | 'too-many',
  name: GeneralName,
  message: (text: string) => string,
): NameConstraintViolation {
  const value = describeGeneralName(name);
  return { rule: `name-constraints.${problem}`, value, message: message(shorten(value)) };
}

function constrainedNames(names: readonly GeneralName[], subject: DistinguishedName): readonly GeneralName[] {
  if (subject.isEmpty) return names;
  const mailboxes = subject.valuesOf(EMAIL_ADDRESS).map((value) => ({ kind: 'email', value }) as const);
  return [{ kind: 'directoryName', value: subject }, ...mailboxes, ...names];
}

function groupByKind(subtrees: readonly GeneralName[]): ReadonlyMap<GeneralNameKind, readonly Subtree[]> {
  const groups = new Map<GeneralNameKind, Subtree[]>();
  for (const subtree of subtrees) {
    const group = groups.get(subtree.kind);
    if (group === undefined) groups.set(subtree.kind, [prepareSubtree(subtree)]);
    else group.push(prepareSubtree(subtree));
  }
  return groups;
}
