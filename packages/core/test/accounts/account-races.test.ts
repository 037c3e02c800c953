import { describe, expect, it } from 'vitest';
import { authenticatorCode } from '../support/authenticators/authenticator-code.ts';
import { codeOf } from '../support/expect-error.ts';
import { storageSize } from '../support/test-storage.ts';
import { CHEAP_HASHING, createTestAccounts, OTHER_PASSWORD, PASSWORD, whileHashing } from './support/test-accounts.ts';

const wins = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
  outcomes.filter(({ status }) => status === 'fulfilled');
const codes = (outcomes: readonly PromiseSettledResult<unknown>[]) =>
  new Set(outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : [])));

describe('at once', () => {
  it('50 accounts of one login, on three instances, become one', async () => {
    const { accounts, another, events } = createTestAccounts();
    const instances = [accounts, another(), another()];
    const creating = Array.from({ length: 50 }, (_, at) =>
      instances[at % 3]?.create({ login: at % 2 ? 'ann' : 'ANN', roles: [`r${at}`] }),
    );
    const outcomes = await Promise.allSettled(creating);
    expect(wins(outcomes)).toHaveLength(1);
    expect(codes(outcomes)).toEqual(new Set(['LOGIN_TAKEN']));
    expect((await accounts.list({ limit: 100 })).items).toHaveLength(1);
    expect((await events.pending({ limit: 100 })).items).toHaveLength(1);
  });

  it('many changes of one account are all made, each on top of another', async () => {
    const { accounts, add, another } = createTestAccounts();
    const { id } = await add('ann');
    const instances = [accounts, another()];
    const count = storageSize(12, 6);
    await Promise.all(
      Array.from({ length: count }, (_, at) =>
        at % 2 ? instances[0]?.update(id, { roles: [`r${at}`] }) : instances[1]?.update(id, { displayName: `n${at}` }),
      ),
    );
    const account = await accounts.get(id);
    expect(account.roles).toHaveLength(1);
    expect(account.displayName).toMatch(/^n/);
  });

  it('changes under one version are made once', async () => {
    const { accounts, add } = createTestAccounts();
    const { id, version } = await add('ann');
    const outcomes = await Promise.allSettled(
      Array.from({ length: 8 }, (_, at) => accounts.update(id, { roles: [`r${at}`] }, { ifVersion: version })),
    );
    expect(wins(outcomes)).toHaveLength(1);
    expect(codes(outcomes)).toEqual(new Set(['ACCOUNT_CHANGED']));
  });

  it('two accounts swap nothing: the login that one leaves goes to one other', async () => {
    const { accounts, add } = createTestAccounts();
    const [a, b, c] = [await add('a'), await add('b'), await add('c')];
    await accounts.update(a.id, { login: 'd' });
    const outcomes = await Promise.allSettled([b, c].map(({ id }) => accounts.update(id, { login: 'A' })));
    expect(wins(outcomes)).toHaveLength(1);
    expect(codes(outcomes)).toEqual(new Set(['LOGIN_TAKEN']));
  });

  it('instances that start together share one secret', async () => {
    const { add, another } = createTestAccounts({
      loginThrottle: { account: false, pair: false, device: { limit: 1, periodMs: 60_000 } },
    });
    await add('ann');
    const instances = Array.from({ length: 4 }, () => another());
    const sessions = await Promise.all(
      instances.map((accounts) => accounts.login({ login: 'ann', password: PASSWORD })),
    );
    for (const [at, { deviceToken }] of sessions.entries()) {
      const elsewhere = instances[(at + 1) % 4];
      const guess = { login: 'ann', password: OTHER_PASSWORD, deviceToken };
      expect(await codeOf(elsewhere?.login(guess) as Promise<unknown>)).toBe('CREDENTIALS_INVALID');
      expect(await codeOf(elsewhere?.login(guess) as Promise<unknown>)).toBe('RATE_LIMITED');
    }
  });
});

