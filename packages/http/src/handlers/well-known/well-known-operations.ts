import type { AccountManager } from '@chancery/core';
import { z } from 'zod';
import { content, json } from '../../exchange/answer.ts';
import { HttpProblem } from '../../problems/http-problem.ts';
import { anybody } from '../../routing/access.ts';
import { type Operation, operation } from '../../routing/operation.ts';
import type { ChallengeSource } from '../context.ts';

/** Challenges of ACME servers (RFC 8555 section 8.3): any instance answers for any other. */
export function challengeOperation(acme: ChallengeSource): Operation {
  const respond = acme.http01Responder();
  return operation({
    id: 'answerChallenge',
    tag: 'acme',
    method: 'GET',
    path: '/.well-known/acme-challenge/{token}',
    summary: 'Answers an HTTP-01 challenge.',
    access: anybody,
    params: z.object({ token: z.string().max(512) }),
    answers: { 200: { description: 'The key authorization.', type: 'application/octet-stream' } },
    async handle({ incoming, params }) {
      const keyAuthorization = await respond(params.token, hostOf(incoming.header('host')));
      if (keyAuthorization === undefined) throw new HttpProblem('ROUTE_NOT_FOUND', 'There is no such challenge');
      return content('application/octet-stream', keyAuthorization);
    },
  });
}

/** The keys that verify access tokens. */
export function jwksOperation(accounts: AccountManager): Operation {
  return operation({
    id: 'getJwks',
    tag: 'sessions',
    method: 'GET',
    path: '/.well-known/jwks.json',
    summary: 'The public keys that verify access tokens (RFC 7517).',
    access: anybody,
    answers: {
      200: { description: 'A JWK Set.', schema: z.strictObject({ keys: z.array(z.looseObject({ kty: z.string() })) }) },
    },
    async handle({ signal }) {
      return json(await accounts.jwks({ signal }), { headers: ['cache-control', 'public, max-age=300'] });
    },
  });
}

/** The host without its port: an ACME server asks at port 80, and a proxy in front may add its own. */
function hostOf(header = ''): string {
  return header.replace(/:\d{1,5}$/, '').toLowerCase();
}
