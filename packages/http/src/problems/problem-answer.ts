import {
  AuthenticationError,
  ChanceryError,
  type InputIssue,
  InvalidInputError,
  PolicyError,
  type PolicyViolation,
  RateLimitError,
} from '@chancery/core';
import type { Answer } from '../exchange/answer.ts';
import { HttpProblem } from './http-problem.ts';
import { statusOf } from './status-of.ts';

/** A problem document (RFC 9457), with the members that the SDK adds. */
export interface ProblemDocument {
  readonly type: 'about:blank';
  readonly title: string;
  readonly status: number;
  /** The stable code to act upon: the SDK's, or one of HTTP's own. */
  readonly code: string;
  /** What is wrong, for people. Absent where the failure is the server's. */
  readonly detail?: string;
  readonly requestId: string;
  /** What is wrong with the input, field by field. */
  readonly issues?: readonly InputIssue[];
  /** The rules that a refused certificate would have broken. */
  readonly violations?: readonly PolicyViolation[];
}

const TITLES: Readonly<Record<number, string>> = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  409: 'Conflict',
  410: 'Gone',
  412: 'Precondition Failed',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  416: 'Range Not Satisfiable',
  422: 'Unprocessable Content',
  429: 'Too Many Requests',
  500: 'Internal Server Error',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
};

const RETRY_SOON = ['retry-after', '1'];

/** Whether an error is the server's fault: its words are for the log, and not for the client. */
export function isServerFault(error: unknown): boolean {
  return (error instanceof HttpProblem ? error.status : statusOf(error)) >= 500;
}

/** What an issuer elsewhere refused is the client's to know; what failed here is not. */
function isTold(status: number): boolean {
  return status < 500 || status === 502;
}

/** Tells of an error. */
export function problemAnswer(error: unknown, requestId: string): Answer {
  const status = error instanceof HttpProblem ? error.status : statusOf(error);
  const code = codeOf(error, status);
  const document: ProblemDocument = {
    type: 'about:blank',
    title: TITLES[status] ?? 'Error',
    status,
    code,
    ...(isTold(status) && error instanceof Error ? { detail: error.message } : {}),
    requestId,
    ...(isTold(status) ? facts(error) : {}),
  };
  return {
    status,
    headers: ['content-type', 'application/problem+json', 'cache-control', 'no-store', ...headersOf(error, status)],
    body: JSON.stringify(document),
    errorCode: code,
  };
}

/** A code tells what a failure of the server's was, too: it is stable, documented and holds no value. */
function codeOf(error: unknown, status: number): string {
  if (error instanceof HttpProblem || error instanceof ChanceryError) return error.code;
  return status === 503 ? 'UNAVAILABLE' : 'INTERNAL_ERROR';
}

function facts(error: unknown): Pick<ProblemDocument, 'issues' | 'violations'> {
  if (error instanceof PolicyError) return { violations: error.violations };
  const issues = error instanceof InvalidInputError || error instanceof HttpProblem ? error.issues : [];
  return issues.length === 0 ? {} : { issues };
}

function headersOf(error: unknown, status: number): readonly string[] {
  if (error instanceof HttpProblem) return status === 401 ? [...CHALLENGE, ...error.headers] : error.headers;
  if (error instanceof AuthenticationError) return authenticationHeaders(error);
  if (error instanceof RateLimitError)
    return ['retry-after', String(Math.max(1, Math.ceil(error.retryAfterMs / 1_000)))];
  return status === 503 ? RETRY_SOON : [];
}

const ALGORITHMS = 'algs="ES256 ES384 Ed25519 EdDSA PS256 RS256"';
const CHALLENGE = ['www-authenticate', 'Bearer', 'www-authenticate', `DPoP ${ALGORITHMS}`];

/** RFC 6750 section 3 and RFC 9449 sections 7.1 and 9. */
function authenticationHeaders({ code, facts: { nonce } }: AuthenticationError): readonly string[] {
  if (code === 'PROOF_NONCE_REQUIRED') {
    const challenge = ['www-authenticate', `DPoP error="use_dpop_nonce", ${ALGORITHMS}`];
    return typeof nonce === 'string' ? [...challenge, 'dpop-nonce', nonce] : challenge;
  }
  if (code === 'PROOF_INVALID' || code === 'PROOF_REPLAYED') {
    return ['www-authenticate', `DPoP error="invalid_dpop_proof", ${ALGORITHMS}`];
  }
  if (code.startsWith('TOKEN_') || code === 'BINDING_REQUIRED') {
    return ['www-authenticate', 'Bearer error="invalid_token"', 'www-authenticate', 'DPoP error="invalid_token"'];
  }
  return CHALLENGE;
}
