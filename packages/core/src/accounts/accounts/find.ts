import { z } from 'zod';
import { invalidArgument } from '../../errors/from-issues.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import type { AccountsContext } from '../context.ts';
import { type Account, accountNotFound, toAccount } from './account.ts';
import { requireAccountId } from './account-id.ts';
import { loginInput } from './account-input.ts';
import { type AccountValue, accounts, readAccount } from './account-record.ts';

/** In which order to list accounts, and how many. */
export interface ListAccountsOptions extends Abortable {
  /** Default `createdAt`. By `dateOfBirth` only accounts that have one are listed. */
  readonly orderBy?: 'createdAt' | 'dateOfBirth';
  /** Default `descending`: the newest accounts, or the youngest people, first. */
  readonly direction?: 'ascending' | 'descending';
  /** 1 to 1,000 a page. */
  readonly limit: number;
  readonly cursor?: string;
}

const listOptions = z.strictObject({
  orderBy: z.enum(['createdAt', 'dateOfBirth']).optional(),
  direction: z.enum(['ascending', 'descending']).optional(),
  limit: z.number().int().min(1).max(1_000),
  cursor: z.string().optional(),
  signal: abortSignal,
});

/** Reads one account. */
export async function getAccount(context: AccountsContext, id: string, options: Abortable): Promise<Account> {
  requireAccountId(id);
  throwIfAborted(signalOf(options).signal);
  const entry = await readAccount(context, id);
  if (entry === undefined) throw accountNotFound(id);
  return toAccount(entry);
}

/** Finds the account of a login. */
export async function findAccountByLogin(
  context: AccountsContext,
  login: string,
  options: Abortable,
): Promise<Account | undefined> {
  const parsed = loginInput.safeParse(login);
  if (!parsed.success) throw invalidArgument('login', parsed.error.issues);
  throwIfAborted(signalOf(options).signal);
  const entry = await entryByLoginKey(context, parsed.data.loginKey);
  return entry && toAccount(entry);
}

/** Reads the account of a folded login, in one call of the storage whether there is one or not. */
export async function entryByLoginKey(
  { store }: AccountsContext,
  loginKey: string,
): Promise<Entry<AccountValue> | undefined> {
  const { entries } = await store.query(accounts, { index: 'byLogin', equals: { loginKey }, limit: 1 });
  return entries[0];
}

/** Lists accounts, a page at a time. */
export async function listAccounts(
  { store }: AccountsContext,
  options: ListAccountsOptions,
): Promise<{ items: Account[]; cursor?: string }> {
  const parsed = listOptions.safeParse(options);
  if (!parsed.success) throw invalidArgument('list() options', parsed.error.issues);
  const { orderBy = 'createdAt', direction = 'descending', limit, cursor, signal } = parsed.data;
  throwIfAborted(signal);
  const page = await store.query(accounts, {
    index: orderBy === 'createdAt' ? 'byCreation' : 'byBirth',
    direction,
    limit,
    ...(cursor === undefined ? {} : { cursor }),
  });
  const items = page.entries.map(toAccount);
  return page.cursor === undefined ? { items } : { items, cursor: page.cursor };
}
