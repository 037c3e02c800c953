import { type AccountManager, AuthenticationError, type LoginResult } from '@chancery/core';
import { z } from 'zod';
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
import { named } from '../../openapi/named-schema.ts';
import { HttpProblem } from '../../problems/http-problem.ts';
import { anybody, signedIn } from '../../routing/access.ts';
import type { Call } from '../../routing/call.ts';
import { type Operation, operation } from '../../routing/operation.ts';
import { plainText } from '../../routing/parameters.ts';
import { instant } from '../accounts/account-schemas.ts';
import type { HandlerContext } from '../context.ts';
import { defined } from '../defined.ts';

const tag = 'sessions';
const token = z.string().min(1).max(16_384);

const loginBody = named(
  'Login',
  z.strictObject({
    login: z.string().max(1_024),
    password: z.string().max(4_096),
    secondFactor: z
      .union([z.strictObject({ totp: z.string().max(64) }), z.strictObject({ recoveryCode: z.string().max(64) })])
      .optional(),
    deviceToken: z.string().max(1_024).optional().describe('What an earlier login of this device gave.'),
    clientId: plainText(256).optional(),
    cookie: z
      .boolean()
      .optional()
      .describe(
        'For pages of this origin: the refresh token goes into a cookie, and the access token is worth nothing without one.',
      ),
    bindCertificate: z
      .enum(['generation', 'managed'])
      .optional()
      .describe(
        'Binds the session to the client certificate of the connection, or to the managed certificate that it is a generation of.',
      ),
  }),
);

const refreshBody = named(
  'Refresh',
  z.strictObject({ refreshToken: token.optional().describe('Left out, the cookies of the session are taken.') }),
);

/** What a login and a refresh give. */
export const tokensSchema = named(
  'Tokens',
  z.strictObject({
    accessToken: z.string(),
    tokenType: z.enum(['Bearer', 'DPoP']),
    expiresAt: instant,
    refreshExpiresAt: instant,
    sessionId: z.uuid(),
    accountId: z.uuid(),
    refreshToken: z.string().optional().describe('Absent where it is in a cookie.'),
    deviceToken: z
      .string()
      .optional()
      .describe('Of a login: keep it in the client, and give it back with the next one.'),
  }),
);

const principalSchema = named(
  'Principal',
  z.strictObject({
    accountId: z.uuid(),
    sessionId: z.uuid(),
    roles: z.array(z.string()),
    permissions: z.array(z.string()),
    issuedAt: instant,
    expiresAt: instant,
    clientId: z.string().optional(),
    boundTo: z.array(z.string()),
  }),
);

const cookieHeaders = { 'Set-Cookie': 'The cookies of the session, where it has them.' };

/** Logging in, staying so, and logging out. */
export function sessionOperations(accounts: AccountManager, context: HandlerContext): Operation[] {
  const { authenticator, cookies, clock } = context;

  const certificateProof = ({ incoming, body }: Call<unknown, unknown, z.output<typeof loginBody>>) => {
    const { bindCertificate } = body;
    const proof = authenticator.proof(incoming);
    if (proof !== undefined && 'dpop' in proof) return { proof };
    if (bindCertificate === undefined) return {};
    if (proof === undefined)
      throw new AuthenticationError('PROOF_REQUIRED', 'The connection has no client certificate');
    return { proof: { ...proof, managed: bindCertificate === 'managed' } };
  };

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
        const { incoming, body, ip, signal } = call;
        const { cookie = false, bindCertificate: _, ...credentials } = body;
        if (cookie) requireOwnOrigin(incoming, cookies);
        const userAgent = incoming.header('user-agent');
        const session = await accounts.login({
          ...defined({ ...credentials, ip, userAgent }),
          ...certificateProof(call),
          ...(cookie ? { bindingSecret: true } : {}),
          signal,
        });
        const { deviceToken, bindingSecret = '' } = session;
        const headers = cookie ? sessionCookies(session, bindingSecret, { ...cookies, now: clock.now() }) : [];
        return json({ ...showTokens(session, cookie), deviceToken }, { status: 201, headers });
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

function showTokens(session: LoginResult, isInCookie: boolean): object {
  const { accessToken, refreshToken, tokenType, expiresAt, refreshExpiresAt, sessionId, accountId } = session;
  const tokens = { accessToken, tokenType, expiresAt, refreshExpiresAt, sessionId, accountId };
  return isInCookie ? tokens : { ...tokens, refreshToken };
}
