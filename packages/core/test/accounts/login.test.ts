import { describe, expect, it } from 'vitest';
import type { LoginOptions } from '../../src/index.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { overriding } from '../support/test-storage.ts';
import { CHEAP_HASHING, createTestAccounts, OTHER_PASSWORD, PASSWORD, whileHashing } from './support/test-accounts.ts';

describe('a login', () => {
  it('opens a session, however the login is spelled', async () => {
    const { accounts, add, clock } = createTestAccounts();
    const { id } = await add('Ann@Example.com', { roles: ['clerk'] });
    const session = await accounts.login({
      login: 'ANN@example.com',
      password: PASSWORD,
      ip: '192.0.2.1',
      userAgent: 'test',
    });
    expect(session).toMatchObject({ accountId: id, tokenType: 'Bearer', deviceToken: expect.any(String) });
    expect(session.expiresAt.getTime()).toBeGreaterThan(clock.now());
    expect(await accounts.authenticate(session.accessToken)).toMatchObject({ accountId: id, roles: ['clerk'] });
    const [listed] = (await accounts.sessions(id)).items;
    expect(listed).toMatchObject({ sessionId: session.sessionId, ip: '192.0.2.1', userAgent: 'test' });
    await accounts.logout({ accessToken: session.accessToken });
    expect(await codeOf(accounts.authenticate(session.accessToken))).toBe('TOKEN_REVOKED');
  });

  it('goes by however long the client calls itself', async () => {
    const { accounts, add } = createTestAccounts();
    const { id } = await add('ann');
    await accounts.login({ login: 'ann', password: PASSWORD, userAgent: `\ud800\0${'x'.repeat(10_000)}` });
    const [listed] = (await accounts.sessions(id)).items;
    expect(listed?.userAgent).toMatch(/^\ufffdx{254}$/);
  });

  it('takes a password however its accents were composed', async () => {
    const { accounts } = createTestAccounts();
    await accounts.create({ login: 'ann', password: 'se\u0301same ouvre-toi donc' });
    expect(await accounts.login({ login: 'ann', password: 's\u00e9same ouvre-toi donc' })).toHaveProperty(
      'accessToken',
    );
    expect(await codeOf(accounts.login({ login: 'ann', password: 'sesame ouvre-toi donc' }))).toBe(
      'CREDENTIALS_INVALID',
    );
  });

  it('fails alike whether unknown, wrong, disabled or without a password', async () => {
    const { accounts, add } = createTestAccounts();
    await add('known');
    await accounts.disable((await add('disabled')).id);
    await accounts.create({ login: 'bare' });
    const told = new Set<string>();
    for (const [login, password] of [
      ['unknown', PASSWORD],
      ['known', OTHER_PASSWORD],
      ['disabled', PASSWORD],
      ['disabled', OTHER_PASSWORD],
      ['bare', PASSWORD],
    ] as const) {
      const error = await rejection(accounts.login({ login, password, ip: '192.0.2.1' }));
      told.add(JSON.stringify({ ...error, message: error.message, name: error.name }));
    }
    expect([...told]).toHaveLength(1);
    expect([...told][0]).toContain('CREDENTIALS_INVALID');
  });

  it('asks the storage the same whether unknown, wrong, disabled or without a password', async () => {
    const calls: string[] = [];
    const made = createTestAccounts();
    await made.add('known');
    await made.accounts.disable((await made.add('disabled')).id);
    await made.accounts.create({ login: 'bare' });
    const { storage } = made;
    const watched = overriding(storage, {
      get: (refs, options) => {
        calls.push(`get ${refs.map(({ collection }) => collection).join(' ')}`);
        return storage.get(refs, options);
      },
      query: (query) => {
        calls.push(`query ${query.collection}`);
        return storage.query(query);
      },
      throttle: (requests) => {
        calls.push(`throttle ${requests.length} ${requests.map(({ cost = 1 }) => cost).join(' ')}`);
        return storage.throttle(requests);
      },
      commit: (writes) => {
        calls.push('commit');
        return storage.commit(writes);
      },
    });
    const accounts = made.another({ storage: watched });
    await codeOf(accounts.login({ login: 'first', password: PASSWORD, ip: '192.0.2.1' }));
    const traces = new Set<string>();
    for (const login of ['unknown', 'known', 'disabled', 'bare']) {
      calls.length = 0;
      await codeOf(accounts.login({ login, password: OTHER_PASSWORD, ip: '192.0.2.1' }));
      traces.add(calls.join('; '));
    }
    expect([...traces]).toEqual(['query accounts; throttle 4 1 1 1 1; get account_credentials account_second_factors']);
  });

  it.each<[string, Partial<Record<keyof LoginOptions, unknown>>, string]>([
    ['a password of 1 MB', { password: 'x'.repeat(1_000_000) }, 'password'],
    ['a password with NUL', { password: `${PASSWORD}\0` }, 'password'],
    ['a password with a lone surrogate', { password: `${PASSWORD}\udfff` }, 'password'],
    ['an empty password', { password: '' }, 'password'],
    ['no password', { password: undefined }, 'password'],
    ['a login with a lone surrogate', { login: 'ann\ud800' }, 'login'],
    ['a login of 1 MB', { login: 'x'.repeat(1_000_000) }, 'login'],
    ['an address that is none', { ip: '1.2.3.4.5' }, 'ip'],
    ['two second factors', { secondFactor: { totp: '123456', recoveryCode: 'x' } }, 'secondFactor'],
    ['a device token of 1 MB', { deviceToken: 'x'.repeat(1_000_000) }, 'deviceToken'],
    ['a client id that no token holds', { clientId: 'x'.repeat(257) }, 'clientId'],
    ['a client id with NUL', { clientId: 'web\0' }, 'clientId'],
    ['a binding that is neither wanted nor not', { bindingSecret: 'true' }, 'bindingSecret'],
    ['an option that there is not, such as a misspelled proof', { prooof: {} } as object, 'prooof'],
  ])('is refused before anything is asked: %s', async (_, options, field) => {
    const { accounts, storage } = createTestAccounts();
    const error = await rejection(accounts.login({ login: 'ann', password: PASSWORD, ...options } as LoginOptions));
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(field) });
    expect(error.message).not.toContain(PASSWORD);
    // Not even the collections were opened.
    expect(await codeOf(storage.get([{ collection: 'accounts', id: 'x' }]))).toBe('STORAGE_UNDECLARED');
  });
});

