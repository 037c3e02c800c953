import { type AccountManager, PermissionError } from '@chancery/core';
import { z } from 'zod';
import type { Call } from '../../routing/call.ts';

/** The path of what belongs to one account. */
export const accountIdParams = z.object({
  accountId: z.string().describe('The account’s id; `me` is that of who asks.'),
});

/** Whose account a call names. */
export function accountOf({ params, principal }: Call<{ accountId: string }>): string {
  return params.accountId === 'me' ? principal.accountId : params.accountId;
}

/**
 * The account of a call that its owner may make, or who holds the permission.
 *
 * @throws {PermissionError} PERMISSION_DENIED
 */
export function judgedAccount(call: Call<{ accountId: string }>): string {
  const accountId = accountOf(call);
  call.judge(accountId);
  return accountId;
}

/** The present password, which guards an open session that was left alone. */
export const currentPassword = z.string().max(4_096).describe('The present password.');

/**
 * The account of a call that nobody but its owner may make: what it gives would let anybody else in.
 *
 * @throws {PermissionError} PERMISSION_DENIED
 */
export function ownAccount(call: Call<{ accountId: string }>): string {
  const { accountId } = call.principal;
  if (accountOf(call) === accountId) return accountId;
  throw new PermissionError('PERMISSION_DENIED', 'Nobody but the owner of an account may do this', {
    facts: { accountId },
  });
}

/**
 * The account of a call that takes the password of its owner besides the session: what it does outlasts the session.
 *
 * @throws {PermissionError} PERMISSION_DENIED
 * @throws {AuthenticationError} CREDENTIALS_INVALID
 * @throws {RateLimitError} RATE_LIMITED, OVERLOADED
 */
export async function provenAccount(
  accounts: AccountManager,
  call: Call<{ accountId: string }, unknown, { readonly current: string }>,
): Promise<string> {
  const accountId = ownAccount(call);
  await accounts.verifyPassword({ accountId, password: call.body.current, signal: call.signal });
  return accountId;
}
