import { z } from 'zod';
import { AuthenticationError } from '../../errors/families.ts';
import { invalidArgument } from '../../errors/from-issues.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import type { Transaction } from '../../store/transaction.ts';
import { type Account, accountChanged, accountNotFound } from '../accounts/account.ts';
import { requireAccountId } from '../accounts/account-id.ts';
import { type AccountValue, readAccount } from '../accounts/account-record.ts';
import { changeAccount, withSessionsEnded } from '../accounts/change.ts';
import type { AccountsContext } from '../context.ts';
import { endSessionsWrites } from '../sessions/end-sessions.ts';
import { credentials, type SealedCredential } from './credential-record.ts';
import { passwordInput } from './password-input.ts';
import { passwordRefused } from './password-policy.ts';
import type { PasswordText } from './password-text.ts';
import type { Passwords } from './passwords.ts';
import { type PasswordProofParts, provePassword } from './prove-password.ts';

/** A new password that the host sets: after a reset by e-mail, say. */
export interface SetPasswordOptions extends Abortable {
  readonly accountId: string;
  readonly password: string;
  /** Also changes whether logins need a second factor: the password is judged by what holds from then on. */
  readonly secondFactorRequired?: boolean;
}

/** A new password that its owner chooses. */
export interface ChangePasswordOptions extends Abortable {
  readonly accountId: string;
  /** The present password. */
  readonly current: string;
  readonly next: string;
}

const setInput = z.strictObject({
  accountId: z.string(),
  password: passwordInput,
  secondFactorRequired: z.boolean().optional(),
  signal: abortSignal,
});

const changeInput = z.strictObject({
  accountId: z.string(),
  current: passwordInput,
  next: passwordInput,
  signal: abortSignal,
});

/** What a change of password must find when it commits. */
type Guard = (transaction: Transaction) => Promise<void>;

/** Sets a password and ends every session in one commit. */
export async function setPassword(
  context: AccountsContext,
  passwords: Passwords,
  options: SetPasswordOptions,
): Promise<Account> {
  const parsed = setInput.safeParse(options);
  if (!parsed.success) throw invalidArgument('setPassword() options', parsed.error.issues);
  const { accountId, password, secondFactorRequired } = parsed.data;
  return replacePassword(context, passwords, { accountId, password, secondFactorRequired }, options);
}

/** Changes a password for somebody who knows the present one. */
export async function changePassword(parts: PasswordProofParts, options: ChangePasswordOptions): Promise<Account> {
  const parsed = changeInput.safeParse(options);
  if (!parsed.success) throw invalidArgument('changePassword() options', parsed.error.issues);
  const { accountId, current, next, signal } = parsed.data;
  const { context, passwords } = parts;
  const entry = await provePassword(parts, { accountId, password: current, signal });
  if (current.text === next.text) throw passwordRefused('unchanged', 'it is the present one');
  const { passwordRevision } = entry.value;
  return replacePassword(context, passwords, { accountId, password: next }, options, async (transaction) => {
    // Somebody else has set one meanwhile: the password that was verified is no longer the present one.
    if ((await transaction.get(credentials, accountId))?.value.passwordRevision !== passwordRevision) {
      throw new AuthenticationError('CREDENTIALS_INVALID', 'The present password was changed meanwhile');
    }
  });
}

async function replacePassword(
  context: AccountsContext,
  passwords: Passwords,
  change: {
    readonly accountId: string;
    readonly password: PasswordText;
    readonly secondFactorRequired?: boolean | undefined;
  },
  options: Abortable,
  guard?: Guard,
): Promise<Account> {
  const { accountId, password } = change;
  requireAccountId(accountId);
  const account = await readAccount(context, accountId);
  if (account === undefined) throw accountNotFound(accountId);
  const secondFactorRequired = change.secondFactorRequired ?? account.value.secondFactorRequired === true;
  const { login } = account.value;
  const made = await passwords.create(accountId, password, { login, secondFactorRequired, ...signalOf(options) });
  return changeAccount(context, accountId, options, async ({ value }, transaction) => {
    await guard?.(transaction);
    await putPassword(transaction, accountId, made);
    for (const write of await endSessionsWrites(context, accountId)) transaction.add(write);
    const { secondFactorRequired: _, ...rest } = value;
    const required = change.secondFactorRequired ?? value.secondFactorRequired === true;
    if (required !== secondFactorRequired) throw accountChanged(accountId);
    const next: AccountValue = { ...rest, ...(required ? { secondFactorRequired: true } : {}) };
    return { value: withSessionsEnded(next), event: 'account.password_changed' };
  });
}

/** Replaces the credential, whatever it was. */
async function putPassword(transaction: Transaction, accountId: string, made: SealedCredential): Promise<void> {
  const before = await transaction.get(credentials, accountId);
  const passwordRevision = (before?.value.passwordRevision ?? 0) + 1;
  transaction.put(credentials, accountId, { ...made.value, passwordRevision }, { bytes: made.bytes });
}
