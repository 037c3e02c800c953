import { isUuid } from '../../crypto/random-id.ts';
import { accountNotFound } from './account.ts';

/**
 * Refuses what cannot be the id of an account, before any storage is asked.
 *
 * @throws {NotFoundError} ACCOUNT_NOT_FOUND
 */
export function requireAccountId(id: string): string {
  if (isUuid(id)) return id;
  throw accountNotFound(id);
}
