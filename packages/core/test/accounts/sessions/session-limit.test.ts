import { describe, expect, it } from 'vitest';
import { authenticate } from '../../../src/accounts/sessions/authenticate.ts';
import { listSessions } from '../../../src/accounts/sessions/list-sessions.ts';
import { logout } from '../../../src/accounts/sessions/logout.ts';
import { refreshSession } from '../../../src/accounts/sessions/refresh-session.ts';
import type { SessionContext } from '../../../src/accounts/sessions/session-context.ts';
import { sessions } from '../../../src/accounts/sessions/session-record.ts';
import { uuidv7 } from '../../../src/crypto/random-id.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { addAccount, changeAccount, createSessionBed, DAY, open } from '../support/session-bed.ts';

describe('sessionPolicy', () => {
  it('lets one of fifty logins in at a time, where it rejects', async () => {
    const { context, another } = createSessionBed({ sessionPolicy: { max: 1, onFull: 'reject' } });
    const accountId = await addAccount(context);
    const instances = [context, another(), another()];
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, at) => open(instances[at % 3] as typeof context, accountId)),
    );
    const served = results.filter((result) => result.status === 'fulfilled');
    expect(served).toHaveLength(1);
    for (const result of results) if (result.status === 'rejected') expect(result.reason.code).toBe('SESSION_LIMIT');
    expect((await listSessions(context, accountId)).items).toHaveLength(1);
    const session = served[0]?.status === 'fulfilled' ? served[0].value : undefined;
    await logout(context, { accessToken: session?.accessToken ?? '' });
    await open(context, accountId);
  });

  it('leaves one session of twenty logins, where it evicts', async () => {
    const { context, another } = createSessionBed({ sessionPolicy: { max: 1, onFull: 'evictOldest' } });
    const accountId = await addAccount(context);
    const instances = [context, another()];
    const opened = await Promise.all(
      Array.from({ length: 20 }, (_, at) => open(instances[at % 2] as typeof context, accountId)),
    );
    const { items } = await listSessions(context, accountId);
    expect(items).toHaveLength(1);
    const standing = await Promise.allSettled(opened.map(({ accessToken }) => authenticate(context, accessToken)));
    expect(standing.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('evicts the session that was opened first', async () => {
    const { context, clock } = createSessionBed({ sessionPolicy: { max: 2, onFull: 'evictOldest' } });
    const accountId = await addAccount(context);
    const opened = [];
    for (let at = 0; at < 3; at++) {
      opened.push(await open(context, accountId));
      clock.advance(1_000);
    }
    const codes = await Promise.all(
      opened.map((session) =>
        refreshSession(context, session).then(
          () => 'ok',
          ({ code }) => code,
        ),
      ),
    );
    expect(codes).toEqual(['TOKEN_REVOKED', 'ok', 'ok']);
    const items = ((await context.events?.pending({ limit: 10 }))?.items ?? []).filter(
      ({ type }) => type === 'session.ended',
    );
    expect(items.map(({ subject, data }) => ({ subject, reason: data.reason }))).toEqual([
      { subject: opened[0]?.sessionId, reason: 'evicted' },
    ]);
  });

  it('counts neither sessions that ran out nor those of a former epoch, nor those of others', async () => {
    const { context, clock } = createSessionBed({
      sessionPolicy: { max: 1, onFull: 'reject' },
      refreshTokenTtlMs: DAY,
    });
    const [accountId, other] = [await addAccount(context), await addAccount(context)];
    await open(context, accountId);
    await open(context, other);
    expect((await rejection(open(context, accountId))).facts).toEqual({ accountId, max: 1 });
    clock.advance(DAY);
    await open(context, accountId);
    await changeAccount(context, accountId, { epoch: 1 });
    await open(context, accountId);
    expect(await codeOf(open(context, accountId))).toBe('SESSION_LIMIT');
  });

  it('ends what is too much once it becomes stricter', async () => {
    const { context, another } = createSessionBed();
    const accountId = await addAccount(context);
    for (let at = 0; at < 4; at++) await open(context, accountId);
    const stricter = another({ sessionPolicy: { max: 2, onFull: 'evictOldest' } });
    await open(stricter, accountId);
    expect((await listSessions(context, accountId)).items).toHaveLength(2);
  });

  it('ends more than fit into a commit by and by, once it becomes stricter', async () => {
    const { context, another } = createSessionBed();
    const accountId = await addAccount(context);
    await addSessions(context, accountId, 150);
    const stricter = another({ sessionPolicy: { max: 1, onFull: 'evictOldest' } });
    const left = [];
    for (let at = 0; at < 2; at++) {
      await open(stricter, accountId);
      left.push((await listSessions(context, accountId, { limit: 1_000 })).items.length);
    }
    expect(left).toEqual([51, 1]);
  });

  it('counts the sessions that stand, behind however many of a former epoch', async () => {
    const { context, clock } = createSessionBed({ sessionPolicy: { max: 1, onFull: 'reject' } });
    const accountId = await addAccount(context);
    await addSessions(context, accountId, 205);
    await changeAccount(context, accountId, { epoch: 1 });
    clock.advance(1_000);
    await open(context, accountId);
    expect(await codeOf(open(context, accountId))).toBe('SESSION_LIMIT');
  });
});

/** Puts sessions of epoch 0 beside those that logins open: as many logins would take long. */
async function addSessions({ store, clock }: SessionContext, accountId: string, count: number): Promise<void> {
  const now = clock.now();
  const session = { accountId, epoch: 0, counter: 0, createdAt: now, lastUsedAt: now, confirmation: {} };
  const put = () => store.put(sessions, uuidv7(clock, store.crypto), session, { expiresAt: now + DAY });
  for (let left = count; left > 0; left -= 100) await store.commit(Array.from({ length: Math.min(left, 100) }, put));
}
