import type { Abortable } from '../../../ports/abortable.ts';
import type { Write } from '../../../ports/storage.ts';
import type { AccountsContext } from '../../context.ts';
import type { AuthenticationAnswer, PasskeyRequestOptions } from './passkey-ceremony.ts';
import { answeredChallenge, CHALLENGE_MS, drawChallenge, passkeyChallenges } from './passkey-challenge.ts';
import { passkeyInvalid } from './passkey-errors.ts';
import { requirePasskeySettings } from './passkey-options.ts';
import { openPasskey, passkeyIdOf, passkeys } from './passkey-record.ts';
import { userHandleOf } from './register-passkey.ts';
import { requireWebAuthn, verifyAssertion } from './web-authn.ts';

/** A passkey that proved itself. */
export interface PasskeyUse {
  readonly accountId: string;
  /** Must be part of the commit that the passkey opens: of two answers to one challenge, and of two uses at one counter, one fails. */
  readonly writes: readonly Write[];
}

/** Asks for any passkey of this relying party: the same for everybody, so that it tells nothing of any account. */
export async function beginPasskeyAuthentication(
  context: AccountsContext,
  options: Abortable,
): Promise<PasskeyRequestOptions> {
  const { rpId } = requirePasskeySettings(context.passkeys);
  await requireWebAuthn();
  const challenge = await drawChallenge(context, undefined, options);
  return { rpId, challenge, timeout: CHALLENGE_MS, userVerification: 'required' };
}

/**
 * Judges the answer of an authenticator against the challenge that was drawn and the passkey that was registered.
 *
 * @throws {AuthenticationError} PASSKEY_INVALID: `facts.reason` tells why
 * @throws {StorageError} any of its codes
 */
export async function usePasskey(context: AccountsContext, answer: AuthenticationAnswer): Promise<PasskeyUse> {
  const { store, clock, logger } = context;
  const settings = requirePasskeySettings(context.passkeys);
  const challenge = answeredChallenge(answer.response.clientDataJSON);
  const id = await passkeyIdOf(context, answer.id);
  const [asked, entry] = await store.getMany([
    { collection: passkeyChallenges, id: challenge },
    { collection: passkeys, id },
  ]);
  if (asked === undefined || asked.value.accountId !== undefined) throw passkeyInvalid('challenge');
  if (entry === undefined) throw passkeyInvalid('credential');
  const { accountId, publicKey } = await openPasskey(context, entry);
  const { userHandle } = answer.response;
  if (typeof userHandle === 'string' && userHandle !== userHandleOf(accountId)) throw passkeyInvalid('credential');
  const { counter, isBackedUp } = await verifyAssertion({ settings, challenge }, answer, publicKey);
  const { value, bytes, version } = entry;
  // Both at 0: an authenticator that does not count, as those that keep copies do not.
  if ((counter > 0 || value.counter > 0) && counter <= value.counter) {
    logger?.warn('The counter of a passkey went back: there may be a copy of it', { accountId, passkeyId: id });
    throw passkeyInvalid('counter');
  }
  const now = clock.now();
  const used = { ...value, counter, isBackedUp, lastUsedAt: now };
  return {
    accountId,
    writes: [
      store.delete(passkeyChallenges, challenge, { ifVersion: asked.version }),
      store.put(passkeys, id, used, { ifVersion: version, ...(bytes === undefined ? {} : { bytes }) }),
    ],
  };
}
