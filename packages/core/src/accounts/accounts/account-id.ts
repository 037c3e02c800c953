import { accountNotFound } from './account.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Refuses what cannot be the id of an account, before any storage is asked.
 *
 * @throws {NotFoundError} ACCOUNT_NOT_FOUND
 */
export function requireAccountId(id: string): string {
  if (typeof id === 'string' && UUID.test(id)) return id;
  throw accountNotFound(id);
}
