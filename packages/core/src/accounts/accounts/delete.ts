import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { AccountsContext } from '../context.ts';
import { credentials } from '../passwords/credential-record.ts';
import { passkeys, passkeysOf } from '../second-factor/passkeys/passkey-record.ts';
import { secondFactors, totpEnrollments } from '../second-factor/second-factor-record.ts';
import { endSessionsWrites } from '../sessions/end-sessions.ts';
import { accountNotFound } from './account.ts';
import { accountEvent } from './account-event.ts';
import { requireAccountId } from './account-id.ts';
import { accounts } from './account-record.ts';

/**
 * Deletes an account with its login, password, second factor and passkeys in one commit. Sessions die of it: none is served whose account is gone.
 */
export async function deleteAccount(context: AccountsContext, id: string, options: Abortable): Promise<void> {
  requireAccountId(id);
  await context.store.transact(async (transaction) => {
    const entry = await transaction.get(accounts, id);
    if (entry === undefined) throw accountNotFound(id);
    transaction.delete(accounts, id);
    transaction.delete(credentials, id);
    transaction.delete(secondFactors, id);
    transaction.delete(totpEnrollments, id);
    for (const passkey of await passkeysOf(context, id)) transaction.delete(passkeys, passkey.id);
    for (const write of await endSessionsWrites(context, id)) transaction.add(write);
    if (context.events !== undefined) {
      const last = { ...entry.value, revision: entry.value.revision + 1 };
      transaction.add(accountEvent(context.events, 'account.deleted', id, last));
    }
  }, signalOf(options));
}
