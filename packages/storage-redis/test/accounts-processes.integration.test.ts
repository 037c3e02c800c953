import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { AccountManager, LocalKeyring } from '@chancery/core';
import { RedisStorage } from '@chancery/storage-redis';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AccountsTask } from './support/accounts-process-main.ts';
import { type RedisServer, startRedis } from './support/redis-server.ts';

const ISSUER = 'https://app.example';
const CREDENTIALS = { login: 'someone@example.com', password: 'nothing to hide in here' };
const MAIN = fileURLToPath(new URL('./support/accounts-process-main.ts', import.meta.url));

/** A manager in another process. */
class AccountsProcess {
  readonly #child: ChildProcess;
  readonly ready: Promise<unknown>;
  #asked = 0;

  constructor(options: Readonly<Record<string, string>>) {
    this.#child = fork(MAIN, [JSON.stringify(options)], { execArgv: ['--conditions=source', '--import', 'tsx'] });
    this.#child.setMaxListeners(100);
    this.ready = once(this.#child, 'message');
  }

  ask(task: AccountsTask): Promise<string> {
    this.#asked += 1;
    const id = this.#asked;
    return new Promise((resolve, reject) => {
      const listen = (answer: { id: number; result: string }) => {
        if (answer.id !== id) return;
        this.#child.off('message', listen);
        resolve(answer.result);
      };
      this.#child.on('message', listen);
      this.#child.send({ id, task }, (error) => error && reject(error));
    });
  }

  async stop(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
  }
}

describe('two processes and this one', () => {
  let server: RedisServer;
  let storage: RedisStorage;
  let accounts: AccountManager;
  let others: AccountsProcess[];

  beforeAll(async () => {
    server = await startRedis();
    const key = Buffer.alloc(32, 7);
    const keyring = LocalKeyring.fromKeys({ current: 'key', keys: { key } });
    storage = new RedisStorage({ client: new Redis(server.url, { lazyConnect: true }) });
    accounts = new AccountManager({ storage, keyring, issuer: ISSUER });
    await accounts.create(CREDENTIALS);
    const options = { url: server.url, issuer: ISSUER, key: key.toString('hex') };
    others = [new AccountsProcess(options), new AccountsProcess(options)];
    await Promise.all(others.map(({ ready }) => ready));
  });

  afterAll(async () => {
    await Promise.all(others.map((other) => other.stop()));
    await storage.close();
    await server.stop();
  });

  const everywhere = (task: AccountsTask) => Promise.all(others.map((other) => other.ask(task)));

  it('verify while the signing key is rotated, and refuse what a compromised one signed', async () => {
    for (let round = 0; round < 3; round++) {
      const { accessToken: token } = await accounts.login(CREDENTIALS);
      expect(await everywhere({ kind: 'authenticate', token, mode: 'strict', times: 1 })).toEqual(['ok', 'ok']);
      const verified = everywhere({ kind: 'authenticate', token, mode: 'strict', times: 200 });
      // A key that waits to sign changes nothing for those that verify.
      await accounts.rotateSigningKey();
      expect(await verified).toEqual(['ok', 'ok']);
      await accounts.rotateSigningKey({ compromised: true });
      const refused = await everywhere({ kind: 'authenticate', token, mode: 'strict', times: 1 });
      expect(refused).toEqual(['TOKEN_REVOKED', 'TOKEN_REVOKED']);
      const { accessToken: fresh } = await accounts.login(CREDENTIALS);
      expect(await everywhere({ kind: 'authenticate', token: fresh, mode: 'offline', times: 1 })).toEqual(['ok', 'ok']);
    }
  });

  it('serve at most one of fifty bearers with one refresh token', async () => {
    const { refreshToken: token, accessToken } = await accounts.login(CREDENTIALS);
    const results = await Promise.all(
      Array.from({ length: 50 }, (_, at) => (others[at % 2] as AccountsProcess).ask({ kind: 'refresh', token })),
    );
    expect(results.filter((result) => result === 'ok')).toHaveLength(1);
    expect(new Set(results)).toEqual(new Set(['ok', 'REFRESH_TOKEN_REUSED', 'TOKEN_REVOKED']));
    await expect(accounts.authenticate(accessToken)).rejects.toMatchObject({ code: 'TOKEN_REVOKED' });
  });
});
