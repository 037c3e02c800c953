import { z } from 'zod';
import { toBase64Url } from '../../../encoding/base64.ts';
import { utf8 } from '../../../encoding/bytes.ts';
import { ConflictError } from '../../../errors/families.ts';
import { invalidArgument } from '../../../errors/from-issues.ts';
import { type Abortable, signalOf } from '../../../ports/abortable.ts';
import { abortSignal } from '../../../store/abort-signal.ts';
import { throwIfAborted } from '../../../store/backoff.ts';
import { accountNotFound } from '../../accounts/account.ts';
import { requireAccountId } from '../../accounts/account-id.ts';
import { displayNameInput } from '../../accounts/account-input.ts';
import { readAccount } from '../../accounts/account-record.ts';
import { changeAccount } from '../../accounts/change.ts';
import type { AccountsContext } from '../../context.ts';
import { type Passkey, toPasskey } from './passkey.ts';
import {
  type PasskeyCreationOptions,
  type PasskeyRegistrationResponse,
  registrationInput,
} from './passkey-ceremony.ts';
import { answeredChallenge, CHALLENGE_MS, drawChallenge, passkeyChallenges } from './passkey-challenge.ts';
import { passkeyInvalid } from './passkey-errors.ts';
import { requirePasskeySettings } from './passkey-options.ts';
import {
  MOST_PASSKEYS,
  openPasskey,
  type PasskeyValue,
  passkeyIdOf,
  passkeys,
  passkeysOf,
  sealPasskey,
} from './passkey-record.ts';
import { PASSKEY_ALGORITHMS, requireWebAuthn, verifyRegistration } from './web-authn.ts';

/** What is known of a passkey besides the authenticator's answer. */
export interface RegisterPasskeyOptions extends Abortable {
  /** For its owner to tell it from others, such as `Ann's phone`; at most 256 characters. */
  readonly name?: string;
}

const nameInput = z.strictObject({ name: displayNameInput.optional(), signal: abortSignal });

/** Asks for a passkey: draws a challenge, which has to be answered for this account. */
export async function beginPasskeyRegistration(
  context: AccountsContext,
  accountId: string,
  options: Abortable,
): Promise<PasskeyCreationOptions> {
  const { rpId, rpName } = requirePasskeySettings(context.passkeys);
  requireAccountId(accountId);
  throwIfAborted(signalOf(options).signal);
  await requireWebAuthn();
  const account = await readAccount(context, accountId);
  if (account === undefined) throw accountNotFound(accountId);
  const registered = await passkeysOf(context, accountId, true);
  requireRoom(accountId, registered);
  const { login, displayName = login } = account.value;
  return {
    rp: { id: rpId, name: rpName },
    // Opaque, since authenticators show it to nobody and tell it to whoever has the device.
    user: { id: userHandleOf(accountId), name: login, displayName },
    challenge: await drawChallenge(context, accountId, options),
    pubKeyCredParams: PASSKEY_ALGORITHMS.map((alg) => ({ type: 'public-key', alg })),
    timeout: CHALLENGE_MS,
    excludeCredentials: await Promise.all(
      registered.map(async (entry) => ({
        type: 'public-key' as const,
        id: (await openPasskey(context, entry)).credentialId,
        transports: entry.value.transports,
      })),
    ),
    authenticatorSelection: { residentKey: 'required', requireResidentKey: true, userVerification: 'required' },
    attestation: 'none',
  };
}

/** Keeps a passkey, once an authenticator has answered. Challenge, passkey and account move in one commit. */
export async function finishPasskeyRegistration(
  context: AccountsContext,
  accountId: string,
  response: PasskeyRegistrationResponse,
  options: RegisterPasskeyOptions,
): Promise<Passkey> {
  const settings = requirePasskeySettings(context.passkeys);
  requireAccountId(accountId);
  const parsed = registrationInput.safeParse(response);
  if (!parsed.success) throw invalidArgument('passkey registration', parsed.error.issues);
  const named = nameInput.safeParse(options);
  if (!named.success) throw invalidArgument('finishPasskeyRegistration() options', named.error.issues);
  const { name } = named.data;
  const challenge = answeredChallenge(parsed.data.response.clientDataJSON);
  const made = await verifyRegistration({ settings, challenge }, parsed.data);
  const id = await passkeyIdOf(context, made.credentialId);
  const bytes = await sealPasskey(context, id, { ...made, accountId });
  const now = context.clock.now();
  const value: PasskeyValue = {
    accountId,
    counter: made.counter,
    ...(name === undefined ? {} : { name }),
    transports: parsed.data.response.transports ?? [],
    isBackedUp: made.isBackedUp,
    createdAt: now,
    changedAt: now,
  };
  await changeAccount(context, accountId, options, async (account, transaction) => {
    const asked = await transaction.get(passkeyChallenges, challenge);
    if (asked?.value.accountId !== accountId) throw passkeyInvalid('challenge');
    transaction.delete(passkeyChallenges, challenge);
    if ((await transaction.get(passkeys, id)) !== undefined) throw passkeyExists(id);
    requireRoom(accountId, await passkeysOf(context, accountId));
    transaction.put(passkeys, id, value, { bytes });
    return { value: account.value, event: 'account.passkey_added', data: { passkeyId: id } };
  });
  return toPasskey({ id, value });
}

/** What authenticators call an account: told back with each use (WebAuthn Level 3 section 5.4.3). */
export function userHandleOf(accountId: string): string {
  return toBase64Url(utf8(accountId));
}

/** Registrations of one account follow one another, since each writes the account: none is missed here. */
function requireRoom(accountId: string, registered: readonly unknown[]): void {
  if (registered.length < MOST_PASSKEYS) return;
  throw new ConflictError('PASSKEY_LIMIT', `Account ${accountId} has ${MOST_PASSKEYS} passkeys, as many as it may`, {
    facts: { accountId },
  });
}

function passkeyExists(passkeyId: string): ConflictError {
  return new ConflictError('PASSKEY_EXISTS', 'The passkey is registered already', { facts: { passkeyId } });
}
