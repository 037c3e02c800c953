import { describe, expect, it } from 'vitest';
import { authenticate } from '../../../src/accounts/sessions/authenticate.ts';
import { endSessionsWrites, logoutEverywhere } from '../../../src/accounts/sessions/end-sessions.ts';
import { listSessions } from '../../../src/accounts/sessions/list-sessions.ts';
import { logout } from '../../../src/accounts/sessions/logout.ts';
import { refreshSession } from '../../../src/accounts/sessions/refresh-session.ts';
import { parseRefreshToken } from '../../../src/accounts/sessions/refresh-token.ts';
import { sessions } from '../../../src/accounts/sessions/session-record.ts';
import { toBase64Url } from '../../../src/encoding/base64.ts';
import { LocalKeyring } from '../../../src/keyring/local-keyring.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { recordCommits } from '../../support/test-storage.ts';
import { DpopClient } from '../support/dpop-client.ts';
import {
  addAccount,
  changeAccount,
  createSessionBed,
  DAY,
  MINUTE,
  open,
  removeAccount,
} from '../support/session-bed.ts';

describe('refresh', () => {
  it('gives a successor, over and over, on any instance', async () => {
    const { context, clock, another } = createSessionBed();
    const accountId = await addAccount(context, ['reader']);
    const first = await open(context, accountId);
    let { refreshToken } = first;
    const seen = new Set([refreshToken]);
    for (const instance of [context, another(), another(), context]) {
      clock.advance(10 * MINUTE);
      const next = await refreshSession(instance, { refreshToken });
      expect(next.sessionId).toBe(first.sessionId);
      expect((await authenticate(context, next.accessToken)).roles).toEqual(['reader']);
      refreshToken = next.refreshToken;
      seen.add(refreshToken);
    }
    expect(seen.size).toBe(5);
    expect(refreshToken).toMatch(/^chancery_rt_[\w-]{70}$/);
  });

  it('ends the session when a token comes a second time, and tells so', async () => {
    const { context, log } = createSessionBed();
    const accountId = await addAccount(context);
    const first = await open(context, accountId);
    const second = await refreshSession(context, first);
    const refused = await rejection(refreshSession(context, { refreshToken: first.refreshToken }));
    expect(refused).toMatchObject({ code: 'REFRESH_TOKEN_REUSED', facts: { accountId, sessionId: first.sessionId } });
    for (const { refreshToken } of [first, second])
      expect(await codeOf(refreshSession(context, { refreshToken }))).toBe('TOKEN_REVOKED');
    for (const { accessToken } of [first, second])
      expect(await codeOf(authenticate(context, accessToken))).toBe('TOKEN_REVOKED');
    expect(log.map(({ message }) => message)).toEqual(['A refresh token was used twice, and its session was ended']);
  });

  it('serves at most one of fifty bearers with one token, and none after', async () => {
    const { context, another } = createSessionBed();
    const session = await open(context, await addAccount(context));
    const instances = [context, another(), another()];
    const results = await Promise.allSettled(
      Array.from({ length: 50 }, (_, at) =>
        refreshSession(instances[at % 3] as typeof context, { refreshToken: session.refreshToken }),
      ),
    );
    const served = results.filter((result) => result.status === 'fulfilled');
    expect(served).toHaveLength(1);
    const codes = new Set(results.map((result) => (result.status === 'rejected' ? result.reason.code : 'served')));
    expect([...codes].sort()).toEqual(['REFRESH_TOKEN_REUSED', 'TOKEN_REVOKED', 'served']);
    const winner = served[0]?.status === 'fulfilled' ? served[0].value : session;
    expect(await codeOf(refreshSession(context, { refreshToken: winner.refreshToken }))).toBe('TOKEN_REVOKED');
    expect(await codeOf(authenticate(context, winner.accessToken))).toBe('TOKEN_REVOKED');
  });

  it('gives fifty uses by the holder of one DPoP key one successor, and the session stays', async () => {
    const { context, clock, another } = createSessionBed();
    const client = new DpopClient(clock);
    const session = await open(context, await addAccount(context), { proof: await client.prove() });
    expect(session.tokenType).toBe('DPoP');
    const instances = [context, another(), another()];
    const proofs = await Promise.all(Array.from({ length: 50 }, () => client.prove()));
    const results = await Promise.all(
      proofs.map((proof, at) =>
        refreshSession(instances[at % 3] as typeof context, { refreshToken: session.refreshToken, proof }),
      ),
    );
    const successors = new Set(results.map(({ refreshToken }) => refreshToken));
    expect(successors.size).toBe(1);
    clock.advance(MINUTE);
    const [successor = ''] = successors;
    await refreshSession(context, { refreshToken: successor, proof: await client.prove() });
  });

  it('repeats itself for ten seconds to the same key, and then ends the session', async () => {
    const { context, clock } = createSessionBed();
    const client = new DpopClient(clock);
    const session = await open(context, await addAccount(context), { proof: await client.prove() });
    const again = async () => refreshSession(context, { ...session, proof: await client.prove() });
    const { refreshToken } = await again();
    clock.advance(10_000);
    expect((await again()).refreshToken).toBe(refreshToken);
    clock.advance(1);
    expect(await codeOf(again())).toBe('REFRESH_TOKEN_REUSED');
    expect(await codeOf(refreshSession(context, { refreshToken, proof: await client.prove() }))).toBe('TOKEN_REVOKED');
  });

  it('does not repeat itself for longer where the clock of another host is behind', async () => {
    const { context, clock, another } = createSessionBed();
    const client = new DpopClient(clock);
    const session = await open(context, await addAccount(context), { proof: await client.prove() });
    await refreshSession(context, { ...session, proof: await client.prove() });
    const behind = another({ clock: new VirtualClock(clock.now() - 10_001) });
    expect(await codeOf(refreshSession(behind, { ...session, proof: await client.prove() }))).toBe(
      'REFRESH_TOKEN_REUSED',
    );
  });

  it('ends the session for a token before the last even within ten seconds', async () => {
    const { context, clock } = createSessionBed();
    const client = new DpopClient(clock);
    const session = await open(context, await addAccount(context), { proof: await client.prove() });
    const { refreshToken } = await refreshSession(context, { ...session, proof: await client.prove() });
    await refreshSession(context, { refreshToken, proof: await client.prove() });
    expect(await codeOf(refreshSession(context, { ...session, proof: await client.prove() }))).toBe(
      'REFRESH_TOKEN_REUSED',
    );
  });

  it('neither serves nor ends a session for who lacks its key', async () => {
    const { context, clock } = createSessionBed();
    const client = new DpopClient(clock);
    const thief = new DpopClient(clock);
    const session = await open(context, await addAccount(context), { proof: await client.prove() });
    const { refreshToken } = session;
    expect(await codeOf(refreshSession(context, { refreshToken }))).toBe('PROOF_REQUIRED');
    expect(await codeOf(refreshSession(context, { refreshToken, proof: await thief.prove() }))).toBe('PROOF_INVALID');
    const next = await refreshSession(context, { refreshToken, proof: await client.prove() });
    for (const proof of [await thief.prove(), undefined])
      expect(await codeOf(refreshSession(context, { refreshToken, ...(proof && { proof }) }))).toMatch(/^PROOF_/);
    await refreshSession(context, { refreshToken: next.refreshToken, proof: await client.prove() });
  });

  it('takes a proof once, even with the token that it came with', async () => {
    const { context, clock, another } = createSessionBed();
    const client = new DpopClient(clock);
    const session = await open(context, await addAccount(context), { proof: await client.prove() });
    const proof = await client.prove();
    const next = await refreshSession(context, { ...session, proof });
    for (const { refreshToken } of [session, next])
      expect(await codeOf(refreshSession(another(), { refreshToken, proof }))).toBe('PROOF_REPLAYED');
    await refreshSession(context, { refreshToken: next.refreshToken, proof: await client.prove() });
  });

  it('refuses what no session gave out, without ending any', async () => {
    const { context } = createSessionBed();
    const accountId = await addAccount(context);
    const [one, two] = [await open(context, accountId), await open(context, accountId)];
    const forged = (change: (bytes: Uint8Array) => void, token = one.refreshToken) => {
      const bytes = Uint8Array.from(Buffer.from(token.slice('chancery_rt_'.length), 'base64url'));
      change(bytes);
      return `chancery_rt_${toBase64Url(bytes)}`;
    };
    const foreignMac = parseRefreshToken(two.refreshToken).mac;
    const tokens: unknown[] = [
      forged((bytes) => bytes.set([(bytes[51] as number) ^ 1], 51)),
      forged((bytes) => bytes.set([1], 19)),
      forged((bytes) => bytes.set(foreignMac, 20)),
      forged((bytes) => bytes.fill(0, 20)),
      one.refreshToken.slice(0, -1),
      `${one.refreshToken}A`,
      one.refreshToken.replace('chancery_rt_', ''),
      one.refreshToken.toUpperCase(),
      `${one.refreshToken}\n`,
      'x'.repeat(1_000_000),
      '',
      undefined,
      null,
      {},
    ];
    for (const refreshToken of tokens)
      expect(await codeOf(refreshSession(context, { refreshToken: refreshToken as string }))).toBe('TOKEN_INVALID');
    const unknown = forged((bytes) => bytes.fill(7, 0, 16));
    expect(await codeOf(refreshSession(context, { refreshToken: unknown }))).toBe('TOKEN_REVOKED');
    await refreshSession(context, one);
    await refreshSession(context, two);
  });

  it('ends a session that is not used, and one that is too old', async () => {
    const { context, clock } = createSessionBed({ refreshTokenTtlMs: 14 * DAY, sessionTtlMs: 30 * DAY });
    const accountId = await addAccount(context);
    const idle = await open(context, accountId);
    let { refreshToken, refreshExpiresAt } = await open(context, accountId);
    const opened = clock.now();
    clock.advance(13 * DAY);
    ({ refreshToken, refreshExpiresAt } = await refreshSession(context, { refreshToken }));
    clock.advance(DAY);
    expect(await codeOf(refreshSession(context, idle))).toBe('TOKEN_REVOKED');
    clock.advance(12 * DAY);
    ({ refreshToken, refreshExpiresAt } = await refreshSession(context, { refreshToken }));
    expect(refreshExpiresAt.getTime()).toBe(opened + 30 * DAY);
    clock.advance(4 * DAY);
    expect(await codeOf(refreshSession(context, { refreshToken }))).toBe('TOKEN_REVOKED');
  });

  it('ends a session that is too old by options that are stricter than those of its login', async () => {
    const { context, another, clock } = createSessionBed();
    const session = await open(context, await addAccount(context));
    clock.advance(2 * DAY);
    for (const stricter of [{ sessionTtlMs: DAY }, { refreshTokenTtlMs: 2 * DAY }])
      expect(await codeOf(refreshSession(another(stricter), session))).toBe('TOKEN_REVOKED');
    await refreshSession(another({ refreshTokenTtlMs: 2 * DAY + 1 }), session);
  });

  it.each([
    ['disabled', { disabled: true as const }],
    ['logged out everywhere', { epoch: 1 }],
  ])('refuses once the account is %s', async (_, change) => {
    const { context } = createSessionBed();
    const accountId = await addAccount(context);
    const session = await open(context, accountId);
    await changeAccount(context, accountId, change);
    expect(await codeOf(refreshSession(context, session))).toBe('TOKEN_REVOKED');
  });

  it('takes the roles of this instant, and refuses once the account is gone', async () => {
    const { context } = createSessionBed();
    const accountId = await addAccount(context, ['admin']);
    const session = await open(context, accountId);
    await changeAccount(context, accountId, { roles: [] });
    const next = await refreshSession(context, session);
    expect((await authenticate(context, next.accessToken, { mode: 'offline' })).roles).toEqual([]);
    await removeAccount(context, accountId);
    expect((await rejection(refreshSession(context, next))).facts).toEqual({ reason: 'account gone' });
  });

  it('costs three calls of the storage, with and without a proof', async () => {
    const { storage, clock, context, another } = createSessionBed();
    const client = new DpopClient(clock);
    const accountId = await addAccount(context);
    let calls = 0;
    const counted = another({
      storage: new Proxy(storage, {
        get(target, property) {
          const value: unknown = Reflect.get(target, property, target);
          if (typeof value !== 'function') return value;
          return (...given: unknown[]) => {
            calls += 1;
            return Reflect.apply(value, target, given);
          };
        },
      }),
    });
    let bearer = await open(counted, accountId);
    let bound = await open(counted, accountId, { proof: await client.prove() });
    bearer = await refreshSession(counted, bearer);
    calls = 0;
    bearer = await refreshSession(counted, bearer);
    expect(calls).toBe(3);
    calls = 0;
    bound = await refreshSession(counted, { ...bound, proof: await client.prove() });
    expect(calls).toBe(3);
  });

  it('loses to a logout that comes at the same time, or its tokens do', async () => {
    for (let round = 0; round < 10; round++) {
      const { context, another } = createSessionBed();
      const accountId = await addAccount(context);
      const session = await open(context, accountId);
      const ends = [
        () => logout(another(), { accessToken: session.accessToken }),
        () => logoutEverywhere(another(), accountId),
      ];
      const [refreshed] = await Promise.allSettled([
        refreshSession(context, session),
        (ends[round % 2] as () => Promise<void>)(),
      ]);
      if (refreshed.status === 'fulfilled') {
        expect(await codeOf(authenticate(context, refreshed.value.accessToken))).toBe('TOKEN_REVOKED');
        expect(await codeOf(refreshSession(context, refreshed.value))).toBe('TOKEN_REVOKED');
      } else expect(refreshed.reason.code).toBe('TOKEN_REVOKED');
      expect((await listSessions(context, accountId)).items).toEqual([]);
    }
  });

  it('seals the secret anew once the keyring has rotated', async () => {
    const keyring = LocalKeyring.generate();
    const { context, another } = createSessionBed({ keyring });
    const session = await open(context, await addAccount(context));
    const rotated = keyring.rotate();
    const instance = another({ keyring: rotated });
    const next = await refreshSession(instance, session);
    const entry = await instance.store.get(sessions, session.sessionId);
    expect(rotated.keyIdOf(entry?.bytes as Uint8Array)).toBe(rotated.currentKeyId);
    await refreshSession(instance, next);
  });

  it('keeps nothing in storage that opens a session', async () => {
    const { storage: raw, clock, another } = createSessionBed();
    const { storage, commits } = recordCommits(raw);
    const context = another({ storage });
    const client = new DpopClient(clock);
    const accountId = await addAccount(context);
    const first = await open(context, accountId, { proof: await client.prove(), bindingSecret: true });
    const { bindingSecret = '' } = first;
    const second = await refreshSession(context, { ...first, proof: await client.prove() });
    await logout(context, { accessToken: second.accessToken });
    const written = JSON.stringify(
      commits
        .flat()
        .map((write) =>
          'bytes' in write && write.bytes ? { ...write, bytes: Buffer.from(write.bytes).toString('latin1') } : write,
        ),
    );
    expect(commits.length).toBeGreaterThan(3);
    for (const secret of [
      first.refreshToken,
      second.refreshToken,
      first.accessToken,
      second.accessToken,
      bindingSecret,
    ]) {
      expect(secret.length).toBeGreaterThan(40);
      expect(written).not.toContain(secret.slice(-40));
    }
  });
});

