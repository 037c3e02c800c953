import { ConflictError, InvalidInputError, LocalKeyring, nodeCrypto, SealError, StorageError } from '@chancery/core';
import { VirtualClock } from '@chancery/core/testing';
import { describe, expect, it } from 'vitest';
import { createTestStorage, recordCommits } from '../../../core/test/support/test-storage.ts';
import { type Answer, json } from '../../src/exchange/answer.ts';
import { Idempotency, type IdempotentRequest } from '../../src/idempotency/idempotency.ts';
import { StateStorage } from '../../src/limits/state-storage.ts';
import { callApi, createTestApi, ORIGIN, PASSWORD } from '../support/test-api.ts';

/** What instances of the API share, on whatever storage the project of these tests puts under them. */
const HOUR = 3_600_000;

const REQUEST: IdempotentRequest = {
  key: 'order-1',
  operationId: 'createThing',
  isAtomic: true,
  sender: undefined,
  ip: '192.0.2.1',
  path: '/things',
  body: new TextEncoder().encode('{"password":"seventeen purple otters"}'),
};

/** Two instances, and how often either has done what it was asked. */
function twoInstances() {
  const clock = new VirtualClock();
  const keyring = LocalKeyring.generate();
  const { storage, another } = createTestStorage(clock);
  const instanceOn = (on: typeof storage, ring = keyring) =>
    new Idempotency(new StateStorage({ storage: on, keyring: ring, crypto: nodeCrypto() }), clock);
  let done = 0;
  const run = async (): Promise<Answer> => {
    done += 1;
    return json({ done });
  };
  return {
    clock,
    keyring,
    storage,
    instanceOn,
    one: instanceOn(storage),
    two: instanceOn(another()),
    run,
    count: () => done,
  };
}

