import { PermissionError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { Write } from '../../ports/storage.ts';
import type { CertificatesContext } from '../context.ts';

/**
 * Makes sure that an account exists and may hold names.
 *
 * @param accountId undefined: a certificate of the application's own, which may hold any
 * @returns what makes sure, at the commit, that the account is still there
 * @throws {NotFoundError} ACCOUNT_NOT_FOUND
 * @throws {PermissionError} NAME_NOT_PERMITTED: the account may not hold one of them, or the manager has no guard to ask
 */
export async function permitNames(
  { accountGuard, nameGuard }: CertificatesContext,
  accountId: string | undefined,
  names: readonly string[],
  options: Abortable,
): Promise<Write[]> {
  if (accountId === undefined) return [];
  if (accountGuard === undefined || nameGuard === undefined) {
    throw new PermissionError(
      'NAME_NOT_PERMITTED',
      `An account can hold certificates only where the manager has the options accountGuard and nameGuard: ${accountGuard === undefined ? 'accountGuard' : 'nameGuard'} is missing`,
      { facts: { accountId: accountId.slice(0, 128) } },
    );
  }
  const check = await accountGuard(accountId, options);
  for (const name of names) {
    const permitted: unknown = await nameGuard(accountId, name, options);
    // Anything but true is no permission: a guard that forgets to return must not permit everything.
    if (permitted !== true) throw notPermitted(accountId, name);
  }
  return [check];
}

function notPermitted(accountId: string, name: string): PermissionError {
  return new PermissionError('NAME_NOT_PERMITTED', `Account ${quote(accountId)} may not hold the name ${quote(name)}`, {
    facts: { accountId: accountId.slice(0, 128), name: name.slice(0, 256) },
  });
}
