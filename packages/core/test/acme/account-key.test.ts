import { beforeEach, describe, expect, it } from 'vitest';
import { type CryptoProvider, LocalKeyring, nodeCrypto } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { codeOf } from '../support/expect-error.ts';
import { ScriptedAcme, type ScriptedAnswer } from '../support/scripted-acme.ts';
import { settled } from '../support/settled.ts';
import { createTestIssuer, issueBy, requestFor, type TestIssuer } from '../support/test-issuer.ts';

let clock: VirtualClock;
let server: ScriptedAcme;
let made: TestIssuer;

beforeEach(async () => {
  clock = new VirtualClock();
  server = new ScriptedAcme(clock);
  made = createTestIssuer({ clock, fetch: server.fetch, waitMs: 0 });
  server.responder = made.another().http01Responder();
  await made.issuer.accountUrl();
});

/** Does something at the moment that the server is about to be told of a key. */
function atKeyChange(act: () => Promise<unknown>): void {
  server.intercept = async ({ path }): Promise<ScriptedAnswer | undefined> => {
    if (path !== '/key-change') return undefined;
    server.intercept = () => undefined;
    await act();
    return undefined;
  };
}

/** Whether an instance can speak for the account, and there is still but one. */
async function expectAccount(issuer = made.another()): Promise<void> {
  await issueBy(clock, issuer, await requestFor(['a.example']));
  expect(server.accounts).toHaveLength(1);
}

describe("a change of the account's key", () => {
  it('is not undone by an instance that starts meanwhile', async () => {
    const [before] = server.accounts;
    atKeyChange(() => made.another().accountUrl());
    await made.issuer.rotateAccountKey();
    expect(server.accounts[0]).not.toBe(before);
    await expectAccount();
  });

  it('by two instances at once leaves the account one key that both have', async () => {
    const other = made.another();
    await other.accountUrl();
    atKeyChange(() => other.rotateAccountKey());
    await made.issuer.rotateAccountKey();
    await expectAccount(other);
    await expectAccount(made.issuer);
  });

  it('is not overwritten by an instance that begins one before the other has written down the key that the server has', async () => {
    let reach = (): void => undefined;
    let goOn = (): void => undefined;
    const reached = new Promise<void>((resolve) => {
      reach = resolve;
    });
    const told = new Promise<void>((resolve) => {
      goOn = resolve;
    });
    let isAsking = false;
    server.intercept = async ({ path, payload }) => {
      if (path === '/key-change' && isAsking) goOn();
      if (path !== '/new-account' || payload?.onlyReturnExisting !== true || isAsking) return undefined;
      isAsking = true;
      reach();
      await told;
      return undefined;
    };
    let first: Promise<void> | undefined;
    const crypto = nodeCrypto();
    const generateKey: CryptoProvider['generateKey'] = async (algorithm) => {
      first = made.issuer.rotateAccountKey();
      await reached;
      return crypto.generateKey(algorithm);
    };
    const late = new Proxy(crypto, {
      get: (target, name) => {
        const value: unknown = name === 'generateKey' ? generateKey : Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    const other = made.another({ crypto: late });
    await other.accountUrl();
    await other.rotateAccountKey();
    await first;
    await expectAccount();
  });

  it('goes on with the key of one that came to nothing, and works for an instance that has slept through another', async () => {
    server.intercept = ({ path }) => (path === '/key-change' ? server.problem('serverInternal', 500) : undefined);
    expect(await codeOf(made.issuer.rotateAccountKey())).toBe('ACME_UNAVAILABLE');
    server.intercept = () => undefined;
    const other = made.another();
    await expectAccount(other);
    const [before] = server.accounts;
    await other.rotateAccountKey();
    await made.issuer.rotateAccountKey();
    expect(server.accounts[0]).not.toBe(before);
    await expectAccount(other);
  });

  it('that was cut short after it is seen by an instance that has the account open', async () => {
    const other = made.another();
    await other.accountUrl();
    const { fetch } = server;
    const dying = made.another({
      fetch: async (url, init) => {
        const answer = await fetch(url, init);
        if (url.endsWith('/key-change')) throw new Error('cut short');
        return answer;
      },
    });
    // Its look at which key the server has comes to nothing, too.
    server.intercept = ({ path }) => (path === '/new-account' ? server.problem('serverInternal', 500) : undefined);
    expect((await settled(dying.rotateAccountKey())).error).toBeDefined();
    server.intercept = () => undefined;
    await expectAccount(other);
  });

  it('that is under way is sealed anew after a rotation of the keyring', async () => {
    const [k1, k2] = [new Uint8Array(32).fill(1), new Uint8Array(32).fill(2)];
    const first = createTestIssuer({
      clock,
      fetch: server.fetch,
      keyring: LocalKeyring.fromKeys({ current: 'k1', keys: { k1 } }),
    });
    server.intercept = ({ path }) => (path === '/key-change' ? server.problem('serverInternal', 500) : undefined);
    expect(await codeOf(first.issuer.rotateAccountKey())).toBe('ACME_UNAVAILABLE');
    server.intercept = () => undefined;
    const both = first.another({ keyring: LocalKeyring.fromKeys({ current: 'k2', keys: { k1, k2 } }) });
    const task = both.maintenance().find(({ name }) => name.endsWith(':reseal'));
    await task?.run({ limit: 1 });
    const later = first.another({ keyring: LocalKeyring.fromKeys({ current: 'k2', keys: { k2 } }) });
    await later.rotateAccountKey();
    expect(await later.accountUrl()).toBe('https://acme.test/account/2');
  });
});
