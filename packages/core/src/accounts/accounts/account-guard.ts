import type { AccountGuard } from '../../ports/account-guard.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { AccountsContext } from '../context.ts';
import { accountNotFound } from './account.ts';
import { requireAccountId } from './account-id.ts';
import { accounts, readAccount } from './account-record.ts';

/** The guard by which other managers make sure that an account exists when they commit something of its own. */
export function accountGuard(context: AccountsContext): AccountGuard {
  return async (accountId, { signal } = {}) => {
    requireAccountId(accountId);
    throwIfAborted(signal);
    const entry = await readAccount(context, accountId);
    if (entry === undefined) throw accountNotFound(accountId);
    return context.store.check(accounts, accountId, entry.version);
  };
}
