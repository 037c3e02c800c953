import { z } from 'zod';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { accounts } from '../accounts/account-record.ts';
import type { AccountsContext } from '../context.ts';
import type { SenderProof } from '../proofs/proof.ts';
import {
  authenticationInput,
  type PasskeyAuthenticationResponse,
  type PasskeyRequestOptions,
} from '../second-factor/passkeys/passkey-ceremony.ts';
import { passkeyInvalid } from '../second-factor/passkeys/passkey-errors.ts';
import { beginPasskeyAuthentication, usePasskey } from '../second-factor/passkeys/use-passkey.ts';
import { newDeviceId, writeDeviceToken } from '../throttle/device-token.ts';
import type { LoginThrottle } from '../throttle/login-throttle.ts';
import { LOGIN_ATTEMPTS, type SessionOpener } from './commit-login.ts';
import { type DeviceGrant, knownDevice } from './login.ts';
import { clientInput } from './login-options.ts';

/** Who asks for a passkey's challenge. */
export interface BeginPasskeyOptions extends Abortable {
  /** The client's address, as the host knows it for sure. Without it challenges are not bounded by address. */
  readonly ip?: string;
}

/** Who logs in by a passkey, from where. */
export interface PasskeyLoginOptions extends BeginPasskeyOptions {
  /** The authenticator's answer to the options of `beginPasskeyAuthentication`. */
  readonly passkey: PasskeyAuthenticationResponse;
  /** Shown in the list of sessions. */
  readonly userAgent?: string;
  /** What an earlier login gave; the device keeps its id. */
  readonly deviceToken?: string;
  /** What the session is bound to: useless to whoever steals its tokens. */
  readonly proof?: SenderProof;
  /** Also binds the session to a secret for a cookie. Default false. */
  readonly bindingSecret?: boolean;
  /** The OAuth client that asks, where there are several. */
  readonly clientId?: string;
}

const beginInput = z.strictObject({ ip: clientInput.ip, signal: clientInput.signal });
// Strict: a `proof` that was misspelled must not open a session that is bound to nothing.
const loginInput = z.strictObject({ passkey: authenticationInput, ...clientInput });

/** What a login by passkey works with. */
export interface PasskeyLoginParts<Result extends object> {
  readonly context: AccountsContext;
  readonly throttle: LoginThrottle;
  readonly openSession: SessionOpener<Result>;
}

/** Draws a challenge, within what an address may ask for. */
export async function beginPasskeyLogin(
  { context, throttle }: Pick<PasskeyLoginParts<object>, 'context' | 'throttle'>,
  options: BeginPasskeyOptions,
): Promise<PasskeyRequestOptions> {
  const parsed = beginInput.safeParse(options);
  if (!parsed.success) throw invalidArgument('beginPasskeyAuthentication() options', parsed.error.issues);
  throwIfAborted(options.signal);
  await throttle.admitLoad(parsed.data.ip);
  return beginPasskeyAuthentication(context, options);
}

/**
 * Logs in by a passkey alone, which is two factors by itself: the device, and what the device asks of its owner. Challenge, counter and
 * session move in one commit.
 */
export async function logInWithPasskey<Result extends object>(
  { context, throttle, openSession }: PasskeyLoginParts<Result>,
  options: PasskeyLoginOptions,
): Promise<Result & DeviceGrant> {
  const parsed = loginInput.safeParse(options);
  if (!parsed.success) throw invalidArgument('loginWithPasskey() options', parsed.error.issues);
  const { passkey, ip: address, deviceToken: token } = parsed.data;
  throwIfAborted(options.signal);
  await throttle.admitLoad(address);
  const { result, device } = await context.store.transact(
    async (transaction) => {
      const { accountId, writes } = await usePasskey(context, passkey);
      const account = await transaction.get(accounts, accountId);
      if (account === undefined || account.value.disabled) throw passkeyInvalid('credential');
      const known = await knownDevice(context, token, account);
      const deviceId = known?.deviceId ?? newDeviceId(context);
      for (const write of writes) transaction.add(write);
      const opened = await openSession(account, deviceId);
      for (const write of opened.writes) transaction.add(write);
      return { result: opened.result, device: { deviceId, accountId, epoch: account.value.epoch } };
    },
    { attempts: LOGIN_ATTEMPTS, ...(options.signal && { signal: options.signal }) },
  );
  return { ...result, deviceToken: await writeDeviceToken(context, device) };
}
