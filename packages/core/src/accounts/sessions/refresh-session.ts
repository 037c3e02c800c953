import { AuthenticationError } from '../../errors/families.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { Entry } from '../../store/entry.ts';
import { openField, sealField } from '../../store/seal.ts';
import type { Transaction } from '../../store/transaction.ts';
import { accounts } from '../accounts/account-record.ts';
import { checkBinding } from '../proofs/check-binding.ts';
import type { SenderProof } from '../proofs/proof.ts';
import { proofReplayed } from '../proofs/proof-errors.ts';
import { spendProof, spentProofs } from '../proofs/replay-store.ts';
import { refreshTokenInvalid, tokenRevoked } from '../tokens/token-errors.ts';
import { canRepeat, issueTokens, sessionEnd } from './issue-tokens.ts';
import type { LoginResult } from './login-result.ts';
import { isOfFamily, type ParsedRefreshToken, parseRefreshToken } from './refresh-token.ts';
import type { SessionContext } from './session-context.ts';
import { sessionEnded } from './session-event.ts';
import { type SessionValue, sessionSecretPlace, sessions } from './session-record.ts';

/** How long after a rotation the holder of the key may ask for its answer again. */
const REPEAT_MS = 10_000;

/** A refresh token, and what proves that it may be used. */
export interface RefreshOptions extends Abortable {
  readonly refreshToken: string;
  /** Of the same key as at the login. */
  readonly proof?: SenderProof;
  /** Where the login was with `bindingSecret: true`. */
  readonly bindingSecret?: string;
}

type Verdict = { readonly tokens: LoginResult } | { readonly reused: SessionValue };

/**
 * Exchanges a refresh token for its successor, in one conditional commit.
 *
 * A token that was used before ends the session: either its owner or a thief comes second, and nobody can tell which. Only where a DPoP
 * key or a certificate proves who asks, the same holder may ask once more within ten seconds, and gets the same successor.
 *
 * @returns the session's tokens; the refresh token differs from the one that was given
 * @throws {AuthenticationError} TOKEN_INVALID: not a refresh token of this manager's
 * @throws {AuthenticationError} REFRESH_TOKEN_REUSED: it was used before; its session is over
 * @throws {AuthenticationError} TOKEN_REVOKED: its session is over, or its account is gone or disabled
 * @throws {AuthenticationError} PROOF_REQUIRED, PROOF_INVALID, PROOF_NONCE_REQUIRED, PROOF_REPLAYED, BINDING_REQUIRED
 * @throws {ConflictError} COMMIT_CONFLICT: session or account kept changing meanwhile
 * @throws {ChanceryError} ABORTED
 * @throws {StorageError} any of its codes; with an unknown outcome the token may be used up
 */
export async function refreshSession(context: SessionContext, options: RefreshOptions): Promise<LoginResult> {
  const token = parseRefreshToken(options.refreshToken);
  let attempts = 0;
  const verdict = await context.store.transact(async (transaction) => {
    attempts += 1;
    return judge(context, transaction, token, { ...options, isRepeated: attempts > 1 });
  }, signalOf(options));
  if ('tokens' in verdict) return verdict.tokens;
  const { accountId } = verdict.reused;
  const { sessionId } = token;
  context.logger?.warn('A refresh token was used twice, and its session was ended', { accountId, sessionId });
  throw new AuthenticationError('REFRESH_TOKEN_REUSED', 'The refresh token was used before: its session has ended', {
    facts: { accountId, sessionId },
  });
}

async function judge(
  context: SessionContext,
  transaction: Transaction,
  token: ParsedRefreshToken,
  options: RefreshOptions & { readonly isRepeated: boolean },
): Promise<Verdict> {
  const { sessionId } = token;
  const entry = await transaction.get(sessions, sessionId);
  if (entry === undefined) throw tokenRevoked('session ended');
  const secret = await secretOf(context, entry);
  if (!(await isOfFamily(context.crypto, token, { secret, issuer: context.settings.issuer }))) {
    throw refreshTokenInvalid('its session did not give it out');
  }
  await spend(context, transaction, entry, options);
  const session = entry.value;
  const account = await transaction.get(accounts, session.accountId);
  if (account === undefined) throw tokenRevoked('account gone');
  if (account.value.disabled === true) throw tokenRevoked('account disabled');
  if (account.value.epoch !== session.epoch) throw tokenRevoked('session ended');
  // The storage forgets it when it was to end as the options then were; they may be stricter.
  if (sessionEnd(context, session) <= context.clock.now()) throw tokenRevoked('session ended');

  if (token.counter === session.counter) {
    const rotated = { ...session, counter: session.counter + 1, lastUsedAt: context.clock.now() };
    const tokens = await issueTokens(context, { sessionId, session: rotated, secret, account });
    const bytes = await sealedSecret(context, entry, secret);
    transaction.put(sessions, sessionId, rotated, { expiresAt: sessionEnd(context, rotated), bytes });
    return { tokens };
  }
  const age = Math.abs(context.clock.now() - session.lastUsedAt);
  if (token.counter === session.counter - 1 && age <= REPEAT_MS && canRepeat(session)) {
    return { tokens: await issueTokens(context, { sessionId, session, secret, account }) };
  }
  transaction.delete(sessions, sessionId);
  for (const write of sessionEnded(context, sessionId, session, 'refresh token reused')) transaction.add(write);
  return { reused: session };
}

/**
 * Checks the binding, and spends a DPoP proof in the same commit. That it was spent already shows as a conflict, and the second attempt looks: so
 * that a first use costs no read.
 */
async function spend(
  { proofJudge, store }: SessionContext,
  transaction: Transaction,
  { value }: Entry<SessionValue>,
  options: RefreshOptions & { readonly isRepeated: boolean },
): Promise<void> {
  const { proof, bindingSecret } = options;
  const verified = await checkBinding(proofJudge, value.confirmation, { proof, bindingSecret, ...signalOf(options) });
  if (verified === undefined) return;
  const write = await spendProof(store, verified);
  if (options.isRepeated && (await store.get(spentProofs, write.id)) !== undefined) throw proofReplayed();
  transaction.add(write);
}

async function secretOf({ store, keyring }: SessionContext, { id, bytes }: Entry<SessionValue>): Promise<Uint8Array> {
  return openField(store, keyring, sessionSecretPlace(id), bytes ?? new Uint8Array());
}

/** The envelope as it is, or a new one where a former key of the keyring sealed it. */
async function sealedSecret(
  { store, keyring }: SessionContext,
  { id, bytes }: Entry<SessionValue>,
  secret: Uint8Array,
): Promise<Uint8Array> {
  if (bytes !== undefined && !keyring.needsReseal(bytes)) return bytes;
  return sealField(store, keyring, sessionSecretPlace(id), secret);
}