describe('a hash that is out of date', () => {
  const DEARER = { algorithm: 'scrypt', scrypt: { ...CHEAP_HASHING.scrypt, cost: 32 } } as const;

  it('is made anew by the next login, once', async () => {
    const { accounts, add, another, storage } = createTestAccounts();
    const { id } = await add('ann');
    const bytes = async () => (await storage.get([{ collection: 'account_credentials', id }]))[0]?.bytes;
    const former = await bytes();
    await accounts.login({ login: 'ann', password: PASSWORD });
    expect(await bytes()).toEqual(former);
    const dearer = another({ passwordHashing: DEARER });
    expect(await codeOf(dearer.login({ login: 'ann', password: OTHER_PASSWORD }))).toBe('CREDENTIALS_INVALID');
    expect(await bytes()).toEqual(former);
    await dearer.login({ login: 'ann', password: PASSWORD });
    const renewed = await bytes();
    expect(renewed).not.toEqual(former);
    await dearer.login({ login: 'ann', password: PASSWORD });
    expect(await bytes()).toEqual(renewed);
    expect(await dearer.login({ login: 'ann', password: PASSWORD })).toHaveProperty('accessToken');
  });

  it('does not end the sessions', async () => {
    const { accounts, add, another } = createTestAccounts();
    await add('ann');
    const { accessToken } = await accounts.login({ login: 'ann', password: PASSWORD });
    await another({ passwordHashing: DEARER }).login({ login: 'ann', password: PASSWORD });
    expect(await accounts.authenticate(accessToken)).toHaveProperty('accountId');
  });

  it('of many logins at once is made anew, and every one of them succeeds', async () => {
    const { add, another } = createTestAccounts({ loginThrottle: { account: false } });
    await add('ann');
    const dearer = [another({ passwordHashing: DEARER }), another({ passwordHashing: DEARER })];
    const logins = Array.from({ length: 8 }, (_, at) => dearer[at % 2]?.login({ login: 'ann', password: PASSWORD }));
    expect((await Promise.allSettled(logins)).map(({ status }) => status)).toEqual(logins.map(() => 'fulfilled'));
  });
});