describe('sessions of an account', () => {
  it('lists them newest first, in pages, without those that ended', async () => {
    const { context, clock } = createSessionBed();
    const accountId = await addAccount(context);
    const opened: { sessionId: string }[] = [];
    for (let at = 0; at < 5; at++) {
      clock.advance(1_000);
      opened.push(
        await open(context, accountId, { ip: '192.0.2.1', userAgent: `agent ${at}\0${'x'.repeat(500)}\ud800` }),
      );
    }
    await logout(context, { accountId, sessionId: opened[3]?.sessionId ?? '' });
    const first = await listSessions(context, accountId, { limit: 2 });
    const rest = await listSessions(context, accountId, { limit: 5, cursor: first.cursor ?? '' });
    const ids = [...first.items, ...rest.items].map(({ sessionId }) => sessionId);
    expect(ids).toEqual([4, 2, 1, 0].map((at) => opened[at]?.sessionId));
    expect(first.items[0]).toMatchObject({ ip: '192.0.2.1', boundTo: [], createdAt: new Date(clock.now()) });
    expect(first.items[0]?.userAgent).toMatch(/^agent 4x{248}$/);
    expect(await codeOf(listSessions(context, accountId, { limit: 0 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(listSessions(context, '0190a000-0000-7000-8000-000000000000'))).toBe('ACCOUNT_NOT_FOUND');
  });

  it('ends none for a refresh token that was made up around its id', async () => {
    const { context, another } = createSessionBed();
    const session = await open(context, await addAccount(context));
    const body = Buffer.from(session.refreshToken.slice('chancery_rt_'.length), 'base64url');
    const forged = `chancery_rt_${Buffer.concat([body.subarray(0, 20), Buffer.alloc(32)]).toString('base64url')}`;
    expect(await codeOf(logout(context, { refreshToken: forged }))).toBe('TOKEN_INVALID');
    const elsewhere = another({ issuer: 'https://other.example' });
    expect(await codeOf(logout(elsewhere, { refreshToken: session.refreshToken }))).toBe('TOKEN_INVALID');
    await authenticate(context, session.accessToken);
  });

  it('ends no session of another account', async () => {
    const { context } = createSessionBed();
    const [one, two] = [await addAccount(context), await addAccount(context)];
    const session = await open(context, one);
    await logout(context, { accountId: two, sessionId: session.sessionId });
    for (const sessionId of ['', 'x'.repeat(1_000), '\0', session.refreshToken])
      expect(await codeOf(logout(context, { accountId: one, sessionId }))).toBe('INVALID_ARGUMENT');
    await logoutEverywhere(context, two);
    await authenticate(context, session.accessToken);
    expect(await codeOf(logoutEverywhere(context, '0190a000-0000-7000-8000-000000000000'))).toBe('ACCOUNT_NOT_FOUND');
    expect(await codeOf(logout(context, {} as { accessToken: string }))).toBe('INVALID_ARGUMENT');
  });

  it('gives the writes that remove them', async () => {
    const { context } = createSessionBed();
    const accountId = await addAccount(context);
    const session = await open(context, accountId);
    await context.store.commit(await endSessionsWrites(context, accountId));
    expect(await context.store.get(sessions, session.sessionId)).toBeUndefined();
  });

  it('logs out with a token that has run out, and twice without harm', async () => {
    const { context, clock } = createSessionBed();
    const accountId = await addAccount(context);
    const session = await open(context, accountId);
    clock.advance(DAY);
    await logout(context, { accessToken: session.accessToken });
    await logout(context, { accessToken: session.accessToken });
    await logout(context, { refreshToken: session.refreshToken });
    expect(await codeOf(refreshSession(context, session))).toBe('TOKEN_REVOKED');
    const items = ((await context.events?.pending({ limit: 10 }))?.items ?? []).filter(({ type }) =>
      /^session\./.test(type),
    );
    expect(items.map(({ type, subject, subjectRevision }) => ({ type, subject, subjectRevision }))).toEqual([
      { type: 'session.opened', subject: session.sessionId, subjectRevision: 1 },
      { type: 'session.ended', subject: session.sessionId, subjectRevision: 2 },
    ]);
  });
});
