import { beforeEach, describe, expect, it } from 'vitest';
import { toBase64Url } from '../../../src/encoding/base64.ts';
import { AcmeError, type AcmeFetch, type AcmeIssuerOptions, type ChallengeSolver } from '../../../src/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { parseCertificates } from '../../../src/x509/certificate/certificate.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { ScriptedAcme, type ScriptedAnswer } from '../../support/scripted-acme.ts';
import { createTestIssuer, issueBy, requestFor, type TestIssuer } from '../../support/test-issuer.ts';
import { testCsr, testKey } from '../../support/test-keys.ts';

let clock: VirtualClock;
let server: ScriptedAcme;

function make(options: Partial<AcmeIssuerOptions> = {}): TestIssuer {
  const made = createTestIssuer({ clock, fetch: server.fetch, waitMs: 0, ...options });
  server.responder = made.another().http01Responder();
  return made;
}

/** Answers the first request for a path otherwise, and the rest as the server does. */
function once(path: RegExp, answer: ScriptedAnswer | (() => never)): void {
  server.intercept = (request) => {
    if (!path.test(request.path) || request.method === 'HEAD') return undefined;
    server.intercept = () => undefined;
    return typeof answer === 'function' ? answer() : answer;
  };
}

beforeEach(() => {
  clock = new VirtualClock();
  server = new ScriptedAcme(clock);
});

const EXCHANGES = [
  /^\/directory/,
  /^\/new-account/,
  /^\/new-order/,
  /^\/order/,
  /^\/authorization/,
  /^\/challenge/,
  /^\/finalize/,
  /^\/certificate/,
];

const FAULTS: readonly (readonly [string, ScriptedAnswer | (() => never), string])[] = [
  ['500', { status: 500, body: 'oops' }, 'ACME_UNAVAILABLE'],
  ['503 with Retry-After', { status: 503, headers: { 'retry-after': '120' } }, 'ACME_UNAVAILABLE'],
  ['HTML', { status: 200, body: '<html>Welcome to the hotel network</html>' }, 'ACME_PROTOCOL'],
  ['404 in HTML', { status: 403, body: '<html>Forbidden</html>' }, 'ACME_PROTOCOL'],
  ['an empty body', { status: 200, headers: { 'content-type': 'application/json' }, body: '' }, 'ACME_PROTOCOL'],
  [
    'half a body',
    { status: 200, headers: { 'content-type': 'application/json' }, body: '{"status":"pend' },
    'ACME_PROTOCOL',
  ],
  ['another object', { status: 200, body: { status: 7 } }, 'ACME_PROTOCOL'],
  ['a redirect', { status: 302, headers: { location: 'https://elsewhere.test/' } }, 'ACME_PROTOCOL'],
  [
    'nothing at all',
    () => {
      throw new Error('socket hang up');
    },
    'ACME_UNAVAILABLE',
  ],
  ['too much', { status: 200, body: 'x'.repeat(1024 * 1024 + 1) }, 'ACME_PROTOCOL'],
];

describe.each(FAULTS)('a server that answers with %s', (_, answer, code) => {
  it('is told of by its code at every exchange, and asked on where it stopped', async () => {
    for (const path of EXCHANGES) {
      server = new ScriptedAcme(clock);
      // Where an answer may be lost, the order must be found again.
      server.listsOrders = true;
      const { issuer, another } = make();
      const request = await requestFor(['a.example', 'b.example']);
      once(path, answer);
      const error = await rejection(issueBy(clock, issuer, request));
      expect([String(path), error.code]).toEqual([String(path), code]);
      expect(error).toBeInstanceOf(AcmeError);
      if (typeof answer === 'object' && answer.status === 503) expect((error as AcmeError).retryAfterMs).toBe(120_000);
      await issueBy(clock, another(), request);
      expect(server.orders).toHaveLength(1);
    }
  });
});

