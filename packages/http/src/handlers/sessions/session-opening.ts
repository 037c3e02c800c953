import { AuthenticationError, type LoginResult, type PasswordLoginResult } from '@chancery/core';
import { requireOwnOrigin, sessionCookies } from '../../authentication/cookies.ts';
import { type Answer, json } from '../../exchange/answer.ts';
import type { Call } from '../../routing/call.ts';
import type { HandlerContext } from '../context.ts';
import { defined } from '../defined.ts';

/** What a login says of the session that it wants, whatever it logs in by. */
export interface OpeningBody {
  readonly deviceToken?: string | undefined;
  readonly clientId?: string | undefined;
  readonly cookie?: boolean | undefined;
  readonly bindCertificate?: 'generation' | 'managed' | undefined;
}

type OpeningCall = Call<unknown, unknown, OpeningBody>;
type OpeningContext = Pick<HandlerContext, 'authenticator' | 'cookies' | 'clock'>;

/**
 * What a manager is told of a login beside who it is.
 *
 * @throws {HttpProblem} ORIGIN_REFUSED: a session in cookies, for a page that is not of our own origin
 * @throws {AuthenticationError} PROOF_REQUIRED
 */
export function openingOptions(call: OpeningCall, context: OpeningContext) {
  const { incoming, ip, signal, body } = call;
  const { cookie = false, deviceToken, clientId } = body;
  if (cookie) requireOwnOrigin(incoming, context.cookies);
  return {
    ...defined({ deviceToken, clientId, ip, userAgent: incoming.header('user-agent') }),
    ...senderProof(call, context),
    ...(cookie ? { bindingSecret: true } : {}),
    signal,
  };
}

/** Answers with the tokens of a session that was opened, and puts them into the browser where that was asked for. */
export function openedAnswer(
  session: PasswordLoginResult,
  { cookie = false }: OpeningBody,
  { cookies, clock }: OpeningContext,
): Answer {
  const { deviceToken, bindingSecret = '' } = session;
  const headers = cookie ? sessionCookies(session, bindingSecret, { ...cookies, now: clock.now() }) : [];
  return json({ ...showTokens(session, cookie), deviceToken }, { status: 201, headers });
}

/** Shows the tokens of a session. */
export function showTokens(session: LoginResult, isInCookie: boolean): object {
  const { accessToken, refreshToken, tokenType, expiresAt, refreshExpiresAt, sessionId, accountId } = session;
  const tokens = { accessToken, tokenType, expiresAt, refreshExpiresAt, sessionId, accountId };
  return isInCookie ? tokens : { ...tokens, refreshToken };
}

function senderProof({ incoming, body: { bindCertificate } }: OpeningCall, { authenticator }: OpeningContext) {
  const proof = authenticator.proof(incoming);
  if (proof !== undefined && 'dpop' in proof) return { proof };
  if (bindCertificate === undefined) return {};
  if (proof === undefined) throw new AuthenticationError('PROOF_REQUIRED', 'The connection has no client certificate');
  return { proof: { ...proof, managed: bindCertificate === 'managed' } };
}
