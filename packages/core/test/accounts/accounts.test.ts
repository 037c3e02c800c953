import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import { uuidv7 } from '../../src/crypto/random-id.ts';
import type { AccountPatch, CreateAccountOptions, ListAccountsOptions } from '../../src/index.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { storageSize } from '../support/test-storage.ts';
import { createTestAccounts, PASSWORD } from './support/test-accounts.ts';

const NOBODY = '01890000-0000-7000-8000-000000000000';

describe('an account', () => {
  it('is what was given, and never shows a password', async () => {
    const { accounts, clock } = createTestAccounts();
    const created = await accounts.create({
      login: 'Ann@Example.com',
      password: PASSWORD,
      displayName: 'Ann Lee',
      dateOfBirth: '1990-02-28',
      roles: ['clerk', 'manager'],
      attributes: { plan: 'pro' },
    });
    expect(created).toEqual({
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      login: 'Ann@Example.com',
      displayName: 'Ann Lee',
      dateOfBirth: '1990-02-28',
      roles: ['clerk', 'manager'],
      attributes: { plan: 'pro' },
      disabled: false,
      secondFactorRequired: false,
      version: expect.any(String),
      createdAt: new Date(clock.now()),
      updatedAt: new Date(clock.now()),
    });
    expect(await accounts.get(created.id)).toEqual(created);
    expect(await accounts.findByLogin('ANN@example.com')).toEqual(created);
    expect(await accounts.findByLogin('bob@example.com')).toBeUndefined();
  });

  it('may consist of a login alone', async () => {
    const { accounts } = createTestAccounts();
    const { id } = await accounts.create({ login: 'ann' });
    expect(Object.keys(await accounts.get(id)).sort()).toEqual(
      ['createdAt', 'disabled', 'id', 'login', 'roles', 'secondFactorRequired', 'updatedAt', 'version'].sort(),
    );
  });

  it('has a login of its own, but for case', async () => {
    const { accounts, another } = createTestAccounts();
    await accounts.create({ login: 'Straße' });
    const error = await rejection(another().create({ login: 'STRASSE' }));
    expect(error).toMatchObject({ code: 'LOGIN_TAKEN', facts: { login: 'STRASSE' } });
    expect((await accounts.list({ limit: 10 })).items).toHaveLength(1);
  });

  it.each<[string, Partial<CreateAccountOptions> & Record<string, unknown>, string]>([
    ['no login', { login: undefined as unknown as string }, 'login'],
    ['a login of spaces', { login: '  ' }, 'login'],
    ['a login with NUL', { login: 'a\0b' }, 'login'],
    ['a password of 1 MB', { password: 'x'.repeat(1_000_000) }, 'password'],
    ['a password with a lone surrogate', { password: 'seventeen purple \ud800' }, 'password'],
    ['a password that is a number', { password: 123456789012345 as unknown as string }, 'password'],
    [
      'password and hash',
      { passwordHash: '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', password: PASSWORD },
      'passwordHash',
    ],
    ['a display name with a newline', { displayName: 'Ann\nLee' }, 'displayName'],
    ['an empty display name', { displayName: '' }, 'displayName'],
    ['the 30th of February', { dateOfBirth: '1990-02-30' }, 'dateOfBirth'],
    ['a date of birth to come', { dateOfBirth: '2999-01-01' }, 'dateOfBirth'],
    ['a role with a space', { roles: ['a b'] }, 'roles'],
    ['a role twice', { roles: ['a', 'a'] }, 'roles'],
    ['attributes that are a list', { attributes: [] as never }, 'attributes'],
    ['an option that there is not', { admin: true }, 'admin'],
    ['no AbortSignal', { signal: {} as AbortSignal }, 'signal'],
  ])('is refused: %s', async (_, options, field) => {
    const { accounts } = createTestAccounts();
    const error = await rejection(accounts.create({ login: 'ann', ...options }));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(field);
    expect(error.message.length).toBeLessThan(500);
  });

  it.each([undefined, null, 5, 'ann', []])('is refused: %j in place of options', async (options) => {
    const { accounts } = createTestAccounts();
    expect(await codeOf(accounts.create(options as never))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(accounts.update(NOBODY, options as never))).toMatch(/INVALID_ARGUMENT|ACCOUNT_NOT_FOUND/);
  });

  it('that there is not is not found, whatever is asked', async () => {
    const { accounts } = createTestAccounts();
    for (const id of [NOBODY, '', '../x', 'x'.repeat(10_000), undefined as unknown as string]) {
      expect(await codeOf(() => accounts.get(id))).toBe('ACCOUNT_NOT_FOUND');
      expect(await codeOf(() => accounts.update(id, { roles: [] }))).toBe('ACCOUNT_NOT_FOUND');
      expect(await codeOf(() => accounts.delete(id))).toBe('ACCOUNT_NOT_FOUND');
      expect(await codeOf(() => accounts.disable(id))).toBe('ACCOUNT_NOT_FOUND');
      expect(await codeOf(() => accounts.enable(id))).toBe('ACCOUNT_NOT_FOUND');
      expect(await codeOf(() => accounts.setPassword({ accountId: String(id), password: PASSWORD }))).toBe(
        'ACCOUNT_NOT_FOUND',
      );
      expect(await codeOf(() => accounts.enrollTotp(id))).toBe('ACCOUNT_NOT_FOUND');
      expect(await codeOf(() => accounts.confirmTotp(id, '123456'))).toBe('ACCOUNT_NOT_FOUND');
      expect(await codeOf(() => accounts.accountGuard()(id))).toBe('ACCOUNT_NOT_FOUND');
    }
  });
});

