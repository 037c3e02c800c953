import { describe, expect, it } from 'vitest';
import type { Account } from '../../src/index.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { overriding, storageSize } from '../support/test-storage.ts';
import {
  createTestAccounts,
  DAY,
  MINUTE,
  OTHER_PASSWORD,
  PASSWORD,
  type TestAccounts,
} from './support/test-accounts.ts';

const ONLY = { account: false, pair: false, ip: false, overall: false, device: false } as const;
const RATE = { limit: 3, periodMs: MINUTE };

const guess = ({ accounts }: Pick<TestAccounts, 'accounts'>, login: string, rest: object = {}) =>
  codeOf(accounts.login({ login, password: OTHER_PASSWORD, ...rest }));
const tried = (codes: readonly string[]) => codes.filter((code) => code === 'CREDENTIALS_INVALID').length;

describe('guesses at one login', () => {
  it.each(['known', 'unknown'])('are bounded, by whatever address and spelling: %s', async (login) => {
    const made = createTestAccounts({ loginThrottle: { ...ONLY, account: RATE } });
    await made.add('known');
    const codes: string[] = [];
    for (let at = 0; at < 5; at++)
      codes.push(await guess(made, at % 2 ? login : login.toUpperCase(), { ip: `192.0.2.${at}` }));
    expect(codes).toEqual([...new Array(3).fill('CREDENTIALS_INVALID'), 'RATE_LIMITED', 'RATE_LIMITED']);
    expect(await guess(made, 'another')).toBe('CREDENTIALS_INVALID');
    made.clock.advance(20_000);
    expect(await guess(made, login)).toBe('CREDENTIALS_INVALID');
    expect(await guess(made, login)).toBe('RATE_LIMITED');
  });

  it('say when to come back', async () => {
    const made = createTestAccounts({ loginThrottle: { ...ONLY, account: { limit: 1, periodMs: MINUTE } } });
    await guess(made, 'ann');
    const error = await rejection(made.accounts.login({ login: 'ann', password: PASSWORD }));
    expect(error).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: MINUTE });
  });

  it('that come 200 at once, to several instances, are tried exactly as often as the limit says', async () => {
    const made = createTestAccounts({ loginThrottle: { ...ONLY, account: { limit: 10, periodMs: 10 * MINUTE } } });
    await made.add('ann');
    const instances = [made.accounts, made.another(), made.another()];
    const guesses = Array.from({ length: storageSize(200, 60) }, (_, at) =>
      guess({ accounts: instances[at % 3] as TestAccounts['accounts'] }, 'ann'),
    );
    const codes = await Promise.all(guesses);
    expect(tried(codes)).toBe(10);
    expect(codes.filter((code) => code === 'RATE_LIMITED')).toHaveLength(guesses.length - 10);
  });

  it('that were none are given back: a login that succeeds costs nothing', async () => {
    const made = createTestAccounts({ loginThrottle: { ...ONLY, account: RATE, pair: RATE } });
    await made.add('ann');
    for (let at = 0; at < 6; at++) await made.accounts.login({ login: 'ann', password: PASSWORD, ip: '192.0.2.1' });
    expect(await guess(made, 'ann', { ip: '192.0.2.1' })).toBe('CREDENTIALS_INVALID');
  });
});

describe('guesses from one address', () => {
  it('are bounded whatever the login, and success gives nothing back', async () => {
    const made = createTestAccounts({ loginThrottle: { ...ONLY, ip: RATE } });
    await made.add('ann');
    for (let at = 0; at < 2; at++) await made.accounts.login({ login: 'ann', password: PASSWORD, ip: '192.0.2.1' });
    expect(await guess(made, 'a', { ip: '::ffff:192.0.2.1' })).toBe('CREDENTIALS_INVALID');
    expect(await guess(made, 'b', { ip: '192.0.2.1' })).toBe('RATE_LIMITED');
    expect(await guess(made, 'b', { ip: '192.0.2.2' })).toBe('CREDENTIALS_INVALID');
  });

  it('count an IPv6 site as one', async () => {
    const made = createTestAccounts({ loginThrottle: { ...ONLY, ip: RATE } });
    const codes: string[] = [];
    for (let at = 1; at < 5; at++) codes.push(await guess(made, `u${at}`, { ip: `2001:db8:0:1:${at}::${at}` }));
    expect(tried(codes)).toBe(3);
    expect(await guess(made, 'a', { ip: '2001:db8:0:2::1' })).toBe('CREDENTIALS_INVALID');
  });
});

it('guesses at one login from one address are bounded apart', async () => {
  const made = createTestAccounts({ loginThrottle: { ...ONLY, pair: RATE } });
  const codes: string[] = [];
  for (let at = 0; at < 4; at++) codes.push(await guess(made, 'ann', { ip: '192.0.2.1' }));
  expect(tried(codes)).toBe(3);
  expect(await guess(made, 'ann', { ip: '192.0.2.2' })).toBe('CREDENTIALS_INVALID');
  expect(await guess(made, 'bob', { ip: '192.0.2.1' })).toBe('CREDENTIALS_INVALID');
});

