import { z } from 'zod';
import { AuthenticationError, RateLimitError } from '../../errors/families.ts';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import { requireAccountId } from '../accounts/account-id.ts';
import type { AccountsContext } from '../context.ts';
import type { LoginThrottle } from '../throttle/login-throttle.ts';
import { type CredentialValue, credentials } from './credential-record.ts';
import { passwordInput } from './password-input.ts';
import type { PasswordText } from './password-text.ts';
import type { Passwords } from './passwords.ts';

/** A password that is to be the present one of an account. */
export interface VerifyPasswordOptions extends Abortable {
  readonly accountId: string;
  readonly password: string;
}

/** What judging a password takes. */
export interface PasswordProofParts {
  readonly context: AccountsContext;
  readonly passwords: Passwords;
  readonly throttle: LoginThrottle;
}

const verifyInput = z.strictObject({ accountId: z.string(), password: passwordInput, signal: abortSignal });

/** Makes sure that a password is the present one of an account, for somebody who is logged in already. */
export async function verifyPassword(parts: PasswordProofParts, options: VerifyPasswordOptions): Promise<void> {
  const parsed = verifyInput.safeParse(options);
  if (!parsed.success) throw invalidArgument('verifyPassword() options', parsed.error.issues);
  const { accountId, password, signal } = parsed.data;
  await provePassword(parts, { accountId, password, signal });
}

/**
 * Judges a password that is given as the present one, within what may be guessed of one account.
 *
 * @returns the credential that it fits
 * @throws {AuthenticationError} CREDENTIALS_INVALID: it does not fit, or the account has none
 * @throws {NotFoundError} ACCOUNT_NOT_FOUND: no account can have that id
 * @throws {RateLimitError} RATE_LIMITED, OVERLOADED
 */
export async function provePassword(
  { context, passwords, throttle }: PasswordProofParts,
  {
    accountId,
    password,
    signal,
  }: { readonly accountId: string; readonly password: PasswordText; readonly signal: AbortSignal | undefined },
): Promise<Entry<CredentialValue>> {
  requireAccountId(accountId);
  throwIfAborted(signal);
  const admission = await throttle.admitPasswordChange(accountId);
  const entry = await context.store.get(credentials, accountId);
  const { fits } = await passwords.verifier
    .verify(password, entry, { lane: accountId, known: true, signal })
    .catch(async (error: unknown) => {
      // It was never tried.
      if (error instanceof RateLimitError) await admission.refund();
      throw error;
    });
  if (!fits || entry === undefined) {
    throw new AuthenticationError('CREDENTIALS_INVALID', 'The present password is not the one given');
  }
  await admission.refund();
  return entry;
}
