import { beforeEach, describe, expect, it } from 'vitest';
import { type AcmeIssuerOptions, acmeCertificateId } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCertificates } from '../../src/x509/certificate/certificate.ts';
import { codeOf } from '../support/expect-error.ts';
import { ScriptedAcme } from '../support/scripted-acme.ts';
import { settled } from '../support/settled.ts';
import { createTestIssuer, issueBy, requestFor, type TestIssuer } from '../support/test-issuer.ts';
import { testKey } from '../support/test-keys.ts';
import { storageSize } from '../support/test-storage.ts';

const LEASE_MS = 120_000;

let clock: VirtualClock;
let server: ScriptedAcme;

function make(options: Partial<AcmeIssuerOptions> = {}): TestIssuer {
  // With waitMs 0 a request does one pass and never sleeps.
  const made = createTestIssuer({ clock, fetch: server.fetch, waitMs: 0, ...options });
  server.responder = made.another().http01Responder();
  return made;
}

beforeEach(() => {
  clock = new VirtualClock();
  server = new ScriptedAcme(clock);
});

describe('AcmeIssuer', () => {
  it('S4-1 S4-2: issues what was asked for, and answers the same request the same for ever', async () => {
    const { issuer, another } = make();
    const request = await requestFor(['a.example', 'b.example']);
    const chainPem = await issueBy(clock, issuer, request);
    expect(parseCertificates(chainPem)).toHaveLength(2);
    expect(await another().requestCertificate(request)).toEqual({ chainPem });
    expect(server.orders).toHaveLength(1);
    const answered = server.requests.filter(({ path }) => path.startsWith('/challenge/')).map(({ path }) => path);
    // Both at once: which is written down first is the storage's affair.
    expect(answered.sort()).toEqual(['/challenge/1-0', '/challenge/1-1']);
    // Removed after use: nobody is told of a challenge that is over.
    expect(await another().http01Responder()('token-of-the-challenge-number-1-0', 'a.example')).toBeUndefined();
  });

  it('S4-2: answers for the name of a challenge alone, by any instance, for an hour', async () => {
    const { issuer, another } = make();
    const token = 'token-of-the-challenge-number-1-0';
    const respond = another().http01Responder();
    server.intercept = ({ path }) => {
      if (!path.startsWith('/challenge')) return undefined;
      throw new Error('it never arrives');
    };
    expect(await codeOf(issuer.requestCertificate(await requestFor(['a.example'])))).toBe('ACME_UNAVAILABLE');
    const answer = await respond(token, 'a.example');
    expect(answer).toMatch(new RegExp(`^${token}\\.[\\w-]{43}$`));
    expect(await respond(token, 'A.EXAMPLE:80')).toBe(answer);
    expect(await respond(token, 'b.example')).toBeUndefined();
    expect(await respond(`${token}0`, 'a.example')).toBeUndefined();
    clock.advance(3_600_000);
    expect(await respond(token, 'a.example')).toBeUndefined();
  });

  it('S4-3: has one account for one directory and address, however many instances start', async () => {
    const { another } = make();
    const urls = await Promise.all(Array.from({ length: storageSize(6, 3) }, () => another().accountUrl()));
    expect(new Set(urls)).toEqual(new Set(['https://acme.test/account/1']));
    expect(server.accounts).toHaveLength(1);
    expect(await another({ email: 'OPS@example.com' }).accountUrl()).toBe(urls[0]);
    expect(await another({ email: 'other@example.com' }).accountUrl()).toBe('https://acme.test/account/2');
  });

  it('refuses an id that was used for another key', async () => {
    const { issuer } = make();
    await issueBy(clock, issuer, await requestFor(['a.example'], { requestId: 'one' }));
    const other = await requestFor(['a.example'], { requestId: 'one', key: await testKey('ECDSA-P384') });
    expect(await codeOf(issuer.requestCertificate(other))).toBe('REQUEST_ID_REUSED');
  });

  it('S4-19: lets one instance work on a request at a time', async () => {
    const { another } = make();
    const request = await requestFor(['a.example']);
    const issuers = Array.from({ length: 5 }, () => another());
    for (let round = 0; round < 10; round++) {
      await Promise.all(issuers.map((each) => each.requestCertificate(request)));
      clock.advance(5_000);
    }
    const chains = await Promise.all(issuers.map((each) => each.requestCertificate(request)));
    expect(new Set(chains.map((each) => ('chainPem' in each ? each.chainPem : 'pending'))).size).toBe(1);
    expect(server.count('/new-order')).toBe(1);
    expect(server.count(/^\/finalize/)).toBe(1);
    expect(server.count(/^\/challenge/)).toBe(1);
  });

  it('comes back to what an instance that died has begun, once its lease has ended', async () => {
    const { issuer, another } = make();
    const request = await requestFor(['a.example']);
    const dead = new AbortController();
    server.intercept = ({ path }) => {
      if (!path.startsWith('/authorization')) return undefined;
      server.intercept = () => undefined;
      return new Promise(() => undefined);
    };
    void issuer.requestCertificate({ ...request, signal: dead.signal }).catch(() => undefined);
    while (server.count(/^\/authorization/) === 0) await new Promise((resolve) => setImmediate(resolve));
    expect(await another().requestCertificate(request)).toMatchObject({ pending: true });
    clock.advance(LEASE_MS);
    await issueBy(clock, another(), request);
    dead.abort();
    expect(server.count('/new-order')).toBe(1);
  });

  it('finds an order again whose URL was lost, on a server that lists them', async () => {
    server.listsOrders = true;
    const { issuer, another } = make();
    const request = await requestFor(['a.example', 'b.example']);
    let lost = false;
    const { fetch } = server;
    const losing: AcmeIssuerOptions['fetch'] = async (url, init) => {
      const response = await fetch(url, init);
      if (!url.endsWith('/new-order') || lost) return response;
      lost = true;
      throw new Error('the answer is lost');
    };
    const unlucky = another({ fetch: losing });
    expect(await codeOf(unlucky.requestCertificate(request))).toBe('ACME_UNAVAILABLE');
    await issueBy(clock, unlucky, request);
    expect(server.orders).toHaveLength(1);
    // Another request for the same names does not take it over.
    await issueBy(clock, issuer, { ...request, requestId: 'another' });
    expect(server.orders).toHaveLength(2);
  });

  it('waits where the server gives one open order to two requests, and the other is worked on', async () => {
    server.reusesOrders = true;
    const { another } = make();
    const first = await requestFor(['a.example'], { requestId: 'first' });
    const second = await requestFor(['a.example'], { requestId: 'second', key: await testKey('ECDSA-P384') });
    let told: object | undefined;
    server.intercept = async ({ path }) => {
      if (!path.startsWith('/authorization')) return undefined;
      server.intercept = () => undefined;
      told = await another().requestCertificate(second);
      return undefined;
    };
    const [one] = parseCertificates(await issueBy(clock, another(), first));
    expect(told).toMatchObject({ pending: true });
    const [two] = parseCertificates(await issueBy(clock, another(), second));
    expect(one?.spki).not.toEqual(two?.spki);
    expect(server.orders).toHaveLength(2);
  });

  it('takes over the open order of a request that nobody works on', async () => {
    server.reusesOrders = true;
    const { another } = make();
    const unseen = async () => false;
    const nothing = async () => undefined;
    const stuck = another({ solvers: [{ type: 'http-01', present: nothing, isReady: unseen, remove: nothing }] });
    const left = await requestFor(['a.example'], { requestId: 'left' });
    expect(await stuck.requestCertificate(left)).toMatchObject({ pending: true });
    const wanted = await requestFor(['a.example'], { requestId: 'wanted', key: await testKey('ECDSA-P384') });
    const [one] = parseCertificates(await issueBy(clock, another(), wanted));
    expect(server.orders).toHaveLength(1);
    const [two] = parseCertificates(await issueBy(clock, another(), left));
    expect(one?.spki).not.toEqual(two?.spki);
    expect(server.orders).toHaveLength(2);
  });

  it('orders anew where an order is of an account that the server has lost', async () => {
    const { issuer } = make();
    const request = await requestFor(['a.example']);
    await issuer.requestCertificate(request);
    server.intercept = ({ path }) => (path === '/order/1' ? server.problem('unauthorized', 403) : undefined);
    await issueBy(clock, issuer, request);
    expect(server.orders).toHaveLength(2);
  });

  it('registers its key again with a server that has lost the account, and orders anew', async () => {
    const { issuer } = make();
    await issueBy(clock, issuer, await requestFor(['a.example']));
    server.accounts.splice(0);
    server.orders.splice(0);
    await issueBy(clock, issuer, await requestFor(['b.example']));
    expect(server.accounts).toHaveLength(1);
  });

  it('changes its key, and other instances go on with the new one', async () => {
    const { issuer, another } = make();
    const other = another();
    await other.accountUrl();
    const before = server.accounts[0];
    await issuer.rotateAccountKey();
    expect(server.accounts[0]).not.toBe(before);
    await issueBy(clock, other, await requestFor(['a.example']));
    expect(server.accounts).toHaveLength(1);
  });

  it.each(['before', 'after'])('keeps the key that the server has, when a change is cut short %s it', async (when) => {
    const { issuer, another } = make();
    await issuer.accountUrl();
    let cut = false;
    const { fetch } = server;
    const cutting: AcmeIssuerOptions['fetch'] = async (url, init) => {
      if (!url.endsWith('/key-change') || cut) return fetch(url, init);
      cut = true;
      if (when === 'after') await fetch(url, init);
      throw new Error('cut short');
    };
    const { error } = await settled(another({ fetch: cutting }).rotateAccountKey());
    // Where the server has it, all is well: what was lost is the answer alone.
    expect(error?.code).toBe(when === 'after' ? undefined : 'ACME_UNAVAILABLE');
    await issueBy(clock, another(), await requestFor(['a.example']));
    expect(server.accounts).toHaveLength(1);
  });

  it('says what an order replaces, and orders without it where that is refused', async () => {
    server.renewalInfo = true;
    const { issuer } = make();
    const chainPem = await issueBy(clock, issuer, await requestFor(['a.example'], { requestId: 'first' }));
    const [leaf] = parseCertificates(chainPem);
    const replaces = leaf?.serialNumber as string;
    await issueBy(clock, issuer, await requestFor(['a.example'], { requestId: 'second', replaces }));
    expect(server.orders[1]?.replaces).toBe(acmeCertificateId(leaf?.der as Uint8Array));
    server.intercept = ({ path, payload }) =>
      path === '/new-order' && payload?.replaces !== undefined ? server.problem('alreadyReplaced', 409) : undefined;
    await issueBy(clock, issuer, await requestFor(['a.example'], { requestId: 'third', replaces }));
    expect(server.orders[2]?.replaces).toBeUndefined();
    expect(server.count('/new-order')).toBe(4);
  });
});
