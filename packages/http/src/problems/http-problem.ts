import type { InputIssue } from '@chancery/core';

/** What can be wrong with a request as HTTP sees it, and the status that says so. The SDK's own codes come beside these. */
export const HTTP_PROBLEMS = {
  TARGET_INVALID: 400,
  REQUEST_INVALID: 400,
  HEADER_INVALID: 400,
  CURSOR_INVALID: 400,
  BODY_INVALID: 400,
  BODY_UNEXPECTED: 400,
  AUTHENTICATION_REQUIRED: 401,
  ORIGIN_REFUSED: 403,
  RECORD_KEY_REFUSED: 403,
  ROUTE_NOT_FOUND: 404,
  METHOD_NOT_ALLOWED: 405,
  BODY_TIMEOUT: 408,
  IDEMPOTENCY_IN_PROGRESS: 409,
  IDEMPOTENCY_OUTCOME_UNKNOWN: 409,
  PRECONDITION_FAILED: 412,
  BODY_TOO_LARGE: 413,
  MEDIA_TYPE_UNSUPPORTED: 415,
  IDEMPOTENCY_KEY_REUSED: 422,
  INTERNAL_ERROR: 500,
  UNAVAILABLE: 503,
} as const;

/** The code of a problem that is HTTP's own. */
export type HttpProblemCode = keyof typeof HTTP_PROBLEMS;

/** What goes with a problem. */
export interface HttpProblemOptions {
  readonly issues?: readonly InputIssue[];
  /** Headers of the answer: names and values in turn. */
  readonly headers?: readonly string[];
  readonly cause?: unknown;
}

/** A request is refused for a reason of HTTP's own. Its message goes to the client. */
export class HttpProblem extends Error {
  override readonly name = 'HttpProblem';
  readonly code: HttpProblemCode;
  readonly status: number;
  readonly issues: readonly InputIssue[];
  readonly headers: readonly string[];

  constructor(code: HttpProblemCode, message: string, options: HttpProblemOptions = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.code = code;
    this.status = HTTP_PROBLEMS[code];
    this.issues = options.issues ?? [];
    this.headers = options.headers ?? [];
  }
}
