import { ChanceryError, type ChanceryErrorOptions } from './chancery-error.ts';
import type { PathValidationCode } from './codes.ts';

/** What a {@link PathValidationError} tells besides its code and message. */
export interface PathValidationFacts {
  /** The rule that was broken; a stable name such as `basic-constraints.ca`. */
  readonly rule: string;
  /** Where the rule stands, such as `RFC 5280 section 6.1.4 (k)`. */
  readonly reference: string;
  /** Which certificate broke it: 0 is the one to be validated, then its issuer and so on; undefined when it is none of them. */
  readonly certificateIndex?: number | undefined;
  /** The subject of that certificate, as an RFC 4514 string; its serial number where the subject is empty. */
  readonly certificate?: string | undefined;
  /** What the rule wants. */
  readonly expected?: string | undefined;
  /** What was there instead. */
  readonly found?: string | undefined;
}

/** A certification path is not valid: which certificate broke which rule, with what was expected and what was found. */
export class PathValidationError extends ChanceryError {
  declare readonly code: PathValidationCode;
  readonly rule: string;
  readonly reference: string;
  readonly certificateIndex: number | undefined;
  readonly certificate: string | undefined;
  readonly expected: string | undefined;
  readonly found: string | undefined;

  constructor(
    code: PathValidationCode,
    message: string,
    details: PathValidationFacts,
    options: Pick<ChanceryErrorOptions, 'cause'> = {},
  ) {
    super(code, message, { ...options, facts: definedFacts(details) });
    this.rule = details.rule;
    this.reference = details.reference;
    this.certificateIndex = details.certificateIndex;
    this.certificate = details.certificate;
    this.expected = details.expected;
    this.found = details.found;
  }
}

function definedFacts(details: PathValidationFacts): Record<string, string | number> {
  return Object.fromEntries(Object.entries(details).filter(([, value]) => value !== undefined));
}
