import type { CertificateAuthority, Clock, SignedOcspResponse } from '@chancery/core';
import { z } from 'zod';
import { type Answer, content } from '../../exchange/answer.ts';
import { HttpProblem } from '../../problems/http-problem.ts';
import { anybody } from '../../routing/access.ts';
import { type Operation, operation } from '../../routing/operation.ts';

const tag = 'pki';
const REQUEST = 'application/ocsp-request';
const RESPONSE = 'application/ocsp-response';
const LIMIT = 65_536;
/** RFC 5019 section 5: what is longer goes by POST. */
const LONGEST_GET = 4_096;

/** OCSP over HTTP (RFC 6960 appendix A). What is wrong with a request is told by the OCSP response, with status 200. */
export function ocspOperations(authority: CertificateAuthority, clock: Clock): Operation[] {
  const answers = { 200: { description: 'An OCSPResponse, DER.', type: RESPONSE } };
  return [
    operation({
      id: 'askOcsp',
      tag,
      method: 'POST',
      path: '/pki/ocsp',
      summary: 'Asks for the status of certificates.',
      access: anybody,
      rate: 'ocsp',
      body: { kind: 'bytes', type: REQUEST, limit: LIMIT },
      answers,
      async handle({ body, signal }) {
        return content(RESPONSE, (await authority.ocspResponse(body as Uint8Array, { signal })).der);
      },
    }),
    operation({
      id: 'getOcsp',
      tag,
      method: 'GET',
      path: '/pki/ocsp/{+request}',
      summary: 'Asks for the status of certificates, in a form that caches can keep.',
      access: anybody,
      rate: 'ocsp',
      params: z.object({
        request: z.string().max(LONGEST_GET).describe('The OCSPRequest: DER in base64, percent-encoded.'),
      }),
      answers,
      async handle({ params, signal }) {
        return ocspAnswer(await authority.ocspResponse(fromBase64(params.request), { signal }), clock.now());
      },
    }),
  ];
}

/** RFC 5019 section 6: cached until nextUpdate, and not a second longer. */
function ocspAnswer({ der, cacheable, thisUpdate, nextUpdate }: SignedOcspResponse, now: number): Answer {
  if (!cacheable || thisUpdate === undefined || nextUpdate === undefined) return content(RESPONSE, der);
  const age = Math.max(0, Math.floor((nextUpdate.getTime() - now) / 1_000));
  return content(RESPONSE, der, {
    headers: [
      'cache-control',
      `public, no-transform, must-revalidate, max-age=${age}`,
      'last-modified',
      thisUpdate.toUTCString(),
      'expires',
      nextUpdate.toUTCString(),
    ],
  });
}

/** @throws {HttpProblem} TARGET_INVALID */
function fromBase64(text: string): Uint8Array {
  if (/^[A-Za-z0-9+/]+={0,2}$/.test(text) && text.length % 4 !== 1) {
    try {
      return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
    } catch {
      // Told below.
    }
  }
  throw new HttpProblem('TARGET_INVALID', 'The OCSP request in the path is not base64');
}
