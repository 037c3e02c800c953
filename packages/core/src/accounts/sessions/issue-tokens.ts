import { uuidv7 } from '../../crypto/random-id.ts';
import type { Entry } from '../../store/entry.ts';
import type { AccountValue } from '../accounts/account-record.ts';
import { signAccessToken } from '../tokens/access-token.ts';
import { isSenderConstrained } from '../tokens/confirmation.ts';
import type { LoginResult } from './login-result.ts';
import { refreshTokenOf } from './refresh-token.ts';
import type { SessionContext } from './session-context.ts';
import type { SessionValue } from './session-record.ts';

const SECOND_MS = 1_000;

/** A session as it will be once the commit that its tokens wait for has succeeded. */
export interface TokenGrounds {
  readonly sessionId: string;
  readonly session: SessionValue;
  /** The secret of its family. */
  readonly secret: Uint8Array;
  readonly account: Pick<Entry<AccountValue>, 'id' | 'value'>;
}

/** When a session ends: too long unused, or too old. Epoch milliseconds. */
export function sessionEnd({ settings }: SessionContext, { createdAt, lastUsedAt }: SessionValue): number {
  return Math.min(lastUsedAt + settings.refreshTokenTtlMs, createdAt + settings.sessionTtlMs);
}

/** Makes the tokens of a session. Before the commit: what cannot be signed must not use up the token before. */
export async function issueTokens(context: SessionContext, grounds: TokenGrounds): Promise<LoginResult> {
  const { crypto, clock, settings, signingKeys } = context;
  const { sessionId, session, secret, account } = grounds;
  const { confirmation, counter, clientId, epoch } = session;
  const now = clock.now();
  const end = sessionEnd(context, session);
  const exp = Math.floor(Math.min(now + settings.accessTokenTtlMs, end) / SECOND_MS);
  const accessToken = await signAccessToken(signingKeys, {
    iss: settings.issuer,
    aud: settings.audience,
    sub: account.id,
    iat: Math.floor(now / SECOND_MS),
    exp,
    jti: uuidv7(clock, crypto),
    ...(clientId === undefined ? {} : { client_id: clientId }),
    sid: sessionId,
    roles: account.value.roles,
    epoch,
    ...(Object.keys(confirmation).length === 0 ? {} : { cnf: confirmation }),
  });
  return {
    accessToken,
    refreshToken: await refreshTokenOf(crypto, { secret, sessionId, counter, issuer: settings.issuer }),
    tokenType: confirmation.jkt === undefined ? 'Bearer' : 'DPoP',
    expiresAt: new Date(exp * SECOND_MS),
    refreshExpiresAt: new Date(end),
    sessionId,
    accountId: account.id,
  };
}

/** Whether a second use of a refresh token can be told from a thief's: only where a key of the client's proves who asks. */
export function canRepeat({ confirmation }: SessionValue): boolean {
  return isSenderConstrained(confirmation);
}
