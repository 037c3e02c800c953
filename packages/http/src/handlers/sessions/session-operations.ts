import type { AccountManager } from '@chancery/core';
import { parseAuthorization } from '../../authentication/authorization.ts';
import {
  BINDING_COOKIE,
  clearedCookies,
  REFRESH_COOKIE,
  readCookie,
  requireOwnOrigin,
  sessionCookies,
} from '../../authentication/cookies.ts';
import { json, noContent } from '../../exchange/answer.ts';
import { HttpProblem } from '../../problems/http-problem.ts';
import { anybody, signedIn } from '../../routing/access.ts';
import { type Operation, operation } from '../../routing/operation.ts';
import type { HandlerContext } from '../context.ts';
import { defined } from '../defined.ts';
import { openedAnswer, openingOptions, showTokens } from './session-opening.ts';
import { loginBody, principalSchema, refreshBody, tokensSchema } from './session-schemas.ts';

const tag = 'sessions';
const cookieHeaders = { 'Set-Cookie': 'The cookies of the session, where it has them.' };

/** Logging in, staying so, and logging out. */
export function sessionOperations(accounts: AccountManager, context: HandlerContext): Operation[] {
  const { authenticator, cookies, clock } = context;

  return [
    operation({
      id: 'logIn',
      tag,
      method: 'POST',
      path: '/sessions',
      summary: 'Logs in by password, and where the account has one by a second factor.',
      description:
        'A DPoP proof binds the session to its key. With `cookie` the tokens are bound to a cookie of the browser.',
      access: anybody,
      rate: 'address',
      body: { kind: 'json', schema: loginBody },
      answers: { 201: { description: 'A session is open.', schema: tokensSchema, headers: cookieHeaders } },
      async handle(call) {
        const { login, password, secondFactor } = call.body;
        const credentials = { login, password, ...defined({ secondFactor }) };
        const session = await accounts.login({ ...credentials, ...openingOptions(call, context) });
        return openedAnswer(session, call.body, context);
      },
    }),
    operation({
      id: 'refreshSession',
      tag,
      method: 'POST',
      path: '/sessions/refresh',
      summary: 'Gives new tokens for a refresh token, which is worth nothing after.',
      access: anybody,
      rate: 'address',
      body: { kind: 'json', schema: refreshBody },
      answers: { 200: { description: 'The tokens.', schema: tokensSchema, headers: cookieHeaders } },
      async handle({ incoming, body, signal }) {
        const proof = authenticator.proof(incoming);
        const options = { ...(proof && { proof }), signal };
        if (body.refreshToken !== undefined) {
          const session = await accounts.refresh({ refreshToken: body.refreshToken, ...options });
          return json(showTokens(session, false));
        }
        requireOwnOrigin(incoming, cookies);
        const refreshToken = readCookie(incoming, REFRESH_COOKIE);
        const bindingSecret = readCookie(incoming, BINDING_COOKIE);
        if (refreshToken === undefined || bindingSecret === undefined) {
          throw new HttpProblem('AUTHENTICATION_REQUIRED', 'There is no session in the cookies of this request');
        }
        const session = await accounts.refresh({ refreshToken, bindingSecret, ...options });
        const headers = sessionCookies(session, bindingSecret, { ...cookies, now: clock.now() });
        return json(showTokens(session, true), { headers });
      },
    }),
    operation({
      id: 'getCurrentSession',
      tag,
      method: 'GET',
      path: '/sessions/current',
      summary: 'Says who asks, and what their roles permit.',
      access: signedIn,
      answers: { 200: { description: 'Who asks.', schema: principalSchema } },
      async handle({ principal, permissions }) {
        const { accountId, sessionId, roles, issuedAt, expiresAt, clientId, boundTo } = principal;
        return json({ accountId, sessionId, roles, permissions, issuedAt, expiresAt, clientId, boundTo });
      },
    }),
    operation({
      id: 'logOut',
      tag,
      method: 'DELETE',
      path: '/sessions/current',
      summary: 'Ends the session of the access token, also of one that has run out, and clears the cookies.',
      access: anybody,
      rate: 'address',
      headers: { Authorization: 'The access token. No proof of possession is asked for.' },
      answers: { 204: { description: 'It is over.', headers: cookieHeaders } },
      async handle({ incoming, signal }) {
        const header = incoming.header('authorization');
        if (header === undefined) {
          throw new HttpProblem('AUTHENTICATION_REQUIRED', 'Logging out takes the access token of the session');
        }
        await accounts.logout({ accessToken: parseAuthorization(header).token, signal });
        return noContent(clearedCookies(cookies));
      },
    }),
  ];
}