describe('AcmeIssuer', () => {
  it('passes on when a rate limit ends', async () => {
    const { issuer } = make();
    once(/^\/new-order/, {
      ...server.problem('rateLimited', 429),
      headers: { 'content-type': 'application/problem+json', 'retry-after': '3600' },
    });
    const error = await rejection(issuer.requestCertificate(await requestFor(['a.example'])));
    expect(error).toMatchObject({ code: 'ACME_RATE_LIMITED', retryAfterMs: 3_600_000 });
    expect((error as AcmeError).problem?.type).toBe('urn:ietf:params:acme:error:rateLimited');
  });

  it('passes on subproblems, each with its name', async () => {
    const { issuer } = make();
    const subproblems = [
      {
        type: 'urn:ietf:params:acme:error:caa',
        detail: 'CAA forbids',
        identifier: { type: 'dns', value: 'b.example' },
      },
      7,
    ];
    once(/^\/new-order/, server.problem('compound', 403, { subproblems: subproblems.slice(0, 1) }));
    const error = (await rejection(issuer.requestCertificate(await requestFor(['b.example'])))) as AcmeError;
    expect(error.code).toBe('ACME_REFUSED');
    expect(error.subproblems).toEqual([subproblems[0]]);
    expect(error.message).toContain('b.example: caa (CAA forbids)');
  });

  it('asks again where an order is ready on one machine only', async () => {
    const { issuer } = make();
    once(/^\/finalize/, server.problem('orderNotReady', 403));
    await issueBy(clock, issuer, await requestFor(['a.example']));
    expect(server.count(/^\/finalize/)).toBe(2);
  });

  it('signs anew where a nonce is not taken, and gives up where none ever is', async () => {
    const { issuer, another } = make();
    let left = 5;
    server.intercept = ({ path }) => (path === '/new-account' && left-- > 0 ? server.problem('badNonce') : undefined);
    await issuer.accountUrl();
    expect(server.count('/new-account')).toBe(6);
    server.intercept = ({ path }) => (path === '/new-account' ? server.problem('badNonce') : undefined);
    expect(await codeOf(another({ email: 'x@example.com' }).accountUrl())).toBe('ACME_REFUSED');
    expect(server.count('/new-account')).toBe(6 + 24);
  });

  it('tells why a challenge failed, leaves nothing behind, and orders anew', async () => {
    const { issuer } = make();
    const request = await requestFor(['a.example', 'b.example']);
    server.responder = async () => 'something else';
    const answer = { type: 'http-01', url: 'https://acme.test/challenge/1-0', status: 'invalid' };
    const reason = { type: 'urn:ietf:params:acme:error:unauthorized', detail: 'it said "something else"', status: 403 };
    server.intercept = ({ path }) =>
      /^\/authorization\/1-0/.test(path) && server.orders[0]?.status === 'invalid'
        ? {
            body: {
              status: 'invalid',
              identifier: { type: 'dns', value: 'a.example' },
              challenges: [{ ...answer, error: reason }],
            },
          }
        : undefined;
    const error = (await rejection(issueBy(clock, issuer, request))) as AcmeError;
    expect(error).toMatchObject({
      code: 'ACME_CHALLENGE_FAILED',
      facts: { identifier: 'a.example', type: 'http-01' },
      problem: reason,
    });
    expect(error.message).toContain('it said "something else"');
    for (const at of ['1-0', '1-1'])
      expect(await issuer.http01Responder()(`token-of-the-challenge-number-${at}`, 'a.example')).toBeUndefined();
    server.intercept = () => undefined;
    server.responder = issuer.http01Responder();
    await issueBy(clock, issuer, request);
    expect(server.orders).toHaveLength(2);
  });

  it('tells why a challenge failed that the server leaves open', async () => {
    const { issuer } = make({ waitMs: 1_000 });
    const error = { type: 'urn:ietf:params:acme:error:connection', detail: 'connection refused' };
    const url = 'https://acme.test/challenge/1-0';
    const challenge = { type: 'http-01', url, status: 'pending', token: 'token-of-the-challenge-number-1-0', error };
    const identifier = { type: 'dns', value: 'a.example' };
    server.intercept = ({ path }) => {
      if (path.startsWith('/challenge/')) return { body: challenge };
      if (!path.startsWith('/authorization/')) return undefined;
      return { body: { status: 'pending', identifier, challenges: [challenge] } };
    };
    const failed = await rejection(issuer.requestCertificate(await requestFor(['a.example'])));
    expect(failed).toMatchObject({ code: 'ACME_CHALLENGE_FAILED', message: expect.stringContaining('refused') });
    // What it said before was of an earlier attempt: this one was asked for all the same.
    expect(server.count('/challenge/1-0')).toBe(1);
  });

  it.each([
    [
      'another key',
      async () => toBase64Url(await testCsr({ names: ['a.example'], key: await testKey('ECDSA-P384') })),
      ['a.example'],
    ],
    ['other names', async () => undefined, ['b.example']],
    ['one name more', async () => undefined, ['a.example', 'c.example']],
    ['one name less', async () => undefined, ['*.a.example']],
  ])('refuses a certificate for %s, and orders anew', async (_, other, names) => {
    const { issuer } = make();
    const certify = server.certify.bind(server);
    server.certify = async (csr) =>
      certify(
        (await other()) ?? csr,
        names.map((value) => ({ type: 'dns', value })),
      );
    const request = await requestFor(['a.example']);
    expect(await codeOf(issueBy(clock, issuer, request))).toBe('ACME_CERTIFICATE_UNFIT');
    server.certify = certify;
    await issueBy(clock, issuer, request);
    expect(server.orders).toHaveLength(2);
  });

  it('refuses a chain whose certificates do not sign one another, and one that has ended', async () => {
    const { issuer } = make();
    const certify = server.certify.bind(server);
    const request = await requestFor(['a.example']);
    server.certify = async (csr, identifiers) => {
      const [leaf] = (await certify(csr, identifiers)).split(/(?<=-----END CERTIFICATE-----\n)/);
      const { testCertificate } = await import('../../support/test-ca.ts');
      return leaf + (await testCertificate({ subject: 'CN=Scripted CA', signingKey: await testKey('ECDSA-P256') }));
    };
    const unsigned = await rejection(issueBy(clock, issuer, request));
    expect(unsigned).toMatchObject({ code: 'ACME_CERTIFICATE_UNFIT', message: expect.stringContaining('signature') });
    server.certify = certify;
    server.validUntil = clock.now() - 1_000;
    expect(await rejection(issueBy(clock, issuer, request))).toMatchObject({
      message: expect.stringContaining('ended'),
    });
  });

  it('passes over types of challenges that it does not know, and says so where there is nothing else', async () => {
    server.challengeTypes = ['quantum-01', 'dns-account-01'];
    const { issuer } = make();
    const error = await rejection(issuer.requestCertificate(await requestFor(['a.example'])));
    expect(error).toMatchObject({
      code: 'ACME_NO_SOLVER',
      facts: { identifier: 'a.example', offered: ['quantum-01', 'dns-account-01'] },
    });
  });

  it('takes neither http URLs nor tokens of another grammar from a server', async () => {
    const { another } = make();
    const order = {
      status: 'pending',
      identifiers: [],
      authorizations: ['https://acme.test/authorization/1-0'],
      finalize: 'https://acme.test/finalize/1',
    };
    server.intercept = ({ path }) =>
      path.startsWith('/order') ? { body: { ...order, authorizations: ['http://acme.test/a'] } } : undefined;
    const request = await requestFor(['a.example']);
    await another().requestCertificate(request);
    expect(await codeOf(another().requestCertificate(request))).toBe('ACME_PROTOCOL');
    server.intercept = ({ path }) =>
      path.startsWith('/authorization')
        ? {
            body: {
              status: 'pending',
              identifier: { type: 'dns', value: 'a.example' },
              challenges: [
                {
                  type: 'http-01',
                  url: 'https://acme.test/challenge/1-0',
                  status: 'pending',
                  token: '../../../etc/passwd?aaaaaaaa',
                },
              ],
            },
          }
        : undefined;
    clock.advance(300_000);
    expect(await codeOf(another().requestCertificate(await requestFor(['b.example'])))).toBe('ACME_PROTOCOL');
  });

  it('forgets an order that the server has forgotten, and one that it keeps open for a week', async () => {
    const { issuer } = make();
    const request = await requestFor(['a.example']);
    await issuer.requestCertificate(request);
    server.intercept = ({ path }) => (path === '/order/1' ? server.problem('malformed', 404) : undefined);
    await issueBy(clock, issuer, request);
    expect(server.orders).toHaveLength(2);
    const slow = await requestFor(['slow.example']);
    server.intercept = ({ path, method }) =>
      /^\/(new-order|order)/.test(path) && method === 'POST'
        ? {
            status: 201,
            headers: { location: 'https://acme.test/order/9' },
            body: { status: 'processing', identifiers: [], authorizations: [], finalize: 'https://acme.test/f' },
          }
        : undefined;
    expect(await issuer.requestCertificate(slow)).toMatchObject({ pending: true });
    clock.advance(6 * 86_400_000);
    expect(await issuer.requestCertificate(slow)).toMatchObject({ pending: true });
    clock.advance(2 * 86_400_000);
    expect(await codeOf(issuer.requestCertificate(slow))).toBe('ACME_ORDER_FAILED');
  });

  it('wants an external account where the server does, before it asks for anything', async () => {
    server.meta = { externalAccountRequired: true };
    const { issuer } = make();
    expect(await codeOf(issuer.accountUrl())).toBe('ACME_EXTERNAL_ACCOUNT_REQUIRED');
    expect(server.count('/new-account')).toBe(0);
  });

  it('ends waiting by the signal, wherever it waits, and goes on later', async () => {
    const { issuer, another } = make();
    const request = await requestFor(['a.example']);
    // Neither heeds its signal: whoever asks must not wait for it.
    for (const path of [/directory/, /new-account/, /new-order/, /finalize/]) {
      const controller = new AbortController();
      const { fetch } = server;
      const hanging: AcmeFetch = (url, init) => {
        if (!path.test(url)) return fetch(url, init);
        controller.abort();
        return new Promise(() => undefined);
      };
      const stopped = another({ fetch: hanging });
      expect([path, await codeOf(issueBy(clock, stopped, { ...request, signal: controller.signal }))]).toEqual([
        path,
        'ABORTED',
      ]);
    }
    await issueBy(clock, issuer, request);
    expect(server.orders).toHaveLength(1);
  });

  it('tells whoever is overtaken at the end to ask again', async () => {
    const { issuer, another } = make();
    const request = await requestFor(['a.example']);
    server.intercept = async ({ path }) => {
      if (path !== '/new-order') return undefined;
      clock.advance(120_000);
      server.intercept = ({ path: next }) =>
        next === '/new-order' ? server.problem('serverInternal', 500) : undefined;
      await another()
        .requestCertificate(request)
        .catch(() => undefined);
      return server.problem('rejectedIdentifier', 403);
    };
    expect(await issuer.requestCertificate(request)).toMatchObject({ pending: true });
  });

  it('takes the first chain where another cannot be had', async () => {
    const { issuer } = make({ preferredChain: 'Other CA' });
    server.intercept = ({ path }) => {
      if (path !== '/certificate/1') return path.endsWith('/alternate') ? server.problem('malformed', 404) : undefined;
      const link = '</certificate/1/alternate>;rel="alternate"';
      const headers = { 'content-type': 'application/pem-certificate-chain', link };
      return { headers, body: server.orders[0]?.chain };
    };
    expect(await issueBy(clock, issuer, await requestFor(['a.example']))).toBe(server.orders[0]?.chain);
  });

  it('revokes without a reason where the server takes none of that name', async () => {
    const { issuer } = make();
    const chainPem = await issueBy(clock, issuer, await requestFor(['a.example']));
    const certificateDer = parseCertificates(chainPem)[0]?.der as Uint8Array;
    server.intercept = ({ path, payload }) =>
      path === '/revoke' && payload?.reason !== undefined ? server.problem('badRevocationReason') : undefined;
    await issuer.revokeCertificate({ certificateDer, reason: 'privilegeWithdrawn' });
    expect(server.requests.at(-1)?.payload).not.toHaveProperty('reason');
    expect(server.count('/revoke')).toBe(2);
  });

  it('gives up a server that does not answer in time', async () => {
    const { another } = make();
    const silent: AcmeFetch = () => new Promise(() => undefined);
    expect(await codeOf(another({ fetch: silent, timeoutMs: 5 }).accountUrl())).toBe('ACME_UNAVAILABLE');
  });
});

