import { describe, expect, it } from 'vitest';
import { authenticatorCode } from '../support/authenticators/authenticator-code.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { storageSize } from '../support/test-storage.ts';
import { MINUTE, PASSWORD, seededTestAccounts, type TestAccountOptions } from './support/test-accounts.ts';

/** An account whose second factor is an authenticator app that this test is. */
async function enrolled(options: TestAccountOptions = {}) {
  const made = seededTestAccounts(options);
  const { id } = await made.add('ann');
  const { secret, uri } = await made.accounts.enrollTotp(id);
  const code = () => authenticatorCode(secret, made.clock.now());
  const { recoveryCodes } = await made.accounts.confirmTotp(id, code());
  made.clock.advance(30_000);
  const login = (secondFactor?: object) =>
    made.accounts.login({ login: 'ann', password: PASSWORD, ...(secondFactor && { secondFactor }) });
  return { ...made, id, secret, uri, code, recoveryCodes, login };
}

describe('an authenticator app', () => {
  it('is asked for once it was confirmed', async () => {
    const { accounts, add, clock } = seededTestAccounts();
    const { id } = await add('ann');
    const login = (secondFactor = {}) => accounts.login({ login: 'ann', password: PASSWORD, ...secondFactor });
    const { secret, uri, expiresAt } = await accounts.enrollTotp(id, { issuer: 'Example' });
    expect(uri).toContain(`otpauth://totp/Example:ann?secret=${secret}&issuer=Example`);
    expect(expiresAt.getTime() - clock.now()).toBe(15 * MINUTE);
    await login();
    expect(await codeOf(accounts.confirmTotp(id, '000000'))).toBe('SECOND_FACTOR_INVALID');
    await accounts.confirmTotp(id, authenticatorCode(secret, clock.now()));
    const error = await rejection(login());
    expect(error).toMatchObject({ code: 'SECOND_FACTOR_REQUIRED', facts: { isEnrolled: true } });
    clock.advance(30_000);
    const session = await login({ secondFactor: { totp: authenticatorCode(secret, clock.now()) } });
    expect(await accounts.authenticate(session.accessToken)).toMatchObject({ accountId: id });
  });

  it('is told of with what is left of the recovery codes', async () => {
    const { accounts, id, recoveryCodes, login, clock, add } = await enrolled();
    const changedAt = new Date(clock.now() - 30_000);
    expect(await accounts.secondFactor(id)).toEqual({ isEnrolled: true, recoveryCodesLeft: 10, changedAt });
    await login({ recoveryCode: recoveryCodes[0] });
    expect(await accounts.secondFactor(id)).toEqual({ isEnrolled: true, recoveryCodesLeft: 9, changedAt });
    await accounts.removeSecondFactor(id);
    const { id: other } = await add('bob');
    await accounts.enrollTotp(other);
    for (const each of [id, other]) {
      expect(await accounts.secondFactor(each)).toEqual({ isEnrolled: false, recoveryCodesLeft: 0 });
    }
    for (const nobody of ['', '01900000-0000-7000-8000-000000000000']) {
      expect(await codeOf(async () => accounts.secondFactor(nobody))).toBe('ACCOUNT_NOT_FOUND');
    }
    expect(await codeOf(accounts.secondFactor(id, { signal: AbortSignal.abort() }))).toBe('ABORTED');
  });

  it('does not tell whether it would fit where the password does not', async () => {
    const { accounts, code } = await enrolled();
    const wrong = { login: 'ann', password: 'not the password of ann' };
    expect(await codeOf(accounts.login(wrong))).toBe('CREDENTIALS_INVALID');
    expect(await codeOf(accounts.login({ ...wrong, secondFactor: { totp: code() } }))).toBe('CREDENTIALS_INVALID');
    expect(await accounts.login({ login: 'ann', password: PASSWORD, secondFactor: { totp: code() } })).toHaveProperty(
      'accessToken',
    );
  });

  it('serves once a code, not even the one before', async () => {
    const { code, login, clock } = await enrolled();
    const former = code();
    clock.advance(30_000);
    const used = code();
    await login({ totp: used });
    expect(await codeOf(login({ totp: used }))).toBe('SECOND_FACTOR_INVALID');
    expect(await codeOf(login({ totp: former }))).toBe('SECOND_FACTOR_INVALID');
    clock.advance(30_000);
    await login({ totp: code() });
  });

  it('does not take the code of its confirmation for a login', async () => {
    const { accounts, add, clock } = seededTestAccounts();
    const { id } = await add('ann');
    const { secret } = await accounts.enrollTotp(id);
    const totp = authenticatorCode(secret, clock.now());
    await accounts.confirmTotp(id, totp);
    expect(await codeOf(accounts.login({ login: 'ann', password: PASSWORD, secondFactor: { totp } }))).toBe(
      'SECOND_FACTOR_INVALID',
    );
  });

  it('lets one in of many logins with one code', async () => {
    const { another, code, secret: _ } = await enrolled({ loginThrottle: { account: false, secondFactor: false } });
    const instances = [another(), another()];
    const totp = code();
    const logins = Array.from({ length: storageSize(20, 8) }, (__, at) =>
      instances[at % 2]?.login({ login: 'ann', password: PASSWORD, secondFactor: { totp } }),
    );
    const outcomes = await Promise.allSettled(logins);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    const codes = outcomes.flatMap((outcome) => (outcome.status === 'rejected' ? [outcome.reason.code] : []));
    expect(new Set(codes)).toEqual(new Set(['SECOND_FACTOR_INVALID']));
  });

  it('refuses what is no code', async () => {
    const { login } = await enrolled();
    for (const totp of ['', '12345', '1234567', 'abcdef', '１２３４５６', '12345 ']) {
      expect(await codeOf(login({ totp }))).toBe('SECOND_FACTOR_INVALID');
    }
  });

  it('is not guessed at for long, and owners who know it are not held up', async () => {
    const { login, code, clock } = await enrolled({
      loginThrottle: { secondFactor: { limit: 3, periodMs: 30 * MINUTE } },
    });
    for (let at = 0; at < 5; at++) {
      await login({ totp: code() });
      clock.advance(30_000);
    }
    const codes: string[] = [];
    for (let at = 0; at < 4; at++) codes.push(await codeOf(login({ totp: code() === '000000' ? '111111' : '000000' })));
    expect(codes).toEqual([...new Array(3).fill('SECOND_FACTOR_INVALID'), 'RATE_LIMITED']);
    expect(await codeOf(login({ totp: code() }))).toBe('RATE_LIMITED');
  });
});

