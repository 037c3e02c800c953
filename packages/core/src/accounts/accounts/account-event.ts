import type { EventLog } from '../../events/event-log.ts';
import type { JsonObject, Write } from '../../ports/storage.ts';
import type { AccountValue } from './account-record.ts';

/** What events tell of an account. */
export type AccountEventType =
  | 'account.created'
  | 'account.updated'
  | 'account.disabled'
  | 'account.enabled'
  | 'account.deleted'
  | 'account.sessions_ended'
  | 'account.password_changed'
  | 'account.second_factor_enabled'
  | 'account.second_factor_disabled'
  | 'account.recovery_codes_renewed'
  | 'account.passkey_added'
  | 'account.passkey_renamed'
  | 'account.passkey_removed';

/**
 * The event of an account's newest revision. It names the account by its id alone: names and logins are personal, and an event log cannot
 * be made to forget.
 */
export function accountEvent(
  events: EventLog,
  type: AccountEventType,
  accountId: string,
  { revision, roles }: Pick<AccountValue, 'revision' | 'roles'>,
  data: JsonObject = {},
): Write {
  return events.write({
    type,
    source: '/accounts',
    subject: accountId,
    subjectRevision: revision,
    data: { accountId, roles, ...data },
  });
}
