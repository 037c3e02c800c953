import { uuidv7 } from '../../crypto/random-id.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { PutWrite, Write } from '../../ports/storage.ts';
import type { Entry } from '../../store/entry.ts';
import { sealField } from '../../store/seal.ts';
import type { AccountValue } from '../accounts/account-record.ts';
import { bind } from '../proofs/bind.ts';
import type { SenderProof } from '../proofs/proof.ts';
import { proofReplayed, proofRequired } from '../proofs/proof-errors.ts';
import { spendProof, spentProofs } from '../proofs/replay-store.ts';
import { isSenderConstrained } from '../tokens/confirmation.ts';
import { issueTokens, sessionEnd } from './issue-tokens.ts';
import type { LoginResult } from './login-result.ts';
import type { SessionContext } from './session-context.ts';
import { sessionOpened } from './session-event.ts';
import { makeRoom } from './session-limit.ts';
import { type SessionValue, sessionSecretPlace, sessions } from './session-record.ts';

const SECRET_BYTES = 32;
const MAX_USER_AGENT = 256;

/** Whose session is opened, and what is known of who asks. */
export interface OpenSessionRequest extends Abortable {
  /** Read in the transaction that is to commit the session. */
  readonly account: Entry<AccountValue>;
  readonly ip?: string | undefined;
  readonly userAgent?: string | undefined;
  readonly deviceId?: string | undefined;
  readonly clientId?: string | undefined;
  /** What the session is bound to. */
  readonly proof?: SenderProof | undefined;
  /** Whether it is bound to a secret as well. */
  readonly bindingSecret?: boolean | undefined;
}

/** A session that is open once the writes are committed. */
export interface OpenedSession {
  readonly writes: readonly Write[];
  readonly result: LoginResult;
}

/**
 * Opens a session for an account whose credentials were checked. Call it within the transaction that is to commit its writes: when it
 * conflicts, with another login of an account whose sessions are limited or with a second use of the proof, the session is judged anew.
 *
 * @throws {ConflictError} SESSION_LIMIT: the account has all sessions that it may have
 * @throws {AuthenticationError} PROOF_REQUIRED, PROOF_INVALID, PROOF_NONCE_REQUIRED, PROOF_REPLAYED
 * @throws {InvalidInputError} INVALID_ARGUMENT: `proof` is neither a DPoP proof nor a certificate
 * @throws {StorageError} any of its codes
 */
export async function openSession(context: SessionContext, request: OpenSessionRequest): Promise<OpenedSession> {
  const { store, keyring, crypto, clock, settings } = context;
  const { account, clientId, deviceId, ip, userAgent } = request;
  const { confirmation, proof, bindingSecret } = await bind(context.proofJudge, request);
  if (settings.requireSenderConstraint && !isSenderConstrained(confirmation)) throw proofRequired('dpop');
  const spent = proof === undefined ? [] : [await unspent(context, await spendProof(store, proof))];
  const room = await makeRoom(context, account);

  const sessionId = uuidv7(clock, crypto);
  const now = clock.now();
  const session: SessionValue = {
    accountId: account.id,
    epoch: account.value.epoch,
    counter: 0,
    createdAt: now,
    lastUsedAt: now,
    confirmation,
    ...(clientId === undefined ? {} : { clientId }),
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(ip === undefined ? {} : { ip }),
    ...(userAgent === undefined ? {} : { userAgent: storable(userAgent) }),
  };
  const secret = crypto.randomBytes(SECRET_BYTES);
  const result = await issueTokens(context, { sessionId, session, secret, account });
  const bytes = await sealField(store, keyring, sessionSecretPlace(sessionId), secret);
  secret.fill(0);
  const expiresAt = sessionEnd(context, session);
  const opened = store.put(sessions, sessionId, session, { ifVersion: null, expiresAt, bytes });
  return {
    writes: [opened, ...spent, ...room, ...sessionOpened(context, sessionId, session)],
    result: bindingSecret === undefined ? result : { ...result, bindingSecret },
  };
}

/** A header says what it likes: it is shown to people, and must neither fail a login nor fill the storage. */
function storable(userAgent: string): string {
  return String(userAgent).slice(0, MAX_USER_AGENT).toWellFormed().replaceAll('\0', '');
}

async function unspent({ store }: SessionContext, spend: PutWrite): Promise<PutWrite> {
  if ((await store.get(spentProofs, spend.id)) !== undefined) throw proofReplayed();
  return spend;
}
