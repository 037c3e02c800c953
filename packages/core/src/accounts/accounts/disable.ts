import type { Abortable } from '../../ports/abortable.ts';
import type { AccountsContext } from '../context.ts';
import { endSessionsWrites } from '../sessions/end-sessions.ts';
import type { Account } from './account.ts';
import { changeAccount, withSessionsEnded } from './change.ts';

/** Refuses every login of an account from here on, and ends its sessions. Doing it twice changes nothing. */
export function disableAccount(context: AccountsContext, id: string, options: Abortable): Promise<Account> {
  return changeAccount(context, id, options, async ({ value }, transaction) => {
    if (value.disabled) return undefined;
    for (const write of await endSessionsWrites(context, id)) transaction.add(write);
    return { value: { ...withSessionsEnded(value), disabled: true }, event: 'account.disabled' };
  });
}

/** Lets an account log in again. */
export function enableAccount(context: AccountsContext, id: string, options: Abortable): Promise<Account> {
  return changeAccount(context, id, options, ({ value: { disabled, ...value } }) =>
    disabled ? { value, event: 'account.enabled' } : undefined,
  );
}
