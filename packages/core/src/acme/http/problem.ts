import { z } from 'zod';
import { fromUtf8 } from '../../encoding/bytes.ts';
import { AcmeError, type AcmeProblem } from '../../errors/acme-error.ts';
import type { AcmeCode } from '../../errors/codes.ts';
import { retryAfterMs } from '../../events/webhooks/retry-after.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AcmeResponse } from './exchange.ts';

const NAMESPACE = 'urn:ietf:params:acme:error:';
const MAX_DETAIL = 1_000;
const MAX_SUBPROBLEMS = 100;

const members = z.object({
  type: z.string().default('about:blank').catch('about:blank'),
  detail: z.string().optional().catch(undefined),
  status: z.number().optional().catch(undefined),
  identifier: z.object({ type: z.string(), value: z.string() }).optional().catch(undefined),
});
const problemDocument = members.extend({ subproblems: z.array(members).optional().catch(undefined) });

/**
 * Reads a problem document, such as the `error` of a challenge. What is malformed in it is left out: it tells of a failure either way.
 *
 * @param value - parsed JSON
 * @returns undefined where the value is no object
 */
export function readProblem(value: unknown): AcmeProblem | undefined {
  const parsed = problemDocument.safeParse(value);
  if (!parsed.success) return undefined;
  const { subproblems } = parsed.data;
  return {
    ...problemOf(parsed.data),
    ...(subproblems && { subproblems: subproblems.slice(0, MAX_SUBPROBLEMS).map(problemOf) }),
  };
}

/** Whether a problem is of one of ACME's types (RFC 8555 section 6.7), such as `badNonce`. */
export function isProblem(error: unknown, ...types: readonly string[]): error is AcmeError {
  return error instanceof AcmeError && types.some((type) => error.problem?.type === NAMESPACE + type);
}

/** Says a problem in one line. */
export function describeProblem({ type, detail, subproblems = [] }: AcmeProblem): string {
  const name = type.startsWith(NAMESPACE) ? type.slice(NAMESPACE.length) : type;
  const parts = subproblems.map((part) => `${part.identifier?.value ?? 'one identifier'}: ${describeProblem(part)}`);
  return [detail === undefined ? name : `${name} (${detail})`, ...parts].join('; ');
}

/**
 * Makes the error for an answer that is none of success.
 *
 * @param response - of status 400 or more
 * @param what - was asked, such as `newOrder`
 */
export function refusal(response: AcmeResponse, what: string, clock: Clock): AcmeError {
  const { status, url } = response;
  const problem = readProblem(jsonOf(response));
  const type = problem?.type ?? '';
  const header = response.header('retry-after');
  const after = header === undefined ? undefined : retryAfterMs(header, clock.now());
  const message = problem === undefined ? `status ${status}` : describeProblem(problem);
  const error = (code: AcmeCode): AcmeError =>
    new AcmeError(code, `The ACME server refused ${what}: ${message}`, {
      facts: { url, status, ...(problem && { problem: type }) },
      problem,
      retryAfterMs: after,
    });
  if (type === `${NAMESPACE}rateLimited` || status === 429) return error('ACME_RATE_LIMITED');
  if (type === `${NAMESPACE}externalAccountRequired`) return error('ACME_EXTERNAL_ACCOUNT_REQUIRED');
  if (status >= 500) return error('ACME_UNAVAILABLE');
  return problem === undefined ? error('ACME_PROTOCOL') : error('ACME_REFUSED');
}

/** JSON by its content type (RFC 8555 section 6.7, RFC 9457 section 3); undefined for anything else. */
function jsonOf(response: AcmeResponse): unknown {
  if (!/^application\/(problem\+)?json\b/i.test(response.header('content-type') ?? '')) return undefined;
  try {
    return JSON.parse(fromUtf8(response.body));
  } catch {
    return undefined;
  }
}

function problemOf({ type, detail, status, identifier }: z.infer<typeof members>): AcmeProblem {
  return {
    type,
    ...(detail !== undefined && { detail: detail.slice(0, MAX_DETAIL) }),
    ...(status !== undefined && { status }),
    ...(identifier && { identifier }),
  };
}