const failing = (error: unknown) => () => Promise.reject(error);
const codeOf = async (promise: Promise<unknown>) => {
  try {
    await promise;
    return 'done';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe('a request under an idempotency key', () => {
  it('is done once by instances that have it at one time, and for 24 hours its answer is the same', async () => {
    const { clock, one, two, run, count } = twoInstances();
    const codes = await Promise.all([one, two, one, two].map((each) => codeOf(each.once(REQUEST, run))));
    expect(codes.filter((code) => code !== 'done' && code !== 'IDEMPOTENCY_IN_PROGRESS')).toEqual([]);
    expect(count()).toBe(1);
    clock.advance(24 * HOUR - 1_000);
    const again = await two.once(REQUEST, run);
    expect([again.body, again.headers.slice(-2)]).toEqual(['{"done":1}', ['idempotency-replayed', 'true']]);
    clock.advance(2_000);
    expect((await one.once(REQUEST, run)).body).toBe('{"done":2}');
  });

  it('is another one for another sender, operation or key, and refused for another body or path', async () => {
    const { one, two, run, count } = twoInstances();
    await one.once(REQUEST, run);
    for (const other of [{ key: 'order-2' }, { operationId: 'createOther' }, { ip: '192.0.2.2' }]) {
      expect((await two.once({ ...REQUEST, ...other }, run)).headers).not.toContain('idempotency-replayed');
    }
    const sender = { accountId: '192.0.2.1' } as NonNullable<IdempotentRequest['sender']>;
    await two.once({ ...REQUEST, sender }, run);
    expect(count()).toBe(5);
    for (const other of [{ path: '/things/2' }, { body: new Uint8Array() }]) {
      expect(await codeOf(two.once({ ...REQUEST, ...other }, run))).toBe('IDEMPOTENCY_KEY_REUSED');
    }
  });

  it.each([
    ['atomic', true, new InvalidInputError('INVALID_ARGUMENT', 'x'), 'done'],
    ['atomic', true, new StorageError('STORAGE_UNAVAILABLE', 'x', { retryable: true }), 'done'],
    [
      'atomic',
      true,
      new StorageError('STORAGE_OUTCOME_UNKNOWN', 'x', { outcome: 'unknown' }),
      'IDEMPOTENCY_OUTCOME_UNKNOWN',
    ],
    ['stepwise', false, new InvalidInputError('INVALID_ARGUMENT', 'x'), 'done'],
    [
      'stepwise',
      false,
      new StorageError('STORAGE_UNAVAILABLE', 'x', { retryable: true }),
      'IDEMPOTENCY_OUTCOME_UNKNOWN',
    ],
    ['stepwise', false, new ConflictError('COMMIT_CONFLICT', 'x'), 'IDEMPOTENCY_OUTCOME_UNKNOWN'],
    ['stepwise', false, 'no error at all', 'IDEMPOTENCY_OUTCOME_UNKNOWN'],
  ])(
    'that is %s and fails is done again only where nothing can have been done (%#)',
    async (_, isAtomic, error, then) => {
      const { one, two, run, count } = twoInstances();
      const request = { ...REQUEST, isAtomic };
      await expect(one.once(request, failing(error))).rejects.toBe(error);
      expect(await codeOf(two.once(request, run))).toBe(then);
      expect(count()).toBe(then === 'done' ? 1 : 0);
    },
  );

  it('has its answer although that cannot be sealed to be given again', async () => {
    const { keyring, storage, instanceOn, run, two } = twoInstances();
    let seals = 0;
    const broken = new Proxy(keyring, {
      get(target, property) {
        const value: unknown = Reflect.get(target, property, target);
        if (property !== 'seal') return typeof value === 'function' ? value.bind(target) : value;
        return (...given: Parameters<typeof keyring.seal>) => {
          seals += 1;
          if (seals > 1) throw new SealError('SEAL_KEY_UNKNOWN', 'the keys are away');
          return keyring.seal(...given);
        };
      },
    });
    expect((await instanceOn(storage, broken).once(REQUEST, run)).body).toBe('{"done":1}');
    expect(await codeOf(two.once(REQUEST, run))).toBe('IDEMPOTENCY_IN_PROGRESS');
  });

  it('leaves nothing legible of what was sent or answered', async () => {
    const { storage, instanceOn } = twoInstances();
    const recorded = recordCommits(storage);
    await instanceOn(recorded.storage).once(REQUEST, async () => json({ secret: 'nineteen green ferrets' }));
    const puts = recorded.commits.flat().flatMap((write) => (write.kind === 'put' ? [write] : []));
    expect(puts.map(({ collection }) => collection)).toEqual(['http_idempotency', 'http_idempotency']);
    const text = puts
      .map(({ bytes, ...rest }) => JSON.stringify(rest) + Buffer.from(bytes ?? []).toString('latin1'))
      .join();
    for (const word of ['otters', 'ferrets', 'order-1', '192.0.2.1']) expect(text).not.toContain(word);
  });
});

describe('instances on one storage', () => {
  it('count the requests of an account, an address and what it fails with together', async () => {
    const two = { limit: 2, periodMs: 60_000 };
    const api = await createTestApi({ rateLimits: { account: two, address: two, failedTokens: two } });
    const handlers = [api.handlers, api.another({ storage: api.anotherStorage() })];
    const statuses = async (ask: (on: (typeof handlers)[number]) => Promise<{ status: number }>) => {
      const seen = [];
      for (let at = 0; at < 3; at++) seen.push((await ask(handlers[at % 2] as typeof api.handlers)).status);
      return seen;
    };
    const { token } = api.ann;
    expect(await statuses((on) => callApi(on, 'GET', '/accounts/me', { token }))).toEqual([200, 200, 429]);
    const login = { json: { login: 'bob', password: PASSWORD } };
    expect(await statuses((on) => callApi(on, 'POST', '/sessions', login))).toEqual([201, 201, 429]);
    expect(await statuses((on) => callApi(on, 'GET', '/accounts/me', { token: 'forged' }))).toEqual([401, 401, 429]);
    api.clock.advance(30_000);
    expect((await callApi(api.handlers, 'GET', '/accounts/me', { token })).status).toBe(200);
  });

  it('know one another’s sessions: opened, refreshed, used twice, ended', async () => {
    const api = await createTestApi();
    const other = api.another({ storage: api.anotherStorage() });
    const headers = { origin: ORIGIN };
    const login = await api.call('POST', '/sessions', {
      json: { login: 'ann', password: PASSWORD, cookie: true },
      headers,
    });
    const cookie = login.headers
      .getSetCookie()
      .map((each) => each.split(';')[0])
      .join('; ');
    const ask = (token: string, given: Record<string, string>) =>
      callApi(other, 'GET', '/sessions/current', { token, headers: given });
    expect((await ask(login.body.accessToken, { cookie })).status).toBe(200);
    expect((await ask(login.body.accessToken, {})).body.code).toBe('BINDING_REQUIRED');
    const refresh = () => callApi(other, 'POST', '/sessions/refresh', { json: {}, headers: { ...headers, cookie } });
    const refreshed = await refresh();
    expect(refreshed.status).toBe(200);
    expect((await refresh()).body.code).toBe('REFRESH_TOKEN_REUSED');
    expect((await ask(refreshed.body.accessToken, { cookie })).body.code).toBe('TOKEN_REVOKED');
  });
});
