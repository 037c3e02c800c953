import type { Abortable } from '../../ports/abortable.ts';
import { signalOf } from '../../ports/abortable.ts';
import type { JsonObject } from '../../ports/storage.ts';
import type { Entry } from '../../store/entry.ts';
import type { Transaction } from '../../store/transaction.ts';
import type { AccountsContext } from '../context.ts';
import { type Account, accountNotFound, toAccount } from './account.ts';
import { type AccountEventType, accountEvent } from './account-event.ts';
import { requireAccountId } from './account-id.ts';
import { type AccountValue, accounts } from './account-record.ts';

/** A change of an account: the fields that move, and what the event says. Undefined: nothing is to be changed. */
export type AccountChange =
  | { readonly value: AccountValue; readonly event: AccountEventType; readonly data?: JsonObject }
  | undefined;

/**
 * Changes an account and tells of it in one commit. Revision and time of change are kept here.
 *
 * @param change - run anew when something else changed the account meanwhile; it may read and write through the transaction
 * @throws {NotFoundError} ACCOUNT_NOT_FOUND
 */
export async function changeAccount(
  context: AccountsContext,
  id: string,
  options: Abortable,
  change: (entry: Entry<AccountValue>, transaction: Transaction) => AccountChange | Promise<AccountChange>,
): Promise<Account> {
  requireAccountId(id);
  return context.store.transact(async (transaction) => {
    const entry = await transaction.get(accounts, id);
    if (entry === undefined) throw accountNotFound(id);
    const changed = await change(entry, transaction);
    if (changed === undefined) return toAccount(entry);
    const value = { ...changed.value, revision: entry.value.revision + 1, updatedAt: context.clock.now() };
    transaction.put(accounts, id, value);
    if (context.events !== undefined) {
      transaction.add(accountEvent(context.events, changed.event, id, value, changed.data));
    }
    return toAccount((await transaction.get(accounts, id)) ?? entry);
  }, signalOf(options));
}

/** The same account with every session, token and known device of it ended. */
export function withSessionsEnded(value: AccountValue): AccountValue {
  return { ...value, epoch: value.epoch + 1 };
}
