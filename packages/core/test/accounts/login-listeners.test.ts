import { describe, expect, it } from 'vitest';
import type { LoginOutcome } from '../../src/index.ts';
import { authenticatorCode } from '../support/authenticators/authenticator-code.ts';
import { codeOf } from '../support/expect-error.ts';
import { overriding } from '../support/test-storage.ts';
import { registered } from './support/passkey-bed.ts';
import { createTestAccounts, PASSWORD } from './support/test-accounts.ts';

describe('a listener to logins', () => {
  it('is told of each attempt, by password or passkey, and what it came to', async () => {
    const { accounts, id, clock, login, device } = await registered();
    const told: LoginOutcome[] = [];
    const end = accounts.onLogin((outcome) => told.push(outcome));
    const byPassword = (rest = {}) => accounts.login({ login: 'ann', password: PASSWORD, ...rest });
    await byPassword();
    await codeOf(byPassword({ password: 'not the password of ann' }));
    await codeOf(byPassword({ login: 'nobody' }));
    await codeOf(byPassword({ proof: { dpop: 'nonsense', method: 'GET', url: 'https://app.example/' } }));
    await codeOf(byPassword({ ip: 'nowhere' }));
    const { secret } = await accounts.enrollTotp(id);
    await accounts.confirmTotp(id, authenticatorCode(secret, clock.now()));
    await codeOf(byPassword());
    await codeOf(byPassword({ secondFactor: { totp: '000000' } }));
    await login();
    await codeOf(
      accounts.loginWithPasskey({
        passkey: device.get(await accounts.beginPasskeyAuthentication(), { origin: 'https://evil.example' }),
      }),
    );
    const failed = (code: string) => ({ method: 'password', succeeded: false, code });
    expect(told).toEqual([
      { method: 'password', succeeded: true },
      failed('CREDENTIALS_INVALID'),
      failed('CREDENTIALS_INVALID'),
      failed('PROOF_INVALID'),
      failed('INVALID_ARGUMENT'),
      failed('SECOND_FACTOR_REQUIRED'),
      failed('SECOND_FACTOR_INVALID'),
      { method: 'passkey', succeeded: true },
      { method: 'passkey', succeeded: false, code: 'PASSKEY_INVALID' },
    ]);
    end();
    end();
    await codeOf(byPassword());
    expect(told).toHaveLength(9);
  });

  it('is told of neither refreshes nor changes of a password', async () => {
    const { accounts, add } = createTestAccounts();
    const { id } = await add('ann');
    const { refreshToken } = await accounts.login({ login: 'ann', password: PASSWORD });
    const told: LoginOutcome[] = [];
    accounts.onLogin((outcome) => told.push(outcome));
    await accounts.refresh({ refreshToken });
    await accounts.verifyPassword({ accountId: id, password: PASSWORD });
    await accounts.changePassword({ accountId: id, current: PASSWORD, next: 'eleven amber lanterns' });
    expect(told).toEqual([]);
  });

  it('that fails is logged without what it says, and neither fails the login nor silences another', async () => {
    const { accounts, add, log } = createTestAccounts();
    await add('ann');
    const told: LoginOutcome[] = [];
    accounts.onLogin(() => {
      throw new RangeError('secret words');
    });
    accounts.onLogin(() => Promise.reject('secret words'));
    accounts.onLogin((outcome) => told.push(outcome));
    await accounts.login({ login: 'ann', password: PASSWORD });
    expect(told).toHaveLength(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(log.filter((line) => line.startsWith('A listener to logins failed'))).toEqual([
      'A listener to logins failed {"error":"RangeError"}',
      'A listener to logins failed {"error":"string"}',
    ]);
    expect(log.join()).not.toContain('secret words');
    expect(() => accounts.onLogin('log' as never)).toThrow('onLogin() takes a function');
  });

  it('is told of a failure that is none of the SDK by no code', async () => {
    const { storage } = createTestAccounts();
    const broken = overriding(storage, {
      throttle: () => {
        throw new Error('secret words');
      },
    });
    const { accounts } = createTestAccounts({ storage: broken });
    const told: LoginOutcome[] = [];
    accounts.onLogin((outcome) => told.push(outcome));
    await expect(accounts.login({ login: 'ann', password: PASSWORD })).rejects.toThrow('secret words');
    expect(told).toEqual([{ method: 'password', succeeded: false, code: undefined }]);
  });
});
