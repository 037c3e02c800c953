import { describe, expect, it } from 'vitest';
import { EventLog, LocalKeyring } from '../../src/index.ts';
import { faultInjector } from '../../src/testing/fault-injector.ts';
import { SoftwareAuthenticator, type Twist } from '../support/authenticators/software-authenticator.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { storageSize } from '../support/test-storage.ts';
import { bed, logIn, reasonOf, register, registered } from './support/passkey-bed.ts';
import { MINUTE, PASSWORD } from './support/test-accounts.ts';

describe('a passkey', () => {
  it.each(['ES256', 'EdDSA'] as const)('of %s logs in by itself', async (kind) => {
    const { accounts, id, login } = await registered({}, new SoftwareAuthenticator(kind));
    const { accessToken, refreshToken, deviceToken } = await login();
    expect(await accounts.authenticate(accessToken)).toMatchObject({ accountId: id });
    await accounts.refresh({ refreshToken });
    expect(deviceToken).toMatch(/^chancery_device_/);
  });

  it('is asked for in a way that tells nothing of any account', async () => {
    const { accounts } = await registered();
    const { challenge, ...rest } = await accounts.beginPasskeyAuthentication();
    expect(challenge).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(rest).toEqual({ rpId: 'app.example', timeout: 5 * MINUTE, userVerification: 'required' });
  });

  it('is listed, and removed for good', async () => {
    const { accounts, id, passkey, login, clock } = await registered();
    expect(passkey).toMatchObject({ name: 'phone', transports: ['internal'], isBackedUp: false });
    expect(await accounts.passkeys(id)).toEqual({ items: [passkey] });
    clock.advance(MINUTE);
    await login();
    expect((await accounts.passkeys(id)).items[0]?.lastUsedAt).toEqual(new Date(clock.now()));
    await accounts.removePasskey(id, passkey.passkeyId);
    expect(await accounts.passkeys(id)).toEqual({ items: [] });
    expect(await reasonOf(login())).toBe('credential');
    expect(await codeOf(accounts.removePasskey(id, passkey.passkeyId))).toBe('PASSKEY_NOT_FOUND');
  });

  it('is called something else by its owner, and opens the account as before', async () => {
    const { accounts, id, passkey, login, add, clock } = await registered();
    clock.advance(MINUTE);
    const renamed = await accounts.renamePasskey(id, passkey.passkeyId, 'Ann’s key');
    expect(renamed).toEqual({ ...passkey, name: 'Ann’s key' });
    expect(await accounts.passkeys(id)).toEqual({ items: [renamed] });
    await login();
    for (const name of ['', 'x'.repeat(257), 'a\0b', 7 as never]) {
      expect(await codeOf(accounts.renamePasskey(id, passkey.passkeyId, name))).toBe('INVALID_ARGUMENT');
    }
    const { id: other } = await add('bob');
    for (const [owner, passkeyId] of [
      [other, passkey.passkeyId],
      [id, 'x'],
      [id, 'A'.repeat(43)],
    ] as const) {
      expect(await codeOf(accounts.renamePasskey(owner, passkeyId, 'mine'))).toBe('PASSKEY_NOT_FOUND');
    }
  });

  it('is one of several, each by itself', async () => {
    const { accounts, id, device, login } = await registered();
    const second = new SoftwareAuthenticator('EdDSA');
    const options = await accounts.beginPasskeyRegistration(id);
    expect(options.excludeCredentials).toEqual([
      { type: 'public-key', id: device.credentialId, transports: ['internal'] },
    ]);
    const { passkeyId } = await accounts.finishPasskeyRegistration(id, second.create(options));
    await logIn(accounts, second);
    await login();
    await accounts.removePasskey(id, passkeyId);
    expect(await reasonOf(logIn(accounts, second))).toBe('credential');
    await login();
  });

  it('opens neither a disabled nor a deleted account', async () => {
    const { accounts, id, login, storage, passkey } = await registered();
    await accounts.disable(id);
    expect(await reasonOf(login())).toBe('credential');
    await accounts.enable(id);
    await login();
    await accounts.delete(id);
    expect(await reasonOf(login())).toBe('credential');
    expect(await storage.get([{ collection: 'account_passkeys', id: passkey.passkeyId }])).toEqual([undefined]);
  });

  it('is told of in the events by its id, and nothing else of it is', async () => {
    const { accounts, id, passkey, events, device, clock } = await registered();
    clock.advance(1);
    await accounts.removePasskey(id, passkey.passkeyId);
    const { items } = await events.pending({ limit: 100 });
    const told = items.filter(({ type }) => type.startsWith('account.passkey_'));
    expect(told.map(({ type, data }) => [type, data])).toEqual([
      ['account.passkey_added', { accountId: id, roles: [], passkeyId: passkey.passkeyId }],
      ['account.passkey_removed', { accountId: id, roles: [], passkeyId: passkey.passkeyId }],
    ]);
    expect(JSON.stringify(items)).not.toContain(device.credentialId);
  });
});

