import type { Abortable } from './abortable.ts';
import type { Write } from './storage.ts';

/**
 * Makes sure that an account exists when something of its own is committed.
 *
 * @param accountId - the account's id
 * @returns a check to add to the commit, which then fails where the account has been changed or deleted meanwhile
 * @throws {NotFoundError} ACCOUNT_NOT_FOUND: there is no such account
 */
export type AccountGuard = (accountId: string, options?: Abortable) => Promise<Write>;
