import { ConflictError } from '../../errors/families.ts';
import type { Write } from '../../ports/storage.ts';
import type { Entry } from '../../store/entry.ts';
import type { AccountValue } from '../accounts/account-record.ts';
import type { SessionContext } from './session-context.ts';
import { sessionEnded } from './session-event.ts';
import { type SessionValue, sessionGates, sessions } from './session-record.ts';

const PAGE = 200;
/** What fits into a login's commit: each goes with its event. */
const MOST_EVICTED = 100;

/**
 * Judges whether an account may have one more session, for the commit that opens it. The gate is read before the sessions are: whichever login
 * committed before has written it, and whichever commits meanwhile makes this one conflict.
 *
 * @returns what that commit must hold: the gate, and the end of sessions that make room
 * @throws {ConflictError} SESSION_LIMIT: the account is full, and the policy rejects
 */
export async function makeRoom(context: SessionContext, account: Entry<AccountValue>): Promise<Write[]> {
  const { store, settings, logger } = context;
  const { sessionPolicy } = settings;
  if (sessionPolicy === undefined) return [];
  const gate = await store.get(sessionGates, account.id);
  const open = await openSessions(context, account);
  const surplus = open.length + 1 - sessionPolicy.max;
  if (surplus > 0 && sessionPolicy.onFull === 'reject') {
    throw new ConflictError(
      'SESSION_LIMIT',
      `Account ${account.id} has all ${sessionPolicy.max} sessions that it may have`,
      {
        facts: { accountId: account.id, max: sessionPolicy.max },
      },
    );
  }
  const evicted = open.slice(0, Math.min(Math.max(0, surplus), MOST_EVICTED));
  if (evicted.length > 0) logger?.info('Sessions end to make room', { accountId: account.id, count: evicted.length });
  return [
    store.put(
      sessionGates,
      account.id,
      { logins: (gate?.value.logins ?? 0) + 1 },
      { ifVersion: gate?.version ?? null },
    ),
    ...evicted.flatMap(({ id, value, version }) => [
      store.delete(sessions, id, { ifVersion: version }),
      ...sessionEnded(context, id, value, 'evicted'),
    ]),
  ];
}

/**
 * Oldest first, of the newest 200: those of a former epoch are older than any that count, and cannot crowd them out. More than that were opened
 * while the policy was another, and go by and by.
 */
async function openSessions({ store }: SessionContext, account: Entry<AccountValue>): Promise<Entry<SessionValue>[]> {
  const { entries } = await store.query(sessions, {
    index: 'byAccount',
    equals: { accountId: account.id },
    direction: 'descending',
    limit: PAGE,
  });
  return entries.filter(({ value }) => value.epoch === account.value.epoch).reverse();
}