describe('an answer is refused', () => {
  it('a second time', async () => {
    const { accounts, another, device, id } = await registered();
    const passkey = device.get(await accounts.beginPasskeyAuthentication());
    await accounts.loginWithPasskey({ passkey });
    expect(await reasonOf(accounts.loginWithPasskey({ passkey }))).toBe('challenge');
    expect(await reasonOf(another().loginWithPasskey({ passkey }))).toBe('challenge');
    const second = new SoftwareAuthenticator();
    const response = second.create(await accounts.beginPasskeyRegistration(id));
    await accounts.finishPasskeyRegistration(id, response);
    expect(await reasonOf(accounts.finishPasskeyRegistration(id, response))).toBe('challenge');
  });

  it('that comes too late', async () => {
    const { accounts, device, clock, id } = await registered();
    const passkey = device.get(await accounts.beginPasskeyAuthentication());
    const response = new SoftwareAuthenticator().create(await accounts.beginPasskeyRegistration(id));
    clock.advance(5 * MINUTE);
    expect(await reasonOf(accounts.loginWithPasskey({ passkey }))).toBe('challenge');
    expect(await reasonOf(accounts.finishPasskeyRegistration(id, response))).toBe('challenge');
  });

  it('to a challenge that nobody drew, or that was drawn for something else', async () => {
    const { accounts, device, id, add } = await registered();
    const request = await accounts.beginPasskeyAuthentication();
    const challenge = Buffer.alloc(32, 7).toString('base64url');
    expect(await reasonOf(accounts.loginWithPasskey({ passkey: device.get({ ...request, challenge }) }))).toBe(
      'challenge',
    );
    const creation = await accounts.beginPasskeyRegistration(id);
    const misused = device.get({ ...request, challenge: creation.challenge });
    expect(await reasonOf(accounts.loginWithPasskey({ passkey: misused }))).toBe('challenge');
    const fresh = new SoftwareAuthenticator().create({ ...creation, challenge: request.challenge });
    expect(await reasonOf(accounts.finishPasskeyRegistration(id, fresh))).toBe('challenge');
    const bob = await add('bob');
    const stolen = new SoftwareAuthenticator().create(creation);
    expect(await reasonOf(accounts.finishPasskeyRegistration(bob.id, stolen))).toBe('challenge');
    expect((await accounts.passkeys(bob.id)).items).toEqual([]);
  });
});

describe('a counter', () => {
  it('that goes back, or stands still, is a copy of the device', async () => {
    const { accounts, device, login, log } = await registered();
    const copy = device.clone();
    await login();
    expect(await reasonOf(logIn(accounts, copy))).toBe('counter');
    expect(log.join()).toContain('The counter of a passkey went back');
    await login();
    expect(await reasonOf(login({ counter: 0 }))).toBe('counter');
  });

  it('that is always 0 is of a device that does not count', async () => {
    const { login } = await registered({}, new SoftwareAuthenticator('ES256', 0));
    await login();
    await login();
  });
});

