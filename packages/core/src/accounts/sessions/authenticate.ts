import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { requireObject } from '../../errors/require-object.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Store } from '../../store/store.ts';
import { accounts } from '../accounts/account-record.ts';
import { checkBinding, isUnbound } from '../proofs/check-binding.ts';
import type { SenderProof } from '../proofs/proof.ts';
import { proofReplayed } from '../proofs/proof-errors.ts';
import { spendProof } from '../proofs/replay-store.ts';
import { KEY_RING_ID, signingKeys } from '../signing-keys/signing-key-record.ts';
import type { SigningKeys } from '../signing-keys/signing-keys.ts';
import { type VerifiedToken, verifyAccessToken } from '../tokens/access-token.ts';
import type { AccessTokenClaims } from '../tokens/access-token-claims.ts';
import { boundTo } from '../tokens/confirmation.ts';
import type { Principal } from '../tokens/principal.ts';
import { tokenRevoked } from '../tokens/token-errors.ts';
import type { SessionContext } from './session-context.ts';
import { deniedTokens, sessions } from './session-record.ts';

/** What came with an access token, and how thoroughly it is judged. */
export interface AuthenticateOptions extends Abortable {
  /** Of the key that the token is bound to. Give it exactly when the request came with one. */
  readonly proof?: SenderProof;
  /** The secret that the token is bound to, such as the value of a cookie. */
  readonly bindingSecret?: string;
  /**
   * `strict`, the default, reads once from storage: that session, account and signing key stand at this instant; and a DPoP proof is spent, with a
   * second round trip. `offline` reads neither: a session that has ended counts until its token runs out, and a proof can be used
   * again while it is fresh. The status of a managed certificate is asked for in both.
   */
  readonly mode?: 'strict' | 'offline';
}

/**
 * Says who sends an access token, or refuses.
 *
 * @throws {AuthenticationError} TOKEN_INVALID, TOKEN_EXPIRED: the token itself
 * @throws {AuthenticationError} TOKEN_REVOKED: logged out, or its session, account or signing key is gone (`strict`)
 * @throws {AuthenticationError} PROOF_REQUIRED, PROOF_INVALID, PROOF_NONCE_REQUIRED, BINDING_REQUIRED: it is bound, and who sends it does not prove to
 *   be who it was given to
 * @throws {AuthenticationError} PROOF_REPLAYED: the DPoP proof was used before (`strict`)
 * @throws {InvalidInputError} INVALID_ARGUMENT: no options, an unknown mode, or a proof that is none
 * @throws {StorageError} any of its codes
 */
export async function authenticate(
  context: SessionContext,
  accessToken: string,
  options: AuthenticateOptions = {},
): Promise<Principal> {
  requireObject(options, 'authenticate() options');
  const { mode = 'strict', proof, bindingSecret, signal } = options;
  if (mode !== 'strict' && mode !== 'offline') {
    throw new InvalidInputError('INVALID_ARGUMENT', `mode must be strict or offline, not ${quote(mode)}`);
  }
  throwIfAborted(signal);
  const token = await verifyAccessToken(context.tokenIssuer, accessToken);
  const { claims } = token;
  const presented = { proof, bindingSecret, accessToken, ...signalOf(options) };
  const verified = isUnbound(claims.cnf, presented)
    ? undefined
    : await checkBinding(context.proofJudge, claims.cnf ?? {}, presented);
  // A copy: the claims may be remembered, and are nobody's to change.
  if (mode === 'offline') return principalOf(claims, [...claims.roles]);
  const roles = rolesOf(await readStanding(context.store, claims), token, context.signingKeys);
  if (verified !== undefined) {
    const spent = await context.store.commit([await spendProof(context.store, verified)], signalOf(options));
    if (!spent.committed) throw proofReplayed();
  }
  return principalOf(claims, roles);
}

/** What a token stands on, in one read. */
function readStanding(store: Store, { sid, sub, jti }: AccessTokenClaims) {
  return store.viewMany([
    { collection: sessions, id: sid },
    { collection: accounts, id: sub },
    { collection: deniedTokens, id: jti },
    { collection: signingKeys, id: KEY_RING_ID },
  ]);
}

/** @returns the account's roles at this instant */
function rolesOf(
  [session, account, denied, ring]: Awaited<ReturnType<typeof readStanding>>,
  { claims, kid }: VerifiedToken,
  keys: SigningKeys,
): readonly string[] {
  if (denied !== undefined) throw tokenRevoked('token denied');
  if (account === undefined) throw tokenRevoked('account gone');
  if (account.value.disabled === true) throw tokenRevoked('account disabled');
  const { epoch } = account.value;
  if (session?.value.accountId !== account.id || session.value.epoch !== epoch || claims.epoch !== epoch) {
    throw tokenRevoked('session ended');
  }
  if (!keys.isPublished(ring?.value, kid)) throw tokenRevoked('signing key retired');
  return [...account.value.roles];
}

function principalOf(claims: AccessTokenClaims, roles: readonly string[]): Principal {
  const { sub, sid, jti, iat, exp, client_id: clientId, cnf = {} } = claims;
  return {
    accountId: sub,
    sessionId: sid,
    roles,
    tokenId: jti,
    issuedAt: new Date(iat * 1_000),
    expiresAt: new Date(exp * 1_000),
    ...(clientId === undefined ? {} : { clientId }),
    boundTo: boundTo(cnf),
  };
}
