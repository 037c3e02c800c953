import { AccountManager, LocalKeyring } from '@chancery/core';
import type { StorageBackend } from '@chancery/core/ports';
import { MemoryStorage } from '@chancery/storage-memory';
import { importJWK, jwtVerify } from 'jose';
import { inProcess } from './harness/contestant.ts';
import { atLeast, atMost, type Goal } from './harness/goal.ts';
import { race } from './harness/race.ts';

const JOSE = 'jose jwtVerify';
const OFFLINE = 'authenticate, offline';
const STRICT = 'authenticate, strict';
const REFRESH = 'refresh';
const ISSUER = 'https://app.example';
const PASSWORD = 'nothing to hide in here';

/** Accounts, the half about tokens: what a check of a token costs beside its signature. */
export const tokensGoal: Goal = async (context) => {
  const { storage, calls } = counted(new MemoryStorage());
  const accounts = new AccountManager({ storage, keyring: LocalKeyring.generate(), issuer: ISSUER });
  const { id } = await accounts.create({
    login: 'someone@example.com',
    password: PASSWORD,
    roles: ['reader', 'writer'],
  });
  let session = await accounts.login({ login: 'someone@example.com', password: PASSWORD });
  const token = session.accessToken;
  const [jwk] = (await accounts.jwks()).keys;
  if (jwk === undefined) throw new Error('there is no signing key');
  const key = await importJWK({ ...jwk }, jwk.alg);
  const expected = { issuer: ISSUER, audience: ISSUER, typ: 'at+jwt', algorithms: [jwk.alg] };

  const subjects = [
    (await jwtVerify(token, key, expected)).payload.sub,
    (await accounts.authenticate(token, { mode: 'offline' })).accountId,
    (await accounts.authenticate(token)).accountId,
  ];
  if (subjects.some((subject) => subject !== id)) throw new Error(`they disagree on whose token it is: ${subjects}`);
  const before = calls();
  const { accessToken } = await accounts.refresh(session);
  const roundTrips = calls() - before;
  await accounts.authenticate(accessToken);
  session = await accounts.login({ login: 'someone@example.com', password: PASSWORD });

  const result = await race(
    [
      inProcess(JOSE, async (count) => {
        for (let i = 0; i < count; i++) await jwtVerify(token, key, expected);
      }),
      inProcess(OFFLINE, async (count) => {
        for (let i = 0; i < count; i++) await accounts.authenticate(token, { mode: 'offline' });
      }),
      inProcess(STRICT, async (count) => {
        for (let i = 0; i < count; i++) await accounts.authenticate(token);
      }),
      inProcess(REFRESH, async (count) => {
        for (let i = 0; i < count; i++) session = { ...session, ...(await accounts.refresh(session)) };
      }),
    ],
    context,
  );
  return {
    title: 'Accounts: access tokens of ES256 on memory storage',
    tables: [{ title: 'tokens', unit: 'rate', base: JOSE, lanes: result.lanes }],
    verdicts: [
      atLeast(0.8, `${JOSE}, offline`, result.ratio(OFFLINE, JOSE)),
      atLeast(0.6, `${JOSE}, strict`, result.ratio(STRICT, JOSE)),
      atMost(3, 'round trips to the storage for a refresh', roundTrips),
    ],
    notes: [],
  };
};

/** Counts the calls that reach a storage. */
function counted(backend: StorageBackend): { readonly storage: StorageBackend; readonly calls: () => number } {
  let calls = 0;
  const storage = new Proxy(backend, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      return (...given: unknown[]) => {
        calls += 1;
        return Reflect.apply(value, target, given);
      };
    },
  });
  return { storage, calls: () => calls };
}
