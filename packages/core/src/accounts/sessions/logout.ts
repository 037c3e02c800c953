import { isUuid } from '../../crypto/random-id.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { openField } from '../../store/seal.ts';
import type { Transaction } from '../../store/transaction.ts';
import { verifyAccessToken } from '../tokens/access-token.ts';
import type { AccessTokenClaims } from '../tokens/access-token-claims.ts';
import { refreshTokenInvalid } from '../tokens/token-errors.ts';
import { isOfFamily, parseRefreshToken } from './refresh-token.ts';
import type { SessionContext } from './session-context.ts';
import { sessionEnded } from './session-event.ts';
import { deniedTokens, sessionSecretPlace, sessions } from './session-record.ts';

/** Which session to end: that of one of its tokens, or one of an account's by its id. */
export type LogoutOptions = Abortable &
  (
    | { readonly accessToken: string }
    | { readonly refreshToken: string }
    | { readonly accountId: string; readonly sessionId: string }
  );

/**
 * Ends a session: from now on its refresh token is void, and its access tokens are refused in mode `strict`. The access token that was given is
 * denied by itself besides, until it runs out. Ending a session that is over changes nothing.
 *
 * No proof of possession is asked for: with a stolen token a thief can do nothing better for its owner.
 *
 * @throws {AuthenticationError} TOKEN_INVALID: not a token of this manager's; one that has run out will do
 * @throws {InvalidInputError} INVALID_ARGUMENT: none of the three was given, or an id is none
 * @throws {ConflictError} COMMIT_CONFLICT: the session kept changing meanwhile
 * @throws {ChanceryError} ABORTED
 * @throws {StorageError} any of its codes
 */
export async function logout(context: SessionContext, options: LogoutOptions): Promise<void> {
  if ('accessToken' in options) {
    const { claims } = await verifyAccessToken(context.tokenIssuer, options.accessToken, { evenExpired: true });
    await context.store.transact(async (transaction) => {
      deny(context, transaction, claims);
      await endSession(context, transaction, { accountId: claims.sub, sessionId: claims.sid });
    }, signalOf(options));
  } else if ('refreshToken' in options) {
    const token = parseRefreshToken(options.refreshToken);
    await context.store.transact(async (transaction) => {
      await requireFamily(context, transaction, token);
      await endSession(context, transaction, { sessionId: token.sessionId });
    }, signalOf(options));
  } else if (isUuid(options.accountId) && isUuid(options.sessionId)) {
    const { accountId, sessionId } = options;
    await context.store.transact(
      (transaction) => endSession(context, transaction, { accountId, sessionId }),
      signalOf(options),
    );
  } else {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      'logout() takes accessToken, refreshToken, or accountId and sessionId as they were given',
    );
  }
}

function deny({ store, settings }: SessionContext, transaction: Transaction, { jti, exp }: AccessTokenClaims): void {
  const expiresAt = exp * 1_000 + settings.clockToleranceMs;
  if (expiresAt > store.clock.now()) transaction.put(deniedTokens, jti, {}, { expiresAt });
}

async function endSession(
  context: SessionContext,
  transaction: Transaction,
  { accountId, sessionId }: { readonly accountId?: string; readonly sessionId: string },
): Promise<void> {
  const entry = await transaction.get(sessions, sessionId);
  if (entry === undefined || (accountId !== undefined && entry.value.accountId !== accountId)) return;
  transaction.delete(sessions, sessionId);
  for (const write of sessionEnded(context, sessionId, entry.value, 'logout')) transaction.add(write);
}

async function requireFamily(
  { store, keyring, crypto, settings }: SessionContext,
  transaction: Transaction,
  token: ReturnType<typeof parseRefreshToken>,
): Promise<void> {
  const { sessionId } = token;
  const entry = await transaction.get(sessions, sessionId);
  if (entry === undefined) return;
  const secret = await openField(store, keyring, sessionSecretPlace(sessionId), entry.bytes ?? new Uint8Array());
  if (await isOfFamily(crypto, token, { secret, issuer: settings.issuer })) return;
  throw refreshTokenInvalid('its session did not give it out');
}
