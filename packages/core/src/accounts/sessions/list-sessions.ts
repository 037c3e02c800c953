import { z } from 'zod';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import { accountNotFound } from '../accounts/account.ts';
import { requireAccountId } from '../accounts/account-id.ts';
import { accounts } from '../accounts/account-record.ts';
import { boundTo } from '../tokens/confirmation.ts';
import type { BoundTo } from '../tokens/principal.ts';
import { sessionEnd } from './issue-tokens.ts';
import type { SessionContext } from './session-context.ts';
import { type SessionValue, sessions } from './session-record.ts';

/** An open session, as its owner may see it. */
export interface Session {
  readonly sessionId: string;
  readonly createdAt: Date;
  /** When its tokens were renewed last. */
  readonly lastUsedAt: Date;
  /** When it ends unless its tokens are renewed before. */
  readonly expiresAt: Date;
  readonly boundTo: readonly BoundTo[];
  readonly ip?: string;
  /** As the client called itself at the login, at most 256 characters. */
  readonly userAgent?: string;
  readonly deviceId?: string;
  readonly clientId?: string;
}

/** Which part of an account's sessions to list, newest first. */
export interface ListSessionsOptions extends Abortable {
  /** 1 to 1,000 a page; 100 by default. */
  readonly limit?: number;
  readonly cursor?: string;
}

const listOptions = z.object({ limit: z.number().int().min(1).max(1_000).default(100), cursor: z.string().optional() });

/**
 * Lists the open sessions of an account, newest first.
 *
 * @returns a page; only the absence of `cursor` says that it was the last
 * @throws {NotFoundError} ACCOUNT_NOT_FOUND
 * @throws {InvalidInputError} INVALID_ARGUMENT: a limit outside 1 to 1,000
 * @throws {StorageError} STORAGE_INVALID: the cursor of another list; any other of its codes
 */
export async function listSessions(
  context: SessionContext,
  accountId: string,
  options: ListSessionsOptions = {},
): Promise<{ items: Session[]; cursor?: string }> {
  const parsed = listOptions.safeParse(options);
  if (!parsed.success) throw invalidArgument('sessions() options', parsed.error.issues);
  throwIfAborted(options.signal);
  const account = await context.store.get(accounts, requireAccountId(accountId));
  if (account === undefined) throw accountNotFound(accountId);
  const { limit, cursor: from } = parsed.data;
  const { entries, cursor } = await context.store.query(sessions, {
    index: 'byAccount',
    equals: { accountId },
    direction: 'descending',
    limit,
    ...(from === undefined ? {} : { cursor: from }),
  });
  const open = entries.filter(({ value }) => value.epoch === account.value.epoch);
  const items = open.map((entry) => toSession(context, entry));
  return cursor === undefined ? { items } : { items, cursor };
}

function toSession(context: SessionContext, { id, value }: Entry<SessionValue>): Session {
  const { ip, userAgent, deviceId, clientId } = value;
  return {
    sessionId: id,
    createdAt: new Date(value.createdAt),
    lastUsedAt: new Date(value.lastUsedAt),
    expiresAt: new Date(sessionEnd(context, value)),
    boundTo: boundTo(value.confirmation),
    ...(ip === undefined ? {} : { ip }),
    ...(userAgent === undefined ? {} : { userAgent }),
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(clientId === undefined ? {} : { clientId }),
  };
}
