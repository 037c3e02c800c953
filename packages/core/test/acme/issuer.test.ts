import { beforeEach, describe, expect, it } from 'vitest';
import { type AcmeIssuerOptions, acmeCertificateId } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCertificate, parseCertificates } from '../../src/x509/certificate/certificate.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { ScriptedAcme } from '../support/scripted-acme.ts';
import { createTestIssuer, requestFor, type TestIssuer } from '../support/test-issuer.ts';
import { testKey } from '../support/test-keys.ts';

const LEASE_MS = 120_000;

let clock: VirtualClock;
let server: ScriptedAcme;

function make(options: Partial<AcmeIssuerOptions> = {}): TestIssuer {
  // With waitMs 0 a request does one pass and never sleeps.
  const made = createTestIssuer({ clock, fetch: server.fetch, waitMs: 0, ...options });
  server.responder = made.another().http01Responder();
  return made;
}

/** Asks until there is a chain; time passes between. */
async function issue(issuer: TestIssuer['issuer'], request: Awaited<ReturnType<typeof requestFor>>): Promise<string> {
  for (let asked = 0; asked < 50; asked++) {
    const result = await issuer.requestCertificate(request);
    if ('chainPem' in result) return result.chainPem;
    clock.advance(Math.max(result.retryAt.getTime() - clock.now(), 0));
  }
  throw new Error('it never ends');
}

beforeEach(() => {
  clock = new VirtualClock();
  server = new ScriptedAcme(clock);
});