describe('a change', () => {
  it('moves what the patch names, and removes what is null', async () => {
    const { accounts, add, clock } = createTestAccounts();
    const { id, createdAt, version } = await add('ann', {
      displayName: 'Ann',
      dateOfBirth: '1990-01-01',
      attributes: { a: 1 },
    });
    clock.advance(1_000);
    const changed = await accounts.update(id, { displayName: null, roles: ['clerk'], attributes: { b: [2] } });
    expect(changed).toMatchObject({
      login: 'ann',
      dateOfBirth: '1990-01-01',
      roles: ['clerk'],
      attributes: { b: [2] },
      createdAt,
    });
    expect(changed).not.toHaveProperty('displayName');
    expect(changed.version).not.toBe(version);
    expect(changed.updatedAt.getTime() - createdAt.getTime()).toBe(1_000);
    const bare = await accounts.update(id, { dateOfBirth: null, attributes: null });
    expect(bare).not.toHaveProperty('dateOfBirth');
    expect((await accounts.list({ orderBy: 'dateOfBirth', limit: 10 })).items).toEqual([]);
    expect(await accounts.get(id)).toEqual(bare);
  });

  it('that changes nothing writes nothing', async () => {
    const { accounts, add, events } = createTestAccounts();
    const before = await add('ann', { roles: ['clerk'] });
    expect(await accounts.update(before.id, { roles: ['clerk'], login: 'ann', displayName: null })).toEqual(before);
    expect(await accounts.update(before.id, {})).toEqual(before);
    expect((await events.pending({ limit: 10 })).items).toHaveLength(1);
  });

  it('of the login frees the former one', async () => {
    const { accounts, add } = createTestAccounts();
    const { id } = await add('ann');
    await add('bob');
    expect(await codeOf(accounts.update(id, { login: 'BOB' }))).toBe('LOGIN_TAKEN');
    expect((await accounts.update(id, { login: 'ANN' })).login).toBe('ANN');
    await accounts.update(id, { login: 'carol' });
    expect(await accounts.findByLogin('ann')).toBeUndefined();
    expect((await add('ann')).login).toBe('ann');
  });

  it('is refused at another version than the given one', async () => {
    const { accounts, add } = createTestAccounts();
    const { id, version } = await add('ann');
    const next = await accounts.update(id, { roles: ['a'] }, { ifVersion: version });
    const error = await rejection(accounts.update(id, { roles: ['b'] }, { ifVersion: version }));
    expect(error).toMatchObject({ code: 'ACCOUNT_CHANGED', facts: { accountId: id } });
    expect((await accounts.update(id, { roles: ['b'] }, { ifVersion: next.version })).roles).toEqual(['b']);
  });

  it('is refused with the field at fault', async () => {
    const { accounts, add } = createTestAccounts();
    const { id } = await add('ann');
    const patches: Record<string, unknown> = {
      login: null,
      roles: null,
      dateOfBirth: '1990-02-30',
      password: PASSWORD,
      disabled: true,
      secondFactorRequired: false,
    };
    for (const [field, value] of Object.entries(patches)) {
      const error = await rejection(accounts.update(id, { [field]: value } as AccountPatch));
      expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(field) });
    }
  });
});

