import { describe, expect, it } from 'vitest';
import { codeOf, rejection } from '../support/expect-error.ts';
import { createTestAccounts, MINUTE, OTHER_PASSWORD, PASSWORD } from './support/test-accounts.ts';

describe('verifying a password', () => {
  it('passes the present one and no other, and changes nothing', async () => {
    const { accounts, add } = createTestAccounts();
    const { id } = await add('ann');
    const session = await accounts.login({ login: 'ann', password: PASSWORD });
    const verify = (password: string, accountId = id) => accounts.verifyPassword({ accountId, password });
    await verify(PASSWORD);
    expect(await codeOf(verify(OTHER_PASSWORD))).toBe('CREDENTIALS_INVALID');
    expect(await codeOf(verify(PASSWORD, '01900000-0000-7000-8000-000000000000'))).toBe('CREDENTIALS_INVALID');
    expect(await codeOf(verify(PASSWORD, ''))).toBe('ACCOUNT_NOT_FOUND');
    expect(await codeOf(verify('a\0b'))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(accounts.verifyPassword(null as never))).toBe('INVALID_ARGUMENT');
    const { id: without } = await accounts.create({ login: 'bob' });
    expect(await codeOf(verify(PASSWORD, without))).toBe('CREDENTIALS_INVALID');
    await accounts.authenticate(session.accessToken);
  });

  it('is not guessed at for long, nor together with changes of it', async () => {
    const { accounts, add } = createTestAccounts({ loginThrottle: { account: { limit: 3, periodMs: MINUTE } } });
    const { id } = await add('ann');
    for (let right = 0; right < 5; right++) await accounts.verifyPassword({ accountId: id, password: PASSWORD });
    for (let at = 0; at < 2; at++) {
      expect(await codeOf(accounts.verifyPassword({ accountId: id, password: `guess number ${at}` }))).toBe(
        'CREDENTIALS_INVALID',
      );
    }
    const change = { accountId: id, current: 'guess number 3', next: OTHER_PASSWORD };
    expect(await codeOf(accounts.changePassword(change))).toBe('CREDENTIALS_INVALID');
    expect(await codeOf(accounts.verifyPassword({ accountId: id, password: PASSWORD }))).toBe('RATE_LIMITED');
  });
});

it('proofs of a password are hashed as often as an address may have them, though they are right', async () => {
  const { accounts, add } = createTestAccounts({ loginThrottle: { ip: { limit: 3, periodMs: MINUTE } } });
  const { id } = await add('ann');
  const proof = { accountId: id, password: PASSWORD };
  await accounts.verifyPassword(proof);
  await accounts.verifyPassword(proof);
  const same = { accountId: id, current: PASSWORD, next: PASSWORD };
  expect(await codeOf(accounts.changePassword(same))).toBe('PASSWORD_REFUSED');
  expect(await codeOf(accounts.verifyPassword(proof))).toBe('RATE_LIMITED');
  const { id: other } = await add('bob');
  await accounts.verifyPassword({ accountId: other, password: PASSWORD });
  await accounts.login({ login: 'ann', password: PASSWORD });
});

