import { describe, expect, it } from 'vitest';
import { type AccountManager, LocalKeyring } from '../../src/index.ts';
import { authenticatorCode } from '../support/authenticators/authenticator-code.ts';
import { codeOf } from '../support/expect-error.ts';
import { overriding } from '../support/test-storage.ts';
import { createTestAccounts, DAY, OTHER_PASSWORD, PASSWORD, seededTestAccounts } from './support/test-accounts.ts';

/** Runs the chores until none has more to do. @returns how many runs that took */
async function runChores(accounts: AccountManager, limit: number): Promise<number> {
  let runs = 0;
  for (const task of accounts.maintenance()) {
    for (let more = true; more; runs++) more = (await task.run({ limit })).more;
  }
  return runs;
}

describe('a keyring that was rotated', () => {
  it('seals a password anew at the next login', async () => {
    const keyring = LocalKeyring.generate();
    const made = createTestAccounts({ keyring });
    const { id } = await made.add('ann');
    const rotated = keyring.rotate();
    const sealedBy = async () =>
      rotated.keyIdOf(
        (await made.storage.get([{ collection: 'account_credentials', id }]))[0]?.bytes ?? new Uint8Array(),
      );
    const accounts = made.another({ keyring: rotated });
    expect(await sealedBy()).toBe(keyring.currentKeyId);
    expect(await codeOf(accounts.login({ login: 'ann', password: OTHER_PASSWORD }))).toBe('CREDENTIALS_INVALID');
    expect(await sealedBy()).toBe(keyring.currentKeyId);
    await accounts.login({ login: 'ann', password: PASSWORD });
    expect(await sealedBy()).toBe(rotated.currentKeyId);
  });

  it('has everything sealed anew by the chores, page by page, and the former key can go', async () => {
    const keyring = LocalKeyring.generate();
    const made = seededTestAccounts({ keyring });
    const ids: string[] = [];
    for (const login of ['a', 'b', 'c', 'd', 'e']) ids.push((await made.add(login)).id);
    const { secret } = await made.accounts.enrollTotp(ids[0] as string);
    await made.accounts.confirmTotp(ids[0] as string, authenticatorCode(secret, made.clock.now()));
    const session = await made.accounts.login({ login: 'b', password: PASSWORD });
    const { deviceToken, refreshToken, refreshExpiresAt, sessionId } = session;

    const rotated = keyring.rotate();
    const runs = await runChores(made.another({ keyring: rotated }), 2);
    expect(runs).toBeGreaterThanOrEqual(6);
    const { current, keys } = rotated.export();
    const pruned = LocalKeyring.fromKeys({ current, keys: { [current]: keys[current] as Uint8Array } });
    const accounts = made.another({ keyring: pruned, loginThrottle: { account: { limit: 1, periodMs: DAY } } });
    for (const login of ['c', 'd', 'e']) await accounts.login({ login, password: PASSWORD });
    made.clock.advance(30_000);
    const totp = authenticatorCode(secret, made.clock.now());
    await accounts.login({ login: 'a', password: PASSWORD, secondFactor: { totp } });
    // The device is known still: it does not share the bucket of strangers.
    await codeOf(accounts.login({ login: 'b', password: OTHER_PASSWORD }));
    expect(await codeOf(accounts.login({ login: 'b', password: PASSWORD }))).toBe('RATE_LIMITED');
    await accounts.login({ login: 'b', password: PASSWORD, deviceToken });
    const [stored] = await made.storage.get([{ collection: 'account_sessions', id: sessionId }]);
    expect(stored?.expiresAt).toBe(refreshExpiresAt.getTime());
    expect((await accounts.refresh({ refreshToken })).sessionId).toBe(sessionId);
  });

  it('is no reason to write where nothing is due', async () => {
    const made = createTestAccounts();
    await made.add('ann');
    await made.accounts.login({ login: 'ann', password: PASSWORD });
    let commits = 0;
    const { storage } = made;
    const quiet = made.another({
      storage: overriding(storage, {
        commit: (writes) => {
          commits += 1;
          return storage.commit(writes);
        },
      }),
    });
    for (const task of quiet.maintenance().filter(({ name }) => name.includes('reseal'))) {
      expect(await task.run({ limit: 10 })).toEqual({ more: false, nextDueAt: made.clock.now() + DAY });
    }
    expect(commits).toBe(0);
  });

  it('one hash that does not open does not keep the others under the former key', async () => {
    const keyring = LocalKeyring.generate();
    const made = createTestAccounts({ keyring });
    const [bad, good] = [await made.add('a'), await made.add('b')];
    const [document] = await made.storage.get([{ collection: 'account_credentials', id: bad.id }]);
    const bytes = Uint8Array.from(document?.bytes ?? []);
    bytes[bytes.length - 1] = (bytes.at(-1) as number) ^ 1;
    await made.storage.commit([
      {
        kind: 'put',
        collection: 'account_credentials',
        id: bad.id,
        version: 'spoiled',
        data: document?.data ?? {},
        bytes,
      },
    ]);
    const rotated = keyring.rotate();
    const task = made
      .another({ keyring: rotated })
      .maintenance()
      .find(({ name }) => name === 'accounts:reseal:passwords');
    expect(await codeOf(task?.run({ limit: 10 }) as Promise<unknown>)).toBe('SEAL_OPEN_FAILED');
    const [after] = await made.storage.get([{ collection: 'account_credentials', id: good.id }]);
    expect(rotated.needsReseal(after?.bytes ?? new Uint8Array())).toBe(false);
    expect(await codeOf(made.accounts.login({ login: 'a', password: PASSWORD }))).toBe('SEAL_OPEN_FAILED');
  });
});

it('another keyring is refused at first use', async () => {
  const made = createTestAccounts();
  await made.add('ann');
  const stranger = made.another({ keyring: LocalKeyring.generate() });
  expect(await codeOf(stranger.login({ login: 'ann', password: PASSWORD }))).toBe('KEYRING_MISMATCH');
});
