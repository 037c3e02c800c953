import { z } from 'zod';
import { NotFoundError } from '../../../errors/families.ts';
import { invalidArgument } from '../../../errors/from-issues.ts';
import { type Abortable, signalOf } from '../../../ports/abortable.ts';
import { throwIfAborted } from '../../../store/backoff.ts';
import type { Entry } from '../../../store/entry.ts';
import type { Transaction } from '../../../store/transaction.ts';
import { accountNotFound } from '../../accounts/account.ts';
import { requireAccountId } from '../../accounts/account-id.ts';
import { displayNameInput } from '../../accounts/account-input.ts';
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
  options: Abortable,
): Promise<{ items: Passkey[] }> {
  requireAccountId(accountId);
  throwIfAborted(signalOf(options).signal);
  if ((await readAccount(context, accountId)) === undefined) throw accountNotFound(accountId);
  return { items: (await passkeysOf(context, accountId)).map(toPasskey) };
}

/** Calls a passkey something else. */
export async function renamePasskey(
  context: AccountsContext,
  accountId: string,
  passkeyId: string,
  name: string,
  options: Abortable,
): Promise<Passkey> {
  const parsed = z.strictObject({ name: displayNameInput }).safeParse({ name });
  if (!parsed.success) throw invalidArgument('renamePasskey()', parsed.error.issues);
  const renamed = { name: parsed.data.name, changedAt: context.clock.now() };
  let shown: Passkey | undefined;
  await changeAccount(context, accountId, options, async ({ value: account }, transaction) => {
    const { id, value, bytes } = await ownPasskey(transaction, accountId, passkeyId);
    const next = { ...value, ...renamed };
    transaction.put(passkeys, id, next, bytes === undefined ? {} : { bytes });
    shown = toPasskey({ id, value: next });
    return { value: account, event: 'account.passkey_renamed', data: { passkeyId } };
  });
  return shown as Passkey;
}

/** Removes a passkey of an account: it opens nothing any more. */
export async function removePasskey(
  context: AccountsContext,
  accountId: string,
  passkeyId: string,
  options: Abortable,
): Promise<void> {
  await changeAccount(context, accountId, options, async ({ value }, transaction) => {
    const { id } = await ownPasskey(transaction, accountId, passkeyId);
    transaction.delete(passkeys, id);
    return { value, event: 'account.passkey_removed', data: { passkeyId } };
  });
}

async function ownPasskey(
  transaction: Transaction,
  accountId: string,
  passkeyId: string,
): Promise<Entry<PasskeyValue>> {
  const entry = isPasskeyId(passkeyId) ? await transaction.get(passkeys, passkeyId) : undefined;
  if (entry?.value.accountId !== accountId) throw passkeyNotFound(accountId);
  return entry;
}

function isPasskeyId(passkeyId: unknown): boolean {
  return typeof passkeyId === 'string' && /^[A-Za-z0-9_-]{43}$/.test(passkeyId);
}

function passkeyNotFound(accountId: string): NotFoundError {
  return new NotFoundError('PASSKEY_NOT_FOUND', `Account ${accountId} has no such passkey`, { facts: { accountId } });
}
