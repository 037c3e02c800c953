import { AcmeError } from '../../errors/acme-error.ts';
import { ChanceryError } from '../../errors/chancery-error.ts';
import type { ChanceryErrorCode } from '../../errors/codes.ts';
import { InvalidInputError, PermissionError, PolicyError } from '../../errors/families.ts';

const REFUSALS: readonly ChanceryErrorCode[] = ['ISSUER_ANSWER_REFUSED', 'REQUEST_ID_REUSED', 'ACCOUNT_NOT_FOUND'];
/** Refusals of an ACME server that are about the request alone (RFC 8555 section 6.7). */
const BAD_REQUESTS = ['badCSR', 'badPublicKey'].map(acmeProblem);
/** Those that are about its names. */
const BAD_NAMES = [
  'caa',
  'connection',
  'dns',
  'incorrectResponse',
  'rejectedIdentifier',
  'tls',
  'unsupportedIdentifier',
].map(acmeProblem);
/** An ACME server that did not get to judge: it was down, busy or incomprehensible, or the way to prove a name was. */
const NO_VERDICTS: readonly ChanceryErrorCode[] = [
  'ACME_UNAVAILABLE',
  'ACME_PROTOCOL',
  'ACME_RATE_LIMITED',
  'ACME_SOLVER_FAILED',
];
/** Refusals after something may have been given: of an answer, or of the account. */
const AFTERWARDS: readonly ChanceryErrorCode[] = ['ISSUER_ANSWER_REFUSED', 'ACME_EXTERNAL_ACCOUNT_REQUIRED'];

/** Whether asking again the same way is bound to fail again. */
export function isRefusal(error: unknown): boolean {
  if (error instanceof PolicyError || error instanceof PermissionError) return true;
  // What this instance does not know, another may.
  if (error instanceof InvalidInputError) return error.code !== 'ISSUER_UNKNOWN';
  if (error instanceof AcmeError) return BAD_REQUESTS.includes(error.problem?.type ?? '');
  return error instanceof ChanceryError && REFUSALS.includes(error.code);
}

/**
 * Whether the issuer has judged, and said no: whoever waits has the answer. A name whose proof failed may be proved later, so that this is not
 * always a refusal.
 */
export function isVerdict(error: unknown): boolean {
  return isRefusal(error) || (error instanceof AcmeError && !NO_VERDICTS.includes(error.code));
}

/**
 * Whether the issuer has judged a request, and gave nothing for it. An ACME server that refuses anything but its key and its names has not: what was ordered before
 * may be issued.
 */
export function gaveNothing(error: unknown): boolean {
  if (!(error instanceof ChanceryError) || !isVerdict(error) || AFTERWARDS.includes(error.code)) return false;
  if (!(error instanceof AcmeError) || error.code !== 'ACME_REFUSED') return true;
  return [...BAD_REQUESTS, ...BAD_NAMES].includes(error.problem?.type ?? '');
}

function acmeProblem(type: string): string {
  return `urn:ietf:params:acme:error:${type}`;
}