describe('a hash of another system', () => {
  const HASHES = {
    bcrypt: ['$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW', 'U*U'],
    argon2id: ['$argon2id$v=19$m=256,t=2,p=2$c29tZXNhbHQ$bQk8UB/VmZZF4Oo79iDXuL5/0ttZwg2f/5U52iv1cDc', 'password'],
    PBKDF2: ['$pbkdf2-sha256$6400$.6UI/S.nXIk8jcbdHx3Fhg$98jZicV16ODfEsEZeYPGHU3kbrUrvUEXOPimVSQDD44', 'password'],
  } as const;

  it('logs in and becomes one of ours', async () => {
    const { accounts, add, storage } = createTestAccounts();
    for (const [login, [passwordHash, password]] of Object.entries(HASHES)) {
      const { id } = await add(login, { passwordHash });
      const document = async () => (await storage.get([{ collection: 'account_credentials', id }]))[0];
      expect((await document())?.data).toMatchObject({ imported: true });
      expect(await codeOf(accounts.login({ login, password: `${password}!` }))).toBe('CREDENTIALS_INVALID');
      await accounts.login({ login, password });
      expect((await document())?.data, login).not.toHaveProperty('imported');
      await accounts.login({ login, password });
    }
  });

  it('is compared with what was typed, until it has become one of ours', async () => {
    const { pbkdf2Sync } = await import('node:crypto');
    const { accounts, add } = createTestAccounts();
    const typed = 'cafe\u0301';
    const hash = pbkdf2Sync(typed, 'saltsalt', 10, 32, 'sha256').toString('base64');
    await add('ann', { passwordHash: `pbkdf2_sha256$10$saltsalt$${hash}` });
    expect(await codeOf(accounts.login({ login: 'ann', password: 'caf\u00e9' }))).toBe('CREDENTIALS_INVALID');
    await accounts.login({ login: 'ann', password: typed });
    await accounts.login({ login: 'ann', password: 'caf\u00e9' });
  });

  it('is refused in an unknown form, and not echoed', async () => {
    const { accounts, add } = createTestAccounts();
    const error = await rejection(add('ann', { passwordHash: '$5$rounds=535000$abcdefgh$hushhushhush' }));
    expect(error.code).toBe('PASSWORD_HASH_INVALID');
    expect(`${error.message}${JSON.stringify(error)}`).not.toContain('hush');
    expect(await accounts.findByLogin('ann')).toBeUndefined();
  });
});

describe('a queue of hashing that is full', () => {
  it('refuses with a time to come back, and charges nobody', async () => {
    let release: (() => void) | undefined;
    let begun: (() => void) | undefined;
    const hashing = new Promise<void>((resolve) => {
      begun = resolve;
    });
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = whileHashing(() => {
      begun?.();
      return gate;
    });
    const made = createTestAccounts({ loginThrottle: { account: { limit: 2, periodMs: 60_000 }, pair: false } });
    const { id: accountId } = await made.add('ann');
    const accounts = made.another({ crypto: slow, hashQueue: { concurrency: 1, maxWaiting: 0 } });
    const first = accounts.login({ login: 'ann', password: PASSWORD });
    await hashing;
    for (let attempt = 0; attempt < 4; attempt++) {
      const error = await rejection(accounts.login({ login: 'ann', password: PASSWORD }));
      expect(error).toMatchObject({ code: 'OVERLOADED', retryAfterMs: expect.any(Number) });
      const change = accounts.changePassword({ accountId, current: PASSWORD, next: OTHER_PASSWORD });
      expect(await codeOf(change)).toBe('OVERLOADED');
    }
    release?.();
    expect(await first).toHaveProperty('accessToken');
  });
});