describe('a registration', () => {
  it('of a passkey that is there is refused, whoever has it', async () => {
    const { accounts, id, device, add } = await registered();
    const copy = device.clone();
    expect(await codeOf(register(accounts, id, device))).toBe('PASSKEY_EXISTS');
    const bob = await add('bob');
    expect(await codeOf(register(accounts, bob.id, device))).toBe('PASSKEY_EXISTS');
    const { accountId } = await logIn(accounts, copy);
    expect(accountId).toBe(id);
  });

  it('past the twentieth is refused', async () => {
    const { accounts, id } = await bed();
    for (let at = 0; at < 19; at++) await register(accounts, id, new SoftwareAuthenticator('EdDSA'));
    const open = [await accounts.beginPasskeyRegistration(id), await accounts.beginPasskeyRegistration(id)];
    const outcomes = await Promise.allSettled(
      open.map((options) => accounts.finishPasskeyRegistration(id, new SoftwareAuthenticator().create(options))),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(await codeOf(accounts.beginPasskeyRegistration(id))).toBe('PASSKEY_LIMIT');
    expect((await accounts.passkeys(id)).items).toHaveLength(20);
  });

  it('is for accounts that exist', async () => {
    const { accounts, id, device } = await registered();
    const options = await accounts.beginPasskeyRegistration(id);
    await accounts.delete(id);
    expect(await codeOf(accounts.finishPasskeyRegistration(id, device.create(options)))).toBe('ACCOUNT_NOT_FOUND');
    for (const act of ['beginPasskeyRegistration', 'passkeys'] as const) {
      expect(await codeOf(accounts[act](id))).toBe('ACCOUNT_NOT_FOUND');
      expect(await codeOf(accounts[act]('nobody'))).toBe('ACCOUNT_NOT_FOUND');
    }
  });

  it('of another account cannot be removed', async () => {
    const { accounts, passkey, add, login } = await registered();
    const bob = await add('bob');
    for (const passkeyId of [passkey.passkeyId, 'x', '']) {
      expect(await codeOf(accounts.removePasskey(bob.id, passkeyId))).toBe('PASSKEY_NOT_FOUND');
    }
    await login();
  });
});

describe('in a race', () => {
  it('one of many answers to one challenge opens one session', async () => {
    const { accounts, another, device, id } = await registered();
    const instances = [accounts, another(), another()];
    const passkey = device.get(await accounts.beginPasskeyAuthentication());
    const outcomes = await Promise.allSettled(
      Array.from({ length: storageSize(20, 6) }, (_, at) => instances[at % 3]?.loginWithPasskey({ passkey })),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    for (const outcome of outcomes) {
      if (outcome.status === 'rejected') expect(outcome.reason).toMatchObject({ code: 'PASSKEY_INVALID' });
    }
    expect((await accounts.sessions(id)).items).toHaveLength(1);
  });

  it('one of two registrations by one challenge is kept', async () => {
    const { accounts, another, id } = await bed();
    const options = await accounts.beginPasskeyRegistration(id);
    const outcomes = await Promise.allSettled(
      [accounts, another()].map((each) =>
        each.finishPasskeyRegistration(id, new SoftwareAuthenticator().create(options)),
      ),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect((await accounts.passkeys(id)).items).toHaveLength(1);
  });

  it('of two copies of a device with one counter one gets in', async () => {
    const { accounts, device } = await registered();
    const copies = [device, device.clone()];
    const answers = await Promise.all(
      copies.map(async (copy) => copy.get(await accounts.beginPasskeyAuthentication())),
    );
    const outcomes = await Promise.allSettled(answers.map((passkey) => accounts.loginWithPasskey({ passkey })));
    expect(outcomes.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });
});

describe('as a second factor', () => {
  const required = async () => {
    const made = await registered();
    await made.accounts.update(made.id, { secondFactorRequired: true });
    const password = (secondFactor?: object) =>
      made.accounts.login({ login: 'ann', password: PASSWORD, ...(secondFactor && { secondFactor }) });
    const answer = async (device = made.device, twist: Twist = {}) => ({
      passkey: device.get(await made.accounts.beginPasskeyAuthentication(), twist),
    });
    return { ...made, password, answer };
  };

  it('it opens the account together with the password, once', async () => {
    const { password, answer } = await required();
    expect(await rejection(password())).toMatchObject({ code: 'SECOND_FACTOR_REQUIRED', facts: { isEnrolled: true } });
    const given = await answer();
    expect(await password(given)).toHaveProperty('accessToken');
    expect(await codeOf(password(given))).toBe('SECOND_FACTOR_INVALID');
  });

  it('is worth nothing when it is of another account, or does not hold', async () => {
    const { accounts, password, answer, add, device } = await required();
    const bob = await add('bob');
    const bobs = new SoftwareAuthenticator();
    await register(accounts, bob.id, bobs);
    expect(await codeOf(password(await answer(bobs)))).toBe('SECOND_FACTOR_INVALID');
    expect(await codeOf(password(await answer(device, { origin: 'https://evil.test' })))).toBe('SECOND_FACTOR_INVALID');
    const both = { ...(await answer()), totp: '123456' };
    expect(await codeOf(password(both))).toBe('INVALID_ARGUMENT');
  });

  it('of an account that needs none is not asked for', async () => {
    const { accounts } = await registered();
    expect(await accounts.login({ login: 'ann', password: PASSWORD })).toHaveProperty('accessToken');
  });
});

describe('what is stored', () => {
  it('shows neither key nor credential id, and cannot be moved to another account', async () => {
    const { storage, passkey, device, add, accounts, login } = await registered();
    const bob = await add('bob');
    const [document] = await storage.get([{ collection: 'account_passkeys', id: passkey.passkeyId }]);
    expect(JSON.stringify(document?.data)).not.toContain(device.credentialId);
    expect(Buffer.from(document?.bytes ?? []).toString('latin1')).not.toContain(device.credentialId);
    const { data = {}, bytes = new Uint8Array() } = document ?? {};
    const put = { kind: 'put', collection: 'account_passkeys', id: passkey.passkeyId, bytes } as const;
    await storage.commit([{ ...put, version: 'moved', data: { ...data, accountId: bob.id } }]);
    expect(await codeOf(login())).toBe('STORAGE_CORRUPT');
    expect((await accounts.sessions(bob.id)).items).toEqual([]);
  });

  it('is sealed anew after the keyring has rotated', async () => {
    const keyring = LocalKeyring.generate();
    const made = await registered({ keyring });
    const rotated = keyring.rotate();
    const task = made
      .another({ keyring: rotated })
      .maintenance()
      .find(({ name }) => name === 'accounts:reseal:passkeys');
    await task?.run({ limit: 10 });
    const [document] = await made.storage.get([{ collection: 'account_passkeys', id: made.passkey.passkeyId }]);
    expect(rotated.needsReseal(document?.bytes ?? new Uint8Array())).toBe(false);
    await logIn(made.another({ keyring: rotated }), made.device);
  });
});

describe('a storage that fails at any step', () => {
  it.each(['refuse', 'loseRequest', 'loseAnswer', 'landLate'] as const)(
    '(%s) lets one answer in, or none',
    async (kind) => {
      const made = await registered();
      const { accounts, another, storage, clock, device, id } = made;
      const faults = faultInjector(storage, { seed: 7 });
      const afflicted = another({ storage: faults, events: new EventLog({ storage: faults, clock }) });
      let hits = 1;
      for (let skip = 0; hits > 0; skip += storageSize(1, 3)) {
        const passkey = device.get(await accounts.beginPasskeyAuthentication());
        const before = (await accounts.sessions(id)).items.length;
        const logged = faults.log.length;
        faults.plan({ kind, skip, times: 2 });
        const [served] = await Promise.allSettled([afflicted.loginWithPasskey({ passkey })]);
        hits = faults.log.length - logged;
        faults.heal();
        await faults.settle();
        const [again] = await Promise.allSettled([accounts.loginWithPasskey({ passkey })]);
        const opened = (await accounts.sessions(id)).items.length - before;
        expect(opened).toBe(1);
        expect([served, again].filter(({ status }) => status === 'fulfilled').length).toBeLessThanOrEqual(1);
        if (served.status === 'fulfilled') expect(again.status).toBe('rejected');
      }
    },
  );
});

it('challenges are bounded by address', async () => {
  const { accounts, device } = await registered({ loginThrottle: { ip: { limit: 3, periodMs: 60 * MINUTE } } });
  const ip = '192.0.2.1';
  const request = await accounts.beginPasskeyAuthentication({ ip });
  await accounts.loginWithPasskey({ passkey: device.get(request), ip });
  await accounts.beginPasskeyAuthentication({ ip });
  expect(await codeOf(accounts.beginPasskeyAuthentication({ ip }))).toBe('RATE_LIMITED');
  await accounts.beginPasskeyAuthentication({ ip: '192.0.2.2' });
  expect(await codeOf(accounts.beginPasskeyAuthentication({ ip: 'nowhere' }))).toBe('INVALID_ARGUMENT');
});
