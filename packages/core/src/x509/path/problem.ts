import type { PathValidationCode } from '../../errors/codes.ts';
import { PathValidationError } from '../../errors/path-validation-error.ts';
import { quote } from '../../errors/quote.ts';
import type { Certificate } from '../certificate/certificate.ts';

/** What keeps a certificate or a path from being valid. A value rather than an error, since most paths tried are given up. */
export interface PathProblem {
  readonly code: PathValidationCode;
  /** The rule's stable name. */
  readonly rule: string;
  /** Where the rule stands. */
  readonly reference: string;
  /** The whole complaint, but for the certificate's name and the reference. */
  readonly message: string;
  readonly certificate?: Certificate | undefined;
  readonly expected?: string | undefined;
  readonly found?: string | undefined;
  readonly cause?: unknown;
}

/** What {@link problem} takes besides code and certificate. */
export type ProblemDetails = Omit<PathProblem, 'code' | 'certificate'>;

/**
 * Makes a problem.
 *
 * @param code what kind of problem
 * @param certificate which certificate has it; undefined when none does
 * @param details rule, reference and message
 */
export function problem(
  code: PathValidationCode,
  certificate: Certificate | undefined,
  details: ProblemDetails,
): PathProblem {
  return { code, certificate, ...details };
}

/**
 * Turns a problem into the error that callers see.
 *
 * @param found the problem
 * @param path the path that has it, end entity first, to tell the certificate's place
 */
export function pathError(found: PathProblem, path: readonly Certificate[]): PathValidationError {
  const { code, rule, reference, message, certificate, expected, cause } = found;
  const at = certificate === undefined ? -1 : path.indexOf(certificate);
  const name = certificate === undefined ? undefined : certificateName(certificate);
  const whose = name === undefined ? '' : ` (${at < 0 ? '' : `certificate ${at}, `}${quote(name)})`;
  return new PathValidationError(
    code,
    `${message}${whose}: ${reference}`,
    { rule, reference, certificateIndex: at < 0 ? undefined : at, certificate: name, expected, found: found.found },
    cause === undefined ? {} : { cause },
  );
}

/** Names a certificate for people: by subject, or by serial number where that is empty. */
export function certificateName(certificate: Certificate): string {
  return certificate.subject.isEmpty ? `serial number ${certificate.serialNumber}` : certificate.subject.toString();
}
