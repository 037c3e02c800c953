import { ChanceryError, type ChanceryErrorOptions } from './chancery-error.ts';
import type { AcmeCode } from './codes.ts';

/** An identifier that an order is for (RFC 8555 section 9.7.7): `dns` or `ip`, and others to come. */
export interface AcmeIdentifier {
  readonly type: string;
  readonly value: string;
}

/** A problem document (RFC 9457) as ACME servers send it (RFC 8555 section 6.7). */
export interface AcmeProblem {
  /** Such as `urn:ietf:params:acme:error:unauthorized`; `about:blank` where the server gives none. */
  readonly type: string;
  /** The server's words, cut to 1,000 characters. */
  readonly detail?: string;
  readonly status?: number;
  /** What the problem is about; in subproblems. */
  readonly identifier?: AcmeIdentifier;
  /** One for each identifier at fault (RFC 8555 section 6.7.1). */
  readonly subproblems?: readonly AcmeProblem[];
}

/** What an `AcmeError` says besides code and message. */
export interface AcmeErrorOptions extends ChanceryErrorOptions {
  readonly problem?: AcmeProblem | undefined;
  readonly retryAfterMs?: number | undefined;
}

/** An ACME server failed, refused, or sent what cannot be used. Nothing secret is in it: neither keys nor key authorizations. */
export class AcmeError extends ChanceryError {
  declare readonly code: AcmeCode;
  /** What the server said, where it sent a problem document. */
  readonly problem: AcmeProblem | undefined;
  /** The problem's parts, one an identifier; empty without any. */
  readonly subproblems: readonly AcmeProblem[];
  /** When asking again may help, in milliseconds from the answer: the server's `Retry-After`. */
  readonly retryAfterMs: number | undefined;

  constructor(code: AcmeCode, message: string, options: AcmeErrorOptions = {}) {
    super(code, message, options);
    this.problem = options.problem;
    this.subproblems = options.problem?.subproblems ?? [];
    this.retryAfterMs = options.retryAfterMs;
  }
}