describe('a list', () => {
  it('has the newest first, or the oldest, in pages', async () => {
    const { accounts, add, clock } = createTestAccounts();
    const logins = Array.from({ length: storageSize(25, 7) }, (_, number) => `user-${number}`);
    for (const login of logins) {
      await add(login);
      clock.advance(1);
    }
    const collect = async (options: Omit<ListAccountsOptions, 'limit'>) => {
      const found: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await accounts.list({ ...options, limit: 3, ...(cursor === undefined ? {} : { cursor }) });
        found.push(...page.items.map(({ login }) => login));
        cursor = page.cursor;
      } while (cursor !== undefined);
      return found;
    };
    expect(await collect({})).toEqual([...logins].reverse());
    expect(await collect({ direction: 'ascending' })).toEqual(logins);
    expect(await collect({ orderBy: 'dateOfBirth' })).toEqual([]);
  });

  it('gives the N youngest', async () => {
    const { accounts, add } = createTestAccounts();
    for (const [login, dateOfBirth] of [
      ['a', '1950-01-01'],
      ['b', '2010-06-30'],
      ['c', '1899-12-31'],
      ['d', '2010-07-01'],
    ] as const) {
      await add(login, { dateOfBirth });
    }
    await add('none');
    const { items } = await accounts.list({ orderBy: 'dateOfBirth', limit: 2 });
    expect(items.map(({ login }) => login)).toEqual(['d', 'b']);
    const oldest = await accounts.list({ orderBy: 'dateOfBirth', direction: 'ascending', limit: 10 });
    expect(oldest.items.map(({ login }) => login)).toEqual(['c', 'a', 'b', 'd']);
  });

  it.each([
    {},
    { limit: 0 },
    { limit: 1001 },
    { limit: 1.5 },
    { limit: 1, orderBy: 'login' },
    { limit: 1, offset: 5 },
    null,
  ])('is refused: %j', async (options) => {
    const { accounts } = createTestAccounts();
    expect(await codeOf(accounts.list(options as never))).toBe('INVALID_ARGUMENT');
  });
});

describe('deleting', () => {
  it('takes everything of the account, and frees the login', async () => {
    const { accounts, add, storage } = createTestAccounts();
    const { id } = await add('ann');
    await accounts.login({ login: 'ann', password: PASSWORD });
    await accounts.enrollTotp(id);
    await accounts.delete(id);
    expect(await codeOf(accounts.get(id))).toBe('ACCOUNT_NOT_FOUND');
    expect(await codeOf(accounts.delete(id))).toBe('ACCOUNT_NOT_FOUND');
    const left = await storage.get([
      { collection: 'account_credentials', id },
      { collection: 'account_second_factors', id },
      { collection: 'account_totp_enrollments', id },
    ]);
    expect(left).toEqual([undefined, undefined, undefined]);
    expect((await add('ANN')).id).not.toBe(id);
  });

  it('ends the sessions', async () => {
    const { accounts, add, another } = createTestAccounts();
    const { id } = await add('ann');
    const { accessToken, refreshToken } = await accounts.login({ login: 'ann', password: PASSWORD });
    expect((await accounts.authenticate(accessToken)).accountId).toBe(id);
    await another().delete(id);
    expect(await codeOf(accounts.authenticate(accessToken))).toBe('TOKEN_REVOKED');
    expect(await codeOf(accounts.refresh({ refreshToken }))).toBe('TOKEN_REVOKED');
  });
});

