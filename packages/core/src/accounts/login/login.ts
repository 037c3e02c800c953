import { RateLimitError } from '../../errors/families.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import type { AccountValue } from '../accounts/account-record.ts';
import { entryByLoginKey } from '../accounts/find.ts';
import type { AccountsContext } from '../context.ts';
import type { SealedCredential } from '../passwords/credential-record.ts';
import type { QueuedFor } from '../passwords/hash-queue.ts';
import type { PasswordVerdict } from '../passwords/password-verifier.ts';
import type { Passwords } from '../passwords/passwords.ts';
import { needsSecondFactor } from '../second-factor/judge-second-factor.ts';
import { type KnownDevice, newDeviceId, readDeviceToken, writeDeviceToken } from '../throttle/device-token.ts';
import { type Admission, type LoginThrottle, refundUnlessGuessed } from '../throttle/login-throttle.ts';
import { type Candidate, readCandidate } from './candidate.ts';
import { commitLogin, credentialsInvalid, type SessionOpener } from './commit-login.ts';
import type { LoginRequest } from './login-options.ts';

/** What a login works with. */
export interface LoginParts<Result extends object> {
  readonly context: AccountsContext;
  readonly passwords: Passwords;
  readonly throttle: LoginThrottle;
  readonly openSession: SessionOpener<Result>;
}

/** What a login gives beside the session. */
export interface DeviceGrant {
  /** For this device to keep and to send with its next login. It opens nothing. */
  readonly deviceToken: string;
}

/**
 * Logs in by password. Throttle, account, hash, second factor, and then one commit that holds as long as account, password and second
 * factor are what was judged.
 *
 * Whether the login is unknown, the password wrong, the account disabled or without a password: the storage is asked the same, a hash of
 * the present cost is computed, and the error is the same.
 */
export async function logIn<Result extends object>(
  parts: LoginParts<Result>,
  request: LoginRequest,
  options: Abortable,
): Promise<Result & DeviceGrant> {
  const { context, throttle } = parts;
  const { signal } = options;
  throwIfAborted(signal);
  const account = await entryByLoginKey(context, request.name.loginKey);
  const device = await knownDevice(context, request.deviceToken, account);
  const { loginKey } = request.name;
  const admission = await throttle.admit({ loginKey, ip: request.ipPrefix, deviceId: device?.deviceId });
  const candidate = await readCandidate(context, account);
  const queued = { lane: request.ipPrefix ?? loginKey, known: device !== undefined, signal };
  const verdict = await verify(parts, request, candidate, admission, queued);
  if (!verdict.fits || account === undefined || account.value.disabled) throw credentialsInvalid();
  const [renewed] = await Promise.all([renew(parts, request, candidate, verdict, queued), admission.refund()]);
  const factorAdmission = await admitSecondFactor(parts, request, candidate);
  const deviceId = device?.deviceId ?? newDeviceId(context);
  const judged = { request, candidate, renewed, deviceId };
  const committing = commitLogin(context, judged, parts.openSession, options);
  const { result, epoch } = await refundUnlessGuessed(committing, factorAdmission);
  const deviceToken = await writeDeviceToken(context, { deviceId, accountId: account.id, epoch });
  return { ...result, deviceToken };
}

/** A device counts as known for this account only, and only since its sessions were last ended. */
export async function knownDevice(
  context: AccountsContext,
  deviceToken: string | undefined,
  account: Entry<AccountValue> | undefined,
): Promise<KnownDevice | undefined> {
  if (deviceToken === undefined) return undefined;
  const device = await readDeviceToken(context, deviceToken);
  const isKnown = device?.accountId === account?.id && device?.epoch === account?.value.epoch;
  return isKnown ? device : undefined;
}

async function verify<Result extends object>(
  { passwords }: LoginParts<Result>,
  { password }: LoginRequest,
  { credential }: Candidate,
  admission: Admission,
  queued: QueuedFor,
): Promise<PasswordVerdict> {
  try {
    return await passwords.verifier.verify(password, credential, queued);
  } catch (error) {
    // It was never tried.
    if (error instanceof RateLimitError) await admission.refund();
    throw error;
  }
}

/** A password that is due to be hashed anew is, unless there is no room for it: the next login will do. */
async function renew<Result extends object>(
  { passwords }: LoginParts<Result>,
  { password }: LoginRequest,
  { credential }: Candidate,
  { isOutdated }: PasswordVerdict,
  queued: QueuedFor,
): Promise<SealedCredential | undefined> {
  if (!isOutdated || credential === undefined) return undefined;
  try {
    return await passwords.renew(credential, password, queued);
  } catch (error) {
    if (error instanceof RateLimitError) return undefined;
    throw error;
  }
}

async function admitSecondFactor<Result extends object>(
  { throttle }: LoginParts<Result>,
  { secondFactor }: LoginRequest,
  { account, factor }: Candidate,
): Promise<Admission | undefined> {
  if (account === undefined || secondFactor === undefined || !needsSecondFactor(account.value, factor))
    return undefined;
  return throttle.admitSecondFactor(account.id);
}
