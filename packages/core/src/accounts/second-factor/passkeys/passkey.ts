import { NotFoundError } from '../../../errors/families.ts';
import type { Abortable } from '../../../ports/abortable.ts';
import { throwIfAborted } from '../../../store/backoff.ts';
import type { Entry } from '../../../store/entry.ts';
import { accountNotFound } from '../../accounts/account.ts';
import { requireAccountId } from '../../accounts/account-id.ts';
import { readAccount } from '../../accounts/account-record.ts';
import { changeAccount } from '../../accounts/change.ts';
import type { AccountsContext } from '../../context.ts';
import { type PasskeyValue, passkeys, passkeysOf } from './passkey-record.ts';

/** A passkey of an account, as its owner may see it. */
export interface Passkey {
  readonly passkeyId: string;
  readonly name?: string;
  /** How the authenticator says to be reached, such as `internal` or `usb`. */
  readonly transports: readonly string[];
  /** Whether its provider keeps a copy, so that losing the device does not lose it. */
  readonly isBackedUp: boolean;
  readonly createdAt: Date;
  readonly lastUsedAt?: Date;
}

/** Shows a passkey. */
export function toPasskey({ id, value }: Pick<Entry<PasskeyValue>, 'id' | 'value'>): Passkey {
  const { name, transports, isBackedUp, createdAt, lastUsedAt } = value;
  return {
    passkeyId: id,
    ...(name === undefined ? {} : { name }),
    transports,
    isBackedUp,
    createdAt: new Date(createdAt),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: new Date(lastUsedAt) }),
  };
}

/** Lists the passkeys of an account, oldest first. */
export async function listPasskeys(
  context: AccountsContext,
  accountId: string,
  { signal }: Abortable,
): Promise<{ items: Passkey[] }> {
  requireAccountId(accountId);
  throwIfAborted(signal);
  if ((await readAccount(context, accountId)) === undefined) throw accountNotFound(accountId);
  return { items: (await passkeysOf(context, accountId)).map(toPasskey) };
}

/** Removes a passkey of an account: it opens nothing any more. */
export async function removePasskey(
  context: AccountsContext,
  accountId: string,
  passkeyId: string,
  options: Abortable,
): Promise<void> {
  await changeAccount(context, accountId, options, async ({ value }, transaction) => {
    const entry = isPasskeyId(passkeyId) ? await transaction.get(passkeys, passkeyId) : undefined;
    if (entry?.value.accountId !== accountId) throw passkeyNotFound(accountId);
    transaction.delete(passkeys, entry.id);
    return { value, event: 'account.passkey_removed', data: { passkeyId } };
  });
}

function isPasskeyId(passkeyId: unknown): boolean {
  return typeof passkeyId === 'string' && /^[A-Za-z0-9_-]{43}$/.test(passkeyId);
}

function passkeyNotFound(accountId: string): NotFoundError {
  return new NotFoundError('PASSKEY_NOT_FOUND', `Account ${accountId} has no such passkey`, { facts: { accountId } });
}