describe('a solver of the host', () => {
  const solving = (changed: Partial<ChallengeSolver>, log: string[] = []): ChallengeSolver => ({
    type: 'dns-01',
    present: async ({ identifier }) => void log.push(`present ${identifier.value}`),
    remove: async ({ identifier }) => void log.push(`remove ${identifier.value}`),
    ...changed,
  });

  beforeEach(() => {
    server.challengeTypes = ['http-01', 'dns-01'];
  });

  it('S4-22: presents once, is waited for, and takes away', async () => {
    const log: string[] = [];
    let seen = 0;
    const isReady = async () => ++seen > 3;
    const { issuer } = make({ solvers: [solving({ isReady, readyIntervalMs: 1_000 }, log)] });
    server.responder = undefined;
    await issueBy(clock, issuer, await requestFor(['a.example']));
    expect(log).toEqual(['present a.example', 'remove a.example']);
    expect(seen).toBe(4);
  });

  it('that fails is told of without what it said, and has its answers taken away', async () => {
    const log: string[] = [];
    const present = async () => {
      throw new Error('401 for token SECRET');
    };
    const { issuer, another } = make({ solvers: [solving({ present }, log)] });
    server.responder = undefined;
    const request = await requestFor(['a.example']);
    const error = await rejection(issuer.requestCertificate(request));
    expect(error).toMatchObject({ code: 'ACME_SOLVER_FAILED', facts: { type: 'dns-01', identifier: 'a.example' } });
    expect(error.message).not.toContain('SECRET');
    expect(log).toEqual(['remove a.example']);
    await issueBy(clock, another({ solvers: [solving({})] }), request);
    expect(server.orders).toHaveLength(1);
  });

  it('that is stopped is told of as stopped, without what it said', async () => {
    const controller = new AbortController();
    const present = async () => {
      controller.abort();
      throw new Error('stopped with token SECRET');
    };
    const { issuer } = make({ solvers: [solving({ present })] });
    const request = await requestFor(['a.example']);
    const error = await rejection(issuer.requestCertificate({ ...request, signal: controller.signal }));
    expect(error.code).toBe('ABORTED');
    expect(String(error.cause)).not.toContain('SECRET');
  });

  it('whose answer is never seen is given up in time', async () => {
    const { issuer } = make({ solvers: [solving({ isReady: async () => false, readyTimeoutMs: 20_000 })] });
    server.responder = undefined;
    expect(await codeOf(issueBy(clock, issuer, await requestFor(['a.example'])))).toBe('ACME_SOLVER_FAILED');
    expect(server.count(/^\/challenge/)).toBe(0);
  });

  it('has what an abandoned order left taken away by maintenance, at last', async () => {
    const log: string[] = [];
    let fails = true;
    const remove: ChallengeSolver['remove'] = async ({ identifier }) => {
      if (fails) throw new Error('the zone is locked');
      log.push(`remove ${identifier.value}`);
    };
    const { issuer } = make({ solvers: [solving({ isReady: async () => false, remove })] });
    await issuer.requestCertificate(await requestFor(['a.example']));
    const [challenges] = issuer.maintenance();
    const run = () => challenges?.run({ limit: 10 });
    await run();
    expect(log).toEqual([]);
    clock.advance(3_600_000);
    await run();
    fails = false;
    clock.advance(3_600_000);
    await run();
    expect(log).toEqual(['remove a.example']);
    clock.advance(3_600_000);
    await run();
    expect(log).toHaveLength(1);
  });
});