it('a code that fits is no guess, whatever else refuses the login', async () => {
  const { accounts, code, clock } = await enrolled({
    requireSenderConstraint: true,
    loginThrottle: { secondFactor: { limit: 2, periodMs: 30 * MINUTE } },
  });
  for (let at = 0; at < 4; at++) {
    const login = accounts.login({ login: 'ann', password: PASSWORD, secondFactor: { totp: code() } });
    expect(await codeOf(login)).toBe('PROOF_REQUIRED');
    clock.advance(30_000);
  }
});

describe('an enrollment', () => {
  it('is not guessed at for long, and apart from logins', async () => {
    const { accounts, id, code, login, clock } = await enrolled({
      loginThrottle: { secondFactor: { limit: 3, periodMs: 30 * MINUTE } },
    });
    // What is no guess costs nothing.
    for (let at = 0; at < 5; at++) {
      expect(await codeOf(accounts.confirmTotp(id, '000000'))).toBe('SECOND_FACTOR_NOT_FOUND');
    }
    const { secret } = await accounts.enrollTotp(id);
    const right = authenticatorCode(secret, clock.now());
    const codes: string[] = [];
    for (let at = 0; at < 3; at++) codes.push(await codeOf(accounts.confirmTotp(id, `no code ${at}`)));
    expect(codes).toEqual(new Array(3).fill('SECOND_FACTOR_INVALID'));
    expect(await codeOf(accounts.confirmTotp(id, right))).toBe('RATE_LIMITED');
    expect(await codeOf(accounts.confirmTotp(id, right, { signal: AbortSignal.abort() }))).toBe('ABORTED');
    await login({ totp: code() });
    clock.advance(10 * MINUTE);
    await accounts.confirmTotp(id, authenticatorCode(secret, clock.now()));
  });

  it('lapses after a quarter of an hour', async () => {
    const { accounts, add, clock } = seededTestAccounts();
    const { id } = await add('ann');
    const { secret } = await accounts.enrollTotp(id);
    clock.advance(15 * MINUTE);
    expect(await codeOf(accounts.confirmTotp(id, authenticatorCode(secret, clock.now())))).toBe(
      'SECOND_FACTOR_NOT_FOUND',
    );
  });

  it('that is begun again makes the first secret worthless, and the active one stays until it is confirmed', async () => {
    const { accounts, id, secret, code, clock, login } = await enrolled();
    const first = await accounts.enrollTotp(id);
    const second = await accounts.enrollTotp(id);
    expect(await codeOf(accounts.confirmTotp(id, authenticatorCode(first.secret, clock.now())))).toBe(
      'SECOND_FACTOR_INVALID',
    );
    await login({ totp: code() });
    clock.advance(30_000);
    await accounts.confirmTotp(id, authenticatorCode(second.secret, clock.now()));
    clock.advance(30_000);
    expect(await codeOf(login({ totp: authenticatorCode(secret, clock.now()) }))).toBe('SECOND_FACTOR_INVALID');
    await login({ totp: authenticatorCode(second.secret, clock.now()) });
  });

  it('is refused for a name that is none', async () => {
    const { accounts, add } = seededTestAccounts();
    const { id } = await add('ann');
    for (const options of [{ issuer: '' }, { issuer: 'x'.repeat(65) }, { issuer: 'a\nb' }, { issuer: 5 }, null]) {
      expect(await codeOf(accounts.enrollTotp(id, options as never))).toBe('INVALID_ARGUMENT');
    }
  });
});