describe('while a login is being hashed', () => {
  it.each<[string, (made: ReturnType<typeof createTestAccounts>, id: string) => Promise<unknown>]>([
    ['the account is deleted', ({ accounts }, id) => accounts.delete(id)],
    ['the account is disabled', ({ accounts }, id) => accounts.disable(id)],
    [
      'the password is changed',
      ({ accounts }, id) => accounts.setPassword({ accountId: id, password: OTHER_PASSWORD }),
    ],
  ])('%s: it fails, and no session is open', async (_, act) => {
    const made = createTestAccounts();
    const { id } = await made.add('ann');
    const racing = made.another({ crypto: whileHashing(() => act(made, id)) });
    expect(await codeOf(racing.login({ login: 'ann', password: PASSWORD }))).toBe('CREDENTIALS_INVALID');
    const open = await made.storage.query({
      collection: 'account_sessions',
      index: 'byAccount',
      equals: { accountId: id },
      limit: 10,
    });
    expect(open.documents).toEqual([]);
  });

  it('the account is renamed and given a role: it succeeds with the role', async () => {
    const made = createTestAccounts();
    const { id } = await made.add('ann');
    let done: Promise<unknown> | undefined;
    const rename = () => {
      done ??= made.accounts.update(id, { login: 'anna', roles: ['clerk'] });
      return done;
    };
    const { accessToken } = await made
      .another({ crypto: whileHashing(rename) })
      .login({ login: 'ann', password: PASSWORD });
    expect(await made.accounts.authenticate(accessToken, { mode: 'offline' })).toMatchObject({ roles: ['clerk'] });
  });

  it('a second factor is enrolled: it is asked for', async () => {
    const made = createTestAccounts();
    const { id } = await made.add('ann');
    const { secret } = await made.accounts.enrollTotp(id);
    let done: Promise<unknown> | undefined;
    const confirm = () => {
      done ??= made.accounts.confirmTotp(id, authenticatorCode(secret, made.clock.now()));
      return done;
    };
    const racing = made.another({ crypto: whileHashing(confirm) });
    expect(await codeOf(racing.login({ login: 'ann', password: PASSWORD }))).toBe('SECOND_FACTOR_REQUIRED');
  });

  it('the sessions are ended everywhere: the login that comes after is good', async () => {
    const made = createTestAccounts();
    const { id } = await made.add('ann');
    let done: Promise<unknown> | undefined;
    const end = () => {
      done ??= made.accounts.logoutEverywhere(id);
      return done;
    };
    const racing = made.another({ crypto: whileHashing(end), passwordHashing: CHEAP_HASHING });
    const { accessToken } = await racing.login({ login: 'ann', password: PASSWORD });
    expect(await made.accounts.authenticate(accessToken)).toMatchObject({ accountId: id });
  });
});

describe('while a password is being hashed', () => {
  it('the account stops to require a second factor: a short one does not land', async () => {
    const made = createTestAccounts();
    const { id } = await made.accounts.create({ login: 'ann', secondFactorRequired: true });
    let done: Promise<unknown> | undefined;
    const relax = () => {
      done ??= made.accounts.setPassword({ accountId: id, password: PASSWORD, secondFactorRequired: false });
      return done;
    };
    const racing = made.another({ crypto: whileHashing(relax) });
    expect(await codeOf(racing.setPassword({ accountId: id, password: 'kobold-r' }))).toBe('ACCOUNT_CHANGED');
    await made.accounts.login({ login: 'ann', password: PASSWORD });
  });

  it('the account is deleted: the password does not land', async () => {
    const made = createTestAccounts();
    const { id } = await made.add('ann');
    const racing = made.another({ crypto: whileHashing(() => made.accounts.delete(id)) });
    expect(await codeOf(racing.setPassword({ accountId: id, password: OTHER_PASSWORD }))).toBe('ACCOUNT_NOT_FOUND');
    expect(await made.storage.get([{ collection: 'account_credentials', id }])).toEqual([undefined]);
  });
});
