import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { Write } from '../../ports/storage.ts';
import { requireAccountId } from '../accounts/account-id.ts';
import { changeAccount, withSessionsEnded } from '../accounts/change.ts';
import type { AccountsContext } from '../context.ts';
import { sessionGates, sessions } from './session-record.ts';

/** What fits into a commit beside what the commit is about. */
const MOST = 200;

/**
 * The writes that remove the sessions of an account which is deleted, disabled or logged out everywhere. They tidy up: what ends the sessions is
 * that the account is gone, or has another epoch. Of more than 200 sessions the rest is gone when it expires.
 *
 * @throws {StorageError} any of its codes
 */
export async function endSessionsWrites(
  { store }: Pick<AccountsContext, 'store'>,
  accountId: string,
): Promise<Write[]> {
  const { entries } = await store.query(sessions, { index: 'byAccount', equals: { accountId }, limit: MOST });
  return [store.delete(sessionGates, accountId), ...entries.map(({ id }) => store.delete(sessions, id))];
}

/**
 * Ends every session of an account at once, whatever instance it was opened on.
 *
 * @throws {NotFoundError} ACCOUNT_NOT_FOUND
 * @throws {ConflictError} COMMIT_CONFLICT: the account kept changing meanwhile
 * @throws {ChanceryError} ABORTED
 * @throws {StorageError} any of its codes
 */
export async function logoutEverywhere(
  context: AccountsContext,
  accountId: string,
  options: Abortable = {},
): Promise<void> {
  requireAccountId(accountId);
  await changeAccount(context, accountId, signalOf(options), async ({ value }, transaction) => {
    for (const write of await endSessionsWrites(context, accountId)) transaction.add(write);
    return { value: withSessionsEnded(value), event: 'account.sessions_ended' };
  });
}
