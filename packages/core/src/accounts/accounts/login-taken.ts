import { ChanceryError } from '../../errors/chancery-error.ts';
import { ConflictError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';

/**
 * Says in the words of accounts that a unique constraint refused a login.
 *
 * @throws {ConflictError} LOGIN_TAKEN
 */
export async function onLoginTaken<T>(change: Promise<T>, login: string | undefined): Promise<T> {
  try {
    return await change;
  } catch (cause) {
    if (!(cause instanceof ChanceryError) || cause.code !== 'UNIQUE_CONFLICT' || login === undefined) throw cause;
    throw new ConflictError('LOGIN_TAKEN', `Another account has the login ${quote(login)}`, {
      facts: { login: login.slice(0, 256) },
      cause,
    });
  }
}