describe('disabling', () => {
  it('ends the sessions and refuses logins until it is undone', async () => {
    const { accounts, add } = createTestAccounts();
    const { id } = await add('ann');
    const { accessToken } = await accounts.login({ login: 'ann', password: PASSWORD });
    expect((await accounts.disable(id)).disabled).toBe(true);
    const again = await accounts.disable(id);
    expect(await accounts.get(id)).toEqual(again);
    expect(await codeOf(accounts.authenticate(accessToken))).toBe('TOKEN_REVOKED');
    expect(await codeOf(accounts.login({ login: 'ann', password: PASSWORD }))).toBe('CREDENTIALS_INVALID');
    expect((await accounts.enable(id)).disabled).toBe(false);
    expect(await codeOf(accounts.authenticate(accessToken))).toBe('TOKEN_REVOKED');
    expect((await accounts.login({ login: 'ann', password: PASSWORD })).accountId).toBe(id);
  });
});

describe('events', () => {
  it('tell of each change, in order, and of nobody by name', async () => {
    const { accounts, add, events } = createTestAccounts();
    const { id } = await add('ann.lee', { displayName: 'Ann Lee', roles: ['clerk'] });
    await accounts.update(id, { displayName: 'Ann L.', dateOfBirth: '1990-01-01' });
    await accounts.disable(id);
    await accounts.enable(id);
    await accounts.delete(id);
    const told = (await events.pending({ limit: 100 })).items.filter(({ source }) => source === '/accounts');
    expect(
      told
        .sort((a, b) => a.subjectRevision - b.subjectRevision)
        .map(({ type, subject, subjectRevision }) => [type, subject, subjectRevision]),
    ).toEqual([
      ['account.created', id, 1],
      ['account.updated', id, 2],
      ['account.disabled', id, 3],
      ['account.enabled', id, 4],
      ['account.deleted', id, 5],
    ]);
    expect(told[1]?.data).toMatchObject({ changed: ['displayName', 'dateOfBirth'] });
    // In the digits of an id there may be any year.
    expect(JSON.stringify(told).replaceAll(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, '')).not.toMatch(
      /ann|lee|1990/i,
    );
  });
});

describe('the guard for other managers', () => {
  it('holds a commit to an account that stays', async () => {
    const { accounts, add, storage } = createTestAccounts();
    const { id } = await add('ann');
    const check = await accounts.accountGuard()(id);
    expect(await storage.commit([check])).toEqual({ committed: true });
    await accounts.delete(id);
    expect((await storage.commit([check])).committed).toBe(false);
    expect(await codeOf(accounts.accountGuard()(uuidv7({ now: () => 0 }, nodeCrypto())))).toBe('ACCOUNT_NOT_FOUND');
  });
});

describe('an aborted signal', () => {
  it('ends every call before it writes', async () => {
    const { accounts, add } = createTestAccounts();
    const { id } = await add('ann');
    const signal = AbortSignal.abort();
    const calls: (() => Promise<unknown>)[] = [
      () => accounts.create({ login: 'bob', signal }),
      () => accounts.get(id, { signal }),
      () => accounts.findByLogin('ann', { signal }),
      () => accounts.list({ limit: 1, signal }),
      () => accounts.update(id, { roles: ['x'] }, { signal }),
      () => accounts.delete(id, { signal }),
      () => accounts.disable(id, { signal }),
      () => accounts.setPassword({ accountId: id, password: PASSWORD, signal }),
      () => accounts.changePassword({ accountId: id, current: PASSWORD, next: 'eleven amber lanterns', signal }),
      () => accounts.login({ login: 'ann', password: PASSWORD, signal }),
      () => accounts.enrollTotp(id, { signal }),
    ];
    for (const call of calls) expect(await codeOf(call)).toBe('ABORTED');
    expect((await accounts.list({ limit: 10 })).items.map(({ login, roles }) => [login, roles])).toEqual([['ann', []]]);
  });
});
