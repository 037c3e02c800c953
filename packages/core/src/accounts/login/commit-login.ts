import { AuthenticationError } from '../../errors/families.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { Write } from '../../ports/storage.ts';
import type { Entry } from '../../store/entry.ts';
import { type AccountValue, accounts } from '../accounts/account-record.ts';
import type { AccountsContext } from '../context.ts';
import { credentials, type SealedCredential } from '../passwords/credential-record.ts';
import { needsSecondFactor, useSecondFactor } from '../second-factor/judge-second-factor.ts';
import { type Candidate, rereadCandidate } from './candidate.ts';
import type { LoginRequest } from './login-options.ts';

/** Sessions of one account that are opened at once meet one another in the session policy. */
export const LOGIN_ATTEMPTS = 60;

/**
 * Opens a session for an account: what to write, and what the client is given once that is committed. Run again where the commit
 * conflicts.
 */
export type SessionOpener<Result extends object> = (
  account: Entry<AccountValue>,
  deviceId: string,
) => Promise<{ readonly writes: readonly Write[]; readonly result: Result }>;

/** A login whose password was right. */
export interface JudgedLogin {
  readonly request: LoginRequest;
  /** What the password was judged by. */
  readonly candidate: Candidate;
  /** The password hashed anew, where that was due. */
  readonly renewed: SealedCredential | undefined;
  readonly deviceId: string;
}

/**
 * Uses the second factor up and opens the session in one commit, which holds as long as account, password and second factor are what was
 * judged. The first attempt takes what was read before the password was hashed, at its versions; a conflict reads anew.
 *
 * @returns the session, and the account's epoch that it belongs to
 * @throws {AuthenticationError} CREDENTIALS_INVALID: account or password are not what was judged any more; SECOND_FACTOR_REQUIRED,
 *   SECOND_FACTOR_INVALID
 */
export async function commitLogin<Result extends object>(
  context: AccountsContext,
  { request, candidate, renewed, deviceId }: JudgedLogin,
  openSession: SessionOpener<Result>,
  options: Abortable,
): Promise<{ readonly result: Result; readonly epoch: number }> {
  let present: Candidate | undefined = candidate;
  return context.store.transact(
    async (transaction) => {
      const { account, credential, factor } = present ?? (await rereadCandidate(context, candidate.account?.id ?? ''));
      present = undefined;
      const isSamePassword = credential?.value.passwordRevision === candidate.credential?.value.passwordRevision;
      if (account === undefined || account.value.disabled || credential === undefined || !isSamePassword) {
        throw credentialsInvalid();
      }
      transaction.check(accounts, account.id, account.version);
      if (renewed === undefined) transaction.check(credentials, account.id, credential.version);
      else {
        const { value, bytes } = renewed;
        transaction.put(credentials, account.id, value, { bytes, ifVersion: credential.version });
      }
      if (needsSecondFactor(account.value, factor)) {
        const used = await useSecondFactor(context, { accountId: account.id, factor }, request.secondFactor);
        for (const write of used) transaction.add(write);
      }
      const { writes, result } = await openSession(account, deviceId);
      for (const write of writes) transaction.add(write);
      return { result, epoch: account.value.epoch };
    },
    { attempts: LOGIN_ATTEMPTS, ...signalOf(options) },
  );
}

/** Makes the error for a login that fails, for whatever reason. */
export function credentialsInvalid(): AuthenticationError {
  return new AuthenticationError('CREDENTIALS_INVALID', 'Login and password do not belong together');
}
