import { ConflictError } from '../errors/families.ts';
import type { Keyring } from '../keyring/keyring.ts';
import type { LogContext } from './log-context.ts';

/**
 * The keyring of a log, for what cannot do without.
 *
 * @param what - that, such as `personal data`
 * @throws {ConflictError} EVENTS_KEYRING_MISSING: the log was constructed without one
 */
export function requireKeyring({ keyring }: LogContext, what: string): Keyring {
  if (keyring !== undefined) return keyring;
  throw new ConflictError('EVENTS_KEYRING_MISSING', `The event log has no keyring, which ${what} takes`);
}
