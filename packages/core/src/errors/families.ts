import { ChanceryError, type ChanceryErrorOptions } from './chancery-error.ts';
import type {
  AuthenticationCode,
  ConflictCode,
  InvalidInputCode,
  NotFoundCode,
  PermissionCode,
  PolicyCode,
  RateLimitCode,
  SealCode,
} from './codes.ts';

/** One thing that is wrong with an input: where (`['subjectAltNames', 0]`) and what. */
export interface InputIssue {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

/** A value given by the caller is malformed. Sending it again cannot help. */
export class InvalidInputError extends ChanceryError {
  declare readonly code: InvalidInputCode;
  readonly issues: readonly InputIssue[];

  constructor(
    code: InvalidInputCode,
    message: string,
    options: ChanceryErrorOptions & { readonly issues?: readonly InputIssue[] } = {},
  ) {
    super(code, message, options);
    this.issues = options.issues ?? [];
  }
}

/** What was named does not exist (any more). */
export class NotFoundError extends ChanceryError {
  declare readonly code: NotFoundCode;

  constructor(code: NotFoundCode, message: string, options: ChanceryErrorOptions = {}) {
    super(code, message, options);
  }
}

/** The request is well-formed but does not fit the present state. */
export class ConflictError extends ChanceryError {
  declare readonly code: ConflictCode;

  constructor(code: ConflictCode, message: string, options: ChanceryErrorOptions = {}) {
    super(code, message, options);
  }
}

/** One rule that a request for a certificate broke. */
export interface PolicyViolation {
  /** The rule's stable name, such as `key.rsa.too-small` or `name.wildcard.inner`. */
  readonly rule: string;
  /** The value that broke it, as text. */
  readonly value: string;
  readonly message: string;
}

/** Issuance was refused: `violations` names every rule that was broken and the value that broke it. */
export class PolicyError extends ChanceryError {
  declare readonly code: PolicyCode;
  readonly violations: readonly PolicyViolation[];

  constructor(violations: readonly PolicyViolation[], options: ChanceryErrorOptions = {}) {
    super(
      'ISSUANCE_REFUSED',
      `Issuance refused: ${violations.map((violation) => violation.message).join('; ')}`,
      options,
    );
    this.violations = violations;
  }
}

/** A sealed value cannot be opened: wrong key, wrong place, or tampered with. */
export class SealError extends ChanceryError {
  declare readonly code: SealCode;

  constructor(code: SealCode, message: string, options: ChanceryErrorOptions = {}) {
    super(code, message, options);
  }
}

/** Who asks is not proved: credentials, a token or a proof of possession do not hold. */
export class AuthenticationError extends ChanceryError {
  declare readonly code: AuthenticationCode;

  constructor(code: AuthenticationCode, message: string, options: ChanceryErrorOptions = {}) {
    super(code, message, options);
  }
}

/** Who asks is known, and may not do this. */
export class PermissionError extends ChanceryError {
  declare readonly code: PermissionCode;

  constructor(code: PermissionCode, message: string, options: ChanceryErrorOptions = {}) {
    super(code, message, options);
  }
}

/** Too much at once, or too often: the same request may succeed after `retryAfterMs` milliseconds. */
export class RateLimitError extends ChanceryError {
  declare readonly code: RateLimitCode;
  readonly retryAfterMs: number;

  constructor(code: RateLimitCode, message: string, options: ChanceryErrorOptions & { readonly retryAfterMs: number }) {
    super(code, message, options);
    this.retryAfterMs = options.retryAfterMs;
  }
}
