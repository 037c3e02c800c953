import { type Answer, headerOf } from '../exchange/answer.ts';
import type { Incoming } from '../exchange/incoming.ts';
import { HttpProblem } from '../problems/http-problem.ts';

/** A strong entity tag (RFC 9110 section 8.8.3) for a version. */
export function entityTag(version: string | number): string {
  return `"${version}"`;
}

/** One tag, strong or weak. */
const TAG = /^(?:W\/)?"[\x21\x23-\x7e\x80-\uffff]*"$/;

/**
 * The version that an `If-Match` names; undefined where there is none, or it is `*`.
 *
 * @throws {HttpProblem} HEADER_INVALID: it is not one strong entity tag, so that it cannot be one condition on a commit
 */
export function ifMatch(incoming: Incoming): string | undefined {
  const header = incoming.header('if-match');
  if (header === undefined || header === '*') return undefined;
  if (!TAG.test(header) || header.startsWith('W/')) {
    throw new HttpProblem('HEADER_INVALID', 'If-Match must be one strong entity tag, as an ETag gave it, or *');
  }
  return header.slice(1, -1);
}

/** The answer to a condition that did not hold. */
export function preconditionFailed(): HttpProblem {
  return new HttpProblem(
    'PRECONDITION_FAILED',
    'The resource is at another version than If-Match or If-None-Match asks for',
  );
}

/** The answer, or 304 without its body where `If-None-Match` names its entity tag (RFC 9110 section 13.1.2). */
export function notModified(answer: Answer, incoming: Incoming): Answer {
  const wanted = incoming.header('if-none-match');
  if (wanted === undefined || answer.status !== 200) return answer;
  const tag = headerOf(answer, 'etag');
  if (tag === undefined) return answer;
  const names = wanted.split(',').map((each) => each.trim().replace(/^W\//, ''));
  if (!names.includes(tag) && wanted.trim() !== '*') return answer;
  const kept = ['etag', 'cache-control', 'expires', 'vary', 'link'];
  const headers: string[] = [];
  for (let at = 0; at < answer.headers.length; at += 2) {
    const name = answer.headers[at] as string;
    if (kept.includes(name)) headers.push(name, answer.headers[at + 1] as string);
  }
  return { status: 304, headers };
}
