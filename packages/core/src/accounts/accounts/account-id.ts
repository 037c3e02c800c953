import { accountNotFound } from './account.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Whether a value has the form of the ids that accounts and sessions have. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}

/**
 * Refuses what cannot be the id of an account, before any storage is asked.
 *
 * @throws {NotFoundError} ACCOUNT_NOT_FOUND
 */
export function requireAccountId(id: string): string {
  if (isUuid(id)) return id;
  throw accountNotFound(id);
}