describe('AcmeIssuer', () => {
  it('S4-1 S4-2: issues what was asked for, and answers the same request the same for ever', async () => {
    const { issuer, another } = make();
    const request = await requestFor(['a.example', 'b.example']);
    const chainPem = await issue(issuer, request);
    expect(parseCertificates(chainPem)).toHaveLength(2);
    expect(await another().requestCertificate(request)).toEqual({ chainPem });
    expect(server.orders).toHaveLength(1);
    const answered = server.requests.filter(({ path }) => path.startsWith('/challenge/')).map(({ path }) => path);
    expect(answered).toEqual(['/challenge/1-0', '/challenge/1-1']);
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
    const urls = await Promise.all(Array.from({ length: 6 }, () => another().accountUrl()));
    expect(new Set(urls)).toEqual(new Set(['https://acme.test/account/1']));
    expect(server.accounts).toHaveLength(1);
    expect(await another({ email: 'OPS@example.com' }).accountUrl()).toBe(urls[0]);
    expect(await another({ email: 'other@example.com' }).accountUrl()).toBe('https://acme.test/account/2');
  });

  it('S4-5: refuses more than 100 names, and names that ACME has no identifiers for', async () => {
    const { issuer } = make();
    const many = Array.from({ length: 101 }, (_, at) => `n${at}.example`);
    const refused = [many, [], ['email:a@b.example'], ['no_host.example'], ['a.example.']];
    for (const names of refused)
      expect(await codeOf(requestFor(names).then((request) => issuer.requestCertificate(request)))).toBe(
        'INVALID_ARGUMENT',
      );
    const request = await requestFor(['a.example']);
    const error = await rejection(
      issuer.requestCertificate({ ...request, subjectAltNames: ['a.example', 'b.example'] }),
    );
    expect(error).toMatchObject({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('b.example') });
    expect(server.requests).toEqual([]);
  });

  it('refuses an id that was used for another key', async () => {
    const { issuer } = make();
    await issue(issuer, await requestFor(['a.example'], { requestId: 'one' }));
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
    await issue(another(), request);
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
    await issue(unlucky, request);
    expect(server.orders).toHaveLength(1);
    // Another request for the same names does not take it over.
    await issue(issuer, { ...request, requestId: 'another' });
    expect(server.orders).toHaveLength(2);
  });

  it('waits where the server gives one open order to two requests', async () => {
    server.reusesOrders = true;
    const { issuer, another } = make();
    const first = await requestFor(['a.example'], { requestId: 'first' });
    const second = await requestFor(['a.example'], { requestId: 'second', key: await testKey('ECDSA-P384') });
    await issuer.requestCertificate(first);
    expect(await another().requestCertificate(second)).toMatchObject({ pending: true });
    const [one] = parseCertificates(await issue(issuer, first));
    const [two] = parseCertificates(await issue(issuer, second));
    expect(one?.spki).not.toEqual(two?.spki);
    expect(server.orders).toHaveLength(2);
  });

  it('registers its key again with a server that has lost the account, and orders anew', async () => {
    const { issuer } = make();
    await issue(issuer, await requestFor(['a.example']));
    server.accounts.splice(0);
    server.orders.splice(0);
    await issue(issuer, await requestFor(['b.example']));
    expect(server.accounts).toHaveLength(1);
  });

  it('changes its key, and other instances go on with the new one', async () => {
    const { issuer, another } = make();
    const other = another();
    await other.accountUrl();
    const before = server.accounts[0];
    await issuer.rotateAccountKey();
    expect(server.accounts[0]).not.toBe(before);
    await issue(other, await requestFor(['a.example']));
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
    expect(await codeOf(another({ fetch: cutting }).rotateAccountKey())).toBe('ACME_UNAVAILABLE');
    await issue(another(), await requestFor(['a.example']));
    expect(server.accounts).toHaveLength(1);
  });

  it('says what an order replaces, and orders without it where that is refused', async () => {
    server.renewalInfo = true;
    const { issuer } = make();
    const chainPem = await issue(issuer, await requestFor(['a.example'], { requestId: 'first' }));
    const [leaf] = parseCertificates(chainPem);
    const replaces = leaf?.serialNumber as string;
    await issue(issuer, await requestFor(['a.example'], { requestId: 'second', replaces }));
    expect(server.orders[1]?.replaces).toBe(acmeCertificateId(leaf?.der as Uint8Array));
    server.intercept = ({ path, payload }) =>
      path === '/new-order' && payload?.replaces !== undefined ? server.problem('alreadyReplaced', 409) : undefined;
    await issue(issuer, await requestFor(['a.example'], { requestId: 'third', replaces }));
    expect(server.orders[2]?.replaces).toBeUndefined();
    expect(server.count('/new-order')).toBe(4);
  });

  it('asks for the window of a renewal', async () => {
    const { issuer } = make();
    const [leaf] = parseCertificates(await issue(issuer, await requestFor(['a.example'])));
    const certificateDer = leaf?.der as Uint8Array;
    expect(await issuer.renewalInfo({ certificateDer })).toBeUndefined();
    clock.advance(3_600_000);
    server.renewalInfo = true;
    const now = clock.now();
    expect(await issuer.renewalInfo({ certificateDer })).toEqual({
      windowStart: new Date(now + 86_400_000),
      windowEnd: new Date(now + 2 * 86_400_000),
      retryAt: new Date(now + 6 * 3_600_000),
      explanationUrl: 'https://acme.test/why',
    });
    expect(server.requests.at(-1)?.path).toBe(`/renewal-info/${acmeCertificateId(certificateDer)}`);
    server.intercept = () => server.problem('malformed', 404);
    expect(await issuer.renewalInfo({ certificateDer })).toBeUndefined();
  });

  it('orders a profile that the server offers, and no other', async () => {
    server.meta = { profiles: { shortlived: 'six days' } };
    const { issuer, another } = make({ profile: 'shortlived' });
    await issue(issuer, await requestFor(['a.example']));
    expect(server.orders[0]?.profile).toBe('shortlived');
    const error = await rejection(another().requestCertificate(await requestFor(['b.example'], { profile: 'server' })));
    expect(error).toMatchObject({ code: 'ACME_UNSUPPORTED', facts: { profile: 'server', offered: ['shortlived'] } });
  });

  it('takes the chain of the preferred name, or the first', async () => {
    const { another } = make();
    const alternates = new Map<string, string>();
    server.intercept = async ({ path, method }) => {
      if (!path.startsWith('/certificate/') || method !== 'POST') return undefined;
      const number = Number(path.split('/')[2]);
      const order = server.orders[number - 1];
      const headers = {
        'content-type': 'application/pem-certificate-chain',
        link: `<https://acme.test/directory>;rel="index", <${path}/alternate>;rel="alternate"`,
      };
      if (!path.endsWith('/alternate')) return { headers, body: order?.chain };
      return { headers, body: alternates.get(path) };
    };
    const finalized = server.certify.bind(server);
    server.certify = async (csr, identifiers) => {
      alternates.set(
        `/certificate/${server.orders.length}/alternate`,
        await finalized(csr, identifiers, 'CN=Other CA'),
      );
      return finalized(csr, identifiers);
    };
    const issuerOf = async (preferredChain: string, name: string) => {
      const chainPem = await issue(another({ preferredChain }), await requestFor([name]));
      return parseCertificate(parseCertificates(chainPem)[0]?.der as Uint8Array).issuer.toString();
    };
    expect(await issuerOf('Other CA', 'a.example')).toBe('CN=Other CA');
    expect(await issuerOf('Scripted CA', 'b.example')).toBe('CN=Scripted CA');
    expect(await issuerOf('Nobody', 'c.example')).toBe('CN=Scripted CA');
  });

  it('is told as pending for as long as the server says', async () => {
    const { issuer } = make();
    const request = await requestFor(['a.example']);
    server.intercept = ({ path }) =>
      path.startsWith('/authorization')
        ? {
            headers: { 'retry-after': '90' },
            body: {
              status: 'pending',
              identifier: { type: 'dns', value: 'a.example' },
              challenges: [{ type: 'http-01', url: 'https://acme.test/challenge/1-0', status: 'processing' }],
            },
          }
        : undefined;
    expect(await issuer.requestCertificate(request)).toEqual({
      pending: true,
      retryAt: new Date(clock.now() + 90_000),
    });
    const tomorrow = new Date(clock.now() + 86_400_000).toUTCString();
    server.intercept = ({ path }) =>
      path === '/order/1'
        ? {
            headers: { 'retry-after': tomorrow },
            body: { status: 'dreaming', identifiers: [], authorizations: [], finalize: 'https://acme.test/finalize/1' },
          }
        : undefined;
    expect(await issuer.requestCertificate(request)).toEqual({ pending: true, retryAt: new Date(tomorrow) });
    server.intercept = () => undefined;
    await issue(issuer, request);
  });
});