describe('recovery codes', () => {
  it('serve once each, however they are typed', async () => {
    const { login, recoveryCodes } = await enrolled();
    expect(new Set(recoveryCodes).size).toBe(10);
    const [first = '', second = ''] = recoveryCodes;
    expect(first).toMatch(/^([0-9a-z]{4}-){3}[0-9a-z]{4}$/);
    await login({ recoveryCode: ` ${first.toUpperCase().replaceAll('-', ' ')}` });
    expect(await codeOf(login({ recoveryCode: first }))).toBe('SECOND_FACTOR_INVALID');
    await login({ recoveryCode: second });
    expect(await codeOf(login({ recoveryCode: 'aaaa-aaaa-aaaa-aaaa' }))).toBe('SECOND_FACTOR_INVALID');
    expect(await codeOf(login({ recoveryCode: '' }))).toBe('SECOND_FACTOR_INVALID');
  });

  it('serve once when they come at once', async () => {
    const { login, recoveryCodes, another } = await enrolled({
      loginThrottle: { account: false, secondFactor: false },
    });
    const other = another();
    const secondFactor = { recoveryCode: recoveryCodes[0] as string };
    const outcomes = await Promise.allSettled([
      login(secondFactor),
      other.login({ login: 'ann', password: PASSWORD, secondFactor }),
      login(secondFactor),
    ]);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });

  it('of another account are worth nothing here', async () => {
    const { accounts, add, clock, login } = await enrolled();
    const { id } = await add('bob');
    const { secret } = await accounts.enrollTotp(id);
    const { recoveryCodes } = await accounts.confirmTotp(id, authenticatorCode(secret, clock.now()));
    expect(await codeOf(login({ recoveryCode: recoveryCodes[0] as string }))).toBe('SECOND_FACTOR_INVALID');
  });

  it('can be renewed, which ends the former ones', async () => {
    const { accounts, id, login, recoveryCodes } = await enrolled();
    const renewed = await accounts.renewRecoveryCodes(id);
    expect(await codeOf(login({ recoveryCode: recoveryCodes[0] as string }))).toBe('SECOND_FACTOR_INVALID');
    await login({ recoveryCode: renewed.recoveryCodes[0] as string });
  });
});

describe('an account that requires a second factor', () => {
  it('lets nobody in before one is enrolled', async () => {
    const { accounts, clock } = seededTestAccounts();
    const { id } = await accounts.create({ login: 'ann', password: 'kobold-r', secondFactorRequired: true });
    const login = (secondFactor = {}) => accounts.login({ login: 'ann', password: 'kobold-r', ...secondFactor });
    expect(await rejection(login())).toMatchObject({ code: 'SECOND_FACTOR_REQUIRED', facts: { isEnrolled: false } });
    expect(await codeOf(login({ secondFactor: { totp: '123456' } }))).toBe('SECOND_FACTOR_INVALID');
    const { secret } = await accounts.enrollTotp(id);
    await accounts.confirmTotp(id, authenticatorCode(secret, clock.now()));
    clock.advance(30_000);
    await login({ secondFactor: { totp: authenticatorCode(secret, clock.now()) } });
    await accounts.removeSecondFactor(id);
    expect(await codeOf(login())).toBe('SECOND_FACTOR_REQUIRED');
  });

  it('can be made to by an update', async () => {
    const { accounts, add } = seededTestAccounts();
    const { id } = await add('ann');
    expect((await accounts.update(id, { secondFactorRequired: true })).secondFactorRequired).toBe(true);
    expect(await codeOf(accounts.login({ login: 'ann', password: PASSWORD }))).toBe('SECOND_FACTOR_REQUIRED');
  });
});

describe('without a second factor', () => {
  it('there is none to remove or to renew, and a code does no harm', async () => {
    const { accounts, add } = seededTestAccounts();
    const { id } = await add('ann');
    expect(await codeOf(accounts.removeSecondFactor(id))).toBe('SECOND_FACTOR_NOT_FOUND');
    expect(await codeOf(accounts.renewRecoveryCodes(id))).toBe('SECOND_FACTOR_NOT_FOUND');
    expect(await codeOf(accounts.confirmTotp(id, '123456'))).toBe('SECOND_FACTOR_NOT_FOUND');
    await accounts.login({ login: 'ann', password: PASSWORD, secondFactor: { totp: '123456' } });
  });
});

it('the events of a second factor tell that, and no more', async () => {
  const { accounts, id, events, secret, recoveryCodes } = await enrolled();
  await accounts.renewRecoveryCodes(id);
  await accounts.removeSecondFactor(id);
  const { items } = await events.pending({ limit: 100 });
  expect(
    items
      .filter(({ subject }) => subject === id)
      .map(({ type }) => type)
      .sort(),
  ).toEqual([
    'account.created',
    'account.recovery_codes_renewed',
    'account.second_factor_disabled',
    'account.second_factor_enabled',
  ]);
  expect(JSON.stringify(items)).not.toContain(secret);
  for (const code of recoveryCodes) expect(JSON.stringify(items)).not.toContain(code);
});