describe('changing a password', () => {
  it('takes the present one, and ends every session', async () => {
    const { accounts, add, another } = createTestAccounts();
    const { id } = await add('ann');
    const session = await another().login({ login: 'ann', password: PASSWORD });
    const { version } = await accounts.changePassword({ accountId: id, current: PASSWORD, next: OTHER_PASSWORD });
    expect((await accounts.get(id)).version).toBe(version);
    expect(await codeOf(accounts.authenticate(session.accessToken))).toBe('TOKEN_REVOKED');
    expect(await codeOf(accounts.refresh({ refreshToken: session.refreshToken }))).toBe('TOKEN_REVOKED');
    expect((await accounts.sessions(id)).items).toEqual([]);
    expect(await codeOf(accounts.login({ login: 'ann', password: PASSWORD }))).toBe('CREDENTIALS_INVALID');
    expect(await accounts.login({ login: 'ann', password: OTHER_PASSWORD })).toHaveProperty('accessToken');
  });

  it('refuses a wrong one, and the same one', async () => {
    const { accounts, add } = createTestAccounts();
    const { id } = await add('ann');
    const change = (current: string, next: string) => accounts.changePassword({ accountId: id, current, next });
    expect(await codeOf(change(OTHER_PASSWORD, 'eight violet ladders'))).toBe('CREDENTIALS_INVALID');
    expect(await rejection(change(PASSWORD, PASSWORD))).toMatchObject({
      code: 'PASSWORD_REFUSED',
      facts: { rule: 'unchanged' },
    });
    expect(await rejection(change(PASSWORD, 'short'))).toMatchObject({
      code: 'PASSWORD_REFUSED',
      facts: { rule: 'too-short' },
    });
    expect(await codeOf(change(PASSWORD, 'NUL \0 in a password'))).toBe('INVALID_ARGUMENT');
    await accounts.login({ login: 'ann', password: PASSWORD });
  });

  it('is not guessed at for long', async () => {
    const { accounts, add } = createTestAccounts({ loginThrottle: { account: { limit: 3, periodMs: MINUTE } } });
    const { id } = await add('ann');
    const codes: string[] = [];
    for (let at = 0; at < 4; at++) {
      codes.push(
        await codeOf(accounts.changePassword({ accountId: id, current: `guess number ${at}`, next: OTHER_PASSWORD })),
      );
    }
    expect(codes).toEqual(['CREDENTIALS_INVALID', 'CREDENTIALS_INVALID', 'CREDENTIALS_INVALID', 'RATE_LIMITED']);
    // Whoever has a session and guesses does not lock the owner out of logging in.
    await accounts.login({ login: 'ann', password: PASSWORD });
  });

  it('that comes twice at once succeeds once', async () => {
    const { accounts, add, another } = createTestAccounts();
    const { id } = await add('ann');
    const other = another();
    const nexts = ['eight violet ladders', 'nine crimson teapots'];
    const outcomes = await Promise.allSettled(
      nexts.map((next, at) => (at === 0 ? accounts : other).changePassword({ accountId: id, current: PASSWORD, next })),
    );
    const winner = outcomes.findIndex(({ status }) => status === 'fulfilled');
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    await accounts.login({ login: 'ann', password: nexts[winner] as string });
    expect(await codeOf(accounts.login({ login: 'ann', password: nexts[1 - winner] as string }))).toBe(
      'CREDENTIALS_INVALID',
    );
  });

  it('has no present one to take where none was set', async () => {
    const { accounts } = createTestAccounts();
    const { id } = await accounts.create({ login: 'ann' });
    expect(await codeOf(accounts.changePassword({ accountId: id, current: PASSWORD, next: OTHER_PASSWORD }))).toBe(
      'CREDENTIALS_INVALID',
    );
  });
});

describe('setting a password', () => {
  it('asks for none, and ends every session', async () => {
    const { accounts } = createTestAccounts();
    const { id } = await accounts.create({ login: 'ann' });
    await accounts.setPassword({ accountId: id, password: PASSWORD });
    const { accessToken } = await accounts.login({ login: 'ann', password: PASSWORD });
    await accounts.setPassword({ accountId: id, password: OTHER_PASSWORD });
    expect(await codeOf(accounts.authenticate(accessToken))).toBe('TOKEN_REVOKED');
    await accounts.login({ login: 'ann', password: OTHER_PASSWORD });
  });

  it('tells so', async () => {
    const { accounts, add, events } = createTestAccounts();
    const { id } = await add('ann');
    await accounts.setPassword({ accountId: id, password: OTHER_PASSWORD });
    const types = (await events.pending({ limit: 10 })).items.map(({ type }) => type);
    expect(types.sort()).toEqual(['account.created', 'account.password_changed']);
  });

  it('judges by whether a second factor is required from then on', async () => {
    const { accounts } = createTestAccounts();
    const { id } = await accounts.create({ login: 'ann', password: 'kobold-r', secondFactorRequired: true });
    const set = (password: string, rest = {}) => accounts.setPassword({ accountId: id, password, ...rest });
    expect((await set('kobold-s')).secondFactorRequired).toBe(true);
    expect(await codeOf(set('kobold-t', { secondFactorRequired: false }))).toBe('PASSWORD_REFUSED');
    expect((await accounts.get(id)).secondFactorRequired).toBe(true);
    expect((await set(PASSWORD, { secondFactorRequired: false })).secondFactorRequired).toBe(false);
    await accounts.login({ login: 'ann', password: PASSWORD });
    expect((await set('kobold-t', { secondFactorRequired: true })).secondFactorRequired).toBe(true);
  });

  it('replaces a hash of another system', async () => {
    const { accounts, add } = createTestAccounts();
    const { id } = await add('ann', { passwordHash: '$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW' });
    await accounts.setPassword({ accountId: id, password: PASSWORD });
    expect(await codeOf(accounts.login({ login: 'ann', password: 'U*U' }))).toBe('CREDENTIALS_INVALID');
    await accounts.login({ login: 'ann', password: PASSWORD });
  });
});