it('everybody together is bounded, and one refusal charges nothing', async () => {
  const made = createTestAccounts({
    loginThrottle: { ...ONLY, overall: RATE, account: { limit: 1, periodMs: MINUTE } },
  });
  expect(await guess(made, 'a')).toBe('CREDENTIALS_INVALID');
  for (let at = 0; at < 5; at++) expect(await guess(made, 'a')).toBe('RATE_LIMITED');
  expect(tried([await guess(made, 'b'), await guess(made, 'c'), await guess(made, 'd')])).toBe(2);
});

describe('a known device', () => {
  const LIMITS = { ...ONLY, account: RATE, pair: RATE, device: RATE };

  it('gets in while strangers guess', async () => {
    const made = createTestAccounts({ loginThrottle: LIMITS });
    await made.add('ann');
    const ip = '192.0.2.1';
    const { deviceToken } = await made.accounts.login({ login: 'ann', password: PASSWORD, ip });
    for (let at = 0; at < 4; at++) await guess(made, 'ann', { ip });
    expect(await codeOf(made.accounts.login({ login: 'ann', password: PASSWORD, ip }))).toBe('RATE_LIMITED');
    const again = await made.another().login({ login: 'Ann', password: PASSWORD, ip, deviceToken });
    expect((await made.accounts.sessions(again.accountId)).items.map(({ deviceId }) => deviceId)).toHaveLength(2);
    expect(new Set((await made.accounts.sessions(again.accountId)).items.map(({ deviceId }) => deviceId)).size).toBe(1);
  });

  it('has a bucket of its own', async () => {
    const made = createTestAccounts({ loginThrottle: LIMITS });
    await made.add('ann');
    const one = await made.accounts.login({ login: 'ann', password: PASSWORD });
    const other = await made.accounts.login({ login: 'ann', password: PASSWORD });
    const codes: string[] = [];
    for (let at = 0; at < 4; at++) codes.push(await guess(made, 'ann', { deviceToken: one.deviceToken }));
    expect(tried(codes)).toBe(3);
    expect(await guess(made, 'ann', { deviceToken: other.deviceToken })).toBe('CREDENTIALS_INVALID');
    expect(await guess(made, 'ann')).toBe('CREDENTIALS_INVALID');
  });

  it('is a stranger with a token that is not of this account, or not good any more', async () => {
    const made = createTestAccounts({ loginThrottle: LIMITS });
    const { accounts } = made;
    const tokenOf = async ({ accounts: from }: Pick<TestAccounts, 'accounts'>, login: string) =>
      (await from.login({ login, password: PASSWORD })).deviceToken;
    const spoilers: Readonly<Record<string, (account: Account, token: string) => Promise<string>>> = {
      'of another account': async () => {
        await made.add('bob');
        return tokenOf(made, 'bob');
      },
      forged: async (_, token) => `${token.slice(0, -3)}${token.endsWith('AAA') ? 'BBB' : 'AAA'}`,
      'of another installation': async ({ login }) => {
        const elsewhere = createTestAccounts();
        await elsewhere.add(login);
        return tokenOf(elsewhere, login);
      },
      'from before every session was ended': async ({ id }, token) => {
        await accounts.logoutEverywhere(id);
        return token;
      },
      'from before the account was disabled for a while': async ({ id }, token) => {
        await accounts.disable(id);
        await accounts.enable(id);
        return token;
      },
      'that has expired': async (_, token) => {
        made.clock.advance(181 * DAY);
        return token;
      },
    };
    for (const [what, spoil] of Object.entries(spoilers)) {
      const account = await made.add(what);
      const token = await spoil(account, await tokenOf(made, what));
      for (let at = 0; at < 3; at++) await guess(made, what);
      expect(await guess(made, what, { deviceToken: token }), what).toBe('RATE_LIMITED');
    }
  });
});

it('a device token of no form is that of a stranger, and no error', async () => {
  const made = createTestAccounts();
  for (const deviceToken of ['', 'chancery_device_', 'chancery_device_%%%', 'chancery_device_AAAA', 'x'.repeat(1024)]) {
    expect(await guess(made, 'ann', { deviceToken })).toBe('CREDENTIALS_INVALID');
  }
});

describe('what the storage sees of it', () => {
  it('is neither login nor address', async () => {
    const made = createTestAccounts();
    const keys: string[] = [];
    const { storage } = made;
    const accounts = made.another({
      storage: overriding(storage, {
        throttle: (requests) => {
          keys.push(...requests.map(({ key }) => key));
          return storage.throttle(requests);
        },
      }),
    });
    await codeOf(accounts.login({ login: 'annabella.leeuwenhoek', password: PASSWORD, ip: '192.0.2.77' }));
    expect(keys).toHaveLength(4);
    // Neither three letters nor a number: a hash in base64 holds any of those now and then.
    expect(keys.join(' ')).not.toMatch(/annabella|leeuwenhoek|192\.0|2\.77/i);
    expect(new Set(keys).size).toBe(4);
  });
});

it('a throttle that cannot be asked refuses', async () => {
  const made = createTestAccounts();
  await made.add('ann');
  const { storage } = made;
  const broken = made.another({
    storage: overriding(storage, {
      throttle: () => storage.throttle([{ key: '', limit: 0, periodMs: 0 }]),
    }),
  });
  expect(await codeOf(broken.login({ login: 'ann', password: PASSWORD }))).toBe('STORAGE_INVALID');
});
