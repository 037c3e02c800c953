import { InvalidInputError } from '@chancery/core';
import { beforeEach, describe, expect, it } from 'vitest';
import { createHandlers, type Exchange, type HandlersOptions } from '../src/index.ts';
import { callApi, createTestApi, ORIGIN, PASSWORD, type TestApi } from './support/test-api.ts';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi({
    rateLimits: { account: { limit: 3, periodMs: 60_000 }, address: { limit: 2, periodMs: 60_000 } },
  });
});

describe('rate limits', () => {
  it('count the requests of an account in all instances, and say how many are left', async () => {
    const ask = (token: string, handlers = api.handlers) => callApi(handlers, 'GET', '/sessions/current', { token });
    const first = await ask(api.ann.token);
    expect(first.headers.get('ratelimit-policy')).toBe('"account";q=3;w=60');
    expect(first.headers.get('ratelimit')).toBe('"account";r=2;t=60');
    await ask(api.ann.token, api.another());
    await ask(api.ann.token);
    const refused = await ask(api.ann.token, api.another());
    expect([refused.status, refused.body.code]).toEqual([429, 'RATE_LIMITED']);
    expect(refused.headers.get('retry-after')).toBe('20');
    expect(refused.headers.get('ratelimit')).toBe('"account";r=0;t=60');
    expect((await ask(api.bob.token)).status).toBe(200);
    api.clock.advance(20_000);
    expect((await ask(api.ann.token)).status).toBe(200);
  });

  it('count logins by address, an IPv6 /64 as one, and hold no address in storage', async () => {
    const login = (remoteAddress: string) =>
      api.call('POST', '/sessions', { json: { login: 'ann', password: PASSWORD }, connection: { remoteAddress } });
    const statuses = [];
    for (const address of ['2001:db8::1', '2001:db8:0:0:ffff::2', '2001:0db8::3', '2001:db8:0:1::1']) {
      statuses.push((await login(address)).status);
    }
    expect(statuses).toEqual([201, 201, 429, 201]);
    expect((await login('::ffff:192.0.2.1')).status).toBe(201);
    expect((await login('192.0.2.1')).status).toBe(201);
    expect((await login('192.0.2.1')).status).toBe(429);
  });

  it('count OCSP requests by address, by POST and GET together and apart from logins', async () => {
    api = await createTestApi({
      rateLimits: { ocsp: { limit: 3, periodMs: 60_000 }, address: { limit: 1, periodMs: 60_000 } },
    });
    const headers = { 'content-type': 'application/ocsp-request' };
    const post = (remoteAddress = '192.0.2.7', handlers = api.handlers) =>
      callApi(handlers, 'POST', '/pki/ocsp', { body: 'nonsense', headers, connection: { remoteAddress } });
    const first = await post();
    expect([first.status, first.headers.get('ratelimit-policy')]).toEqual([200, '"ocsp";q=3;w=60']);
    expect(first.headers.get('ratelimit')).toBe('"ocsp";r=2;t=60');
    expect((await api.call('GET', '/pki/ocsp/AAAA')).headers.get('ratelimit')).toBe('"ocsp";r=1;t=60');
    expect((await post('192.0.2.7', api.another())).status).toBe(200);
    const refused = await post();
    expect([refused.status, refused.body.code, refused.headers.get('retry-after')]).toEqual([
      429,
      'RATE_LIMITED',
      '20',
    ]);
    expect(refused.body.detail).toContain('OCSP');
    expect((await api.call('GET', '/pki/ocsp/AAAA')).status).toBe(429);
    expect((await post('192.0.2.8')).status).toBe(200);
    expect((await api.call('POST', '/sessions', { json: { login: 'ann', password: PASSWORD } })).status).toBe(201);
    for (const path of ['/pki/crls.pem', '/pki/trust-anchors.pem']) {
      expect((await api.call('GET', path)).headers.get('ratelimit')).toBeNull();
    }
    api.clock.advance(20_000);
    expect((await post()).status).toBe(200);
  });

  it('count tokens and proofs that are refused by address, and hold nothing against good ones', async () => {
    const failedTokens = { limit: 3, periodMs: 60_000 };
    api = await createTestApi({ rateLimits: { failedTokens, account: false, address: false } });
    const ask = async (token: string, remoteAddress = '192.0.2.7', handlers = api.handlers) => {
      const connection = { remoteAddress };
      const { status, body, headers } = await callApi(handlers, 'GET', '/sessions/current', { token, connection });
      return [status, body.code, headers.get('retry-after')];
    };
    await api.call('DELETE', '/sessions/current', { token: api.bob.token });
    const forged = `${api.ann.token.slice(0, -4)}${api.ann.token.endsWith('AAAA') ? 'AAAQ' : 'AAAA'}`;
    expect(await ask(forged)).toEqual([401, 'TOKEN_INVALID', null]);
    expect(await ask('nonsense')).toEqual([401, 'TOKEN_INVALID', null]);
    expect(await ask(api.bob.token, '192.0.2.7', api.another())).toEqual([401, 'TOKEN_REVOKED', null]);
    for (const token of [forged, api.bob.token, 'nonsense']) {
      expect(await ask(token)).toEqual([429, 'RATE_LIMITED', '20']);
      expect(await ask(token, '192.0.2.7', api.another())).toEqual([429, 'RATE_LIMITED', '20']);
    }
    expect((await ask(api.ann.token))[0]).toBe(200);
    expect(await ask(forged, '192.0.2.8')).toEqual([401, 'TOKEN_INVALID', null]);
    api.clock.advance(20_000);
    expect(await ask(forged)).toEqual([401, 'TOKEN_INVALID', null]);
    expect(await ask(forged)).toEqual([429, 'RATE_LIMITED', '20']);
    // Clients find out by these that it is time to refresh.
    api.clock.advance(3_600_000);
    for (let count = 0; count < 6; count++) {
      expect(await ask(api.ann.token)).toEqual([401, 'TOKEN_EXPIRED', null]);
    }
  });

  it('can be left out', async () => {
    const free = api.another({ rateLimits: false });
    for (let count = 0; count < 10; count++) {
      const { status, headers } = await callApi(free, 'GET', '/sessions/current', { token: api.ann.token });
      expect([status, headers.get('ratelimit')]).toEqual([200, null]);
    }
  });
});

describe('what a request says', () => {
  beforeEach(async () => {
    api = await createTestApi();
  });

  it.each([
    ['an unknown parameter', '/accounts?limitt=3'],
    ['a parameter twice', '/accounts?limit=3&limit=4'],
    ['a limit of none', '/accounts?limit=0'],
    ['a limit past the most', '/accounts?limit=1001'],
    ['a limit that is no number', '/accounts?limit=0x10'],
    ['an order that there is not', '/accounts?orderBy=password'],
    ['a parameter where there are none', '/sessions/current?a=b'],
  ])('is refused by name where it is %s', async (_, path) => {
    const { status, body } = await api.call('GET', path, { token: api.admin.token });
    expect([status, body.code]).toEqual([400, 'REQUEST_INVALID']);
  });

  it.each([
    ['no JSON', '{', 400, 'BODY_INVALID'],
    ['JSON of another kind', '[]', 400, 'REQUEST_INVALID'],
    ['a member that is not known', '{"login":"x","isAdmin":true}', 400, 'REQUEST_INVALID'],
    ['a member named __proto__', '{"login":"x","__proto__":{"roles":["admin"]}}', 400, 'REQUEST_INVALID'],
    ['text that is no UTF-8', new Uint8Array([0x22, 0xff, 0x22]), 400, 'BODY_INVALID'],
    ['very deep', '['.repeat(30_000), 400, 'BODY_INVALID'],
  ])('is refused where its body is %s', async (_, given, status, code) => {
    const { token } = api.admin;
    const answer = await api.call('POST', '/accounts', {
      token,
      body: given as BodyInit,
      headers: { 'content-type': 'application/json' },
    });
    expect([answer.status, answer.body.code]).toEqual([status, code]);
  });

  it('is not quoted where it may hold a secret', async () => {
    const body = '{"login":"ann","password":"hunter2hunter2hunter2",}';
    const answer = await api.call('POST', '/sessions', { body, headers: { 'content-type': 'application/json' } });
    expect(answer.body.code).toBe('BODY_INVALID');
    expect(answer.text).not.toContain('hunter2');
  });

  it('has the media type that the operation takes, and no other', async () => {
    const { token } = api.admin;
    for (const type of ['text/plain', 'application/json; charset=utf-16', 'multipart/form-data; boundary=x', '']) {
      const { status } = await api.call('POST', '/accounts', { token, body: '{}', headers: { 'content-type': type } });
      expect([type, status]).toEqual([type, 415]);
    }
    const fine = { 'content-type': 'Application/JSON; charset="UTF-8"' };
    expect((await api.call('POST', '/accounts', { token, body: '{"login":"x"}', headers: fine })).status).toBe(201);
    const unexpected = await api.call('DELETE', '/accounts/x', { token, body: '{}' });
    expect(unexpected.body.code).toBe('BODY_UNEXPECTED');
  });
});

describe('proxies', () => {
  const forwarded = { 'x-forwarded-for': '198.51.100.9, 203.0.113.5, 10.0.0.2', 'x-forwarded-proto': 'https' };
  const sessionIp = async (
    options: Partial<HandlersOptions>,
    remoteAddress: string,
    headers: Record<string, string> = forwarded,
  ) => {
    api = await createTestApi(options);
    const json = { login: 'ann', password: PASSWORD };
    const { body } = await api.call('POST', '/sessions', { json, headers, connection: { remoteAddress } });
    const { items } = await api.accounts.sessions(api.ann.account.id);
    return items.find(({ sessionId }) => sessionId === body.sessionId)?.ip;
  };

  it('are believed where they are trusted, as far back as they are, and nobody else is', async () => {
    const trustedProxies = ['10.0.0.0/8', '2001:db8::/32'];
    expect(await sessionIp({ trustedProxies }, '10.0.0.1')).toBe('203.0.113.5');
    expect(await sessionIp({ trustedProxies }, '::ffff:10.0.0.1')).toBe('203.0.113.5');
    expect(await sessionIp({ trustedProxies }, '2001:db8::7')).toBe('203.0.113.5');
    expect(await sessionIp({ trustedProxies }, '192.0.2.66')).toBe('192.0.2.66');
    expect(await sessionIp({}, '10.0.0.1')).toBe('10.0.0.1');
    expect(await sessionIp({ trustedProxies }, '10.0.0.1', { 'x-forwarded-for': 'evil, 10.0.0.2' })).toBe('10.0.0.1');
    expect(await sessionIp({ trustedProxies }, '10.0.0.1', {})).toBe('10.0.0.1');
  });

  it('hand over client certificates and request ids, and strangers do not', async () => {
    const clientCertificateHeader = { name: 'Client-Cert', format: 'rfc9440' } as const;
    api = await createTestApi({ trustedProxies: ['10.0.0.1'], clientCertificateHeader });
    const { certificatePem } = await api.authority.issue({
      profile: 'client',
      subjectAltNames: ['email:ann@app.example'],
    });
    const der = certificatePem.replace(/-----[^-]+-----|\s/g, '');
    const headers = { 'client-cert': `:${der}:`, 'x-request-id': 'from-the-proxy' };
    const json = { login: 'ann', password: PASSWORD, bindCertificate: 'managed' };
    const login = (remoteAddress: string) =>
      api.call('POST', '/sessions', { json, headers, connection: { remoteAddress } });
    const trusted = await login('10.0.0.1');
    expect([trusted.status, trusted.headers.get('x-request-id')]).toEqual([201, 'from-the-proxy']);
    const stranger = await login('10.0.0.2');
    expect([stranger.body.code, stranger.headers.get('x-request-id') === 'from-the-proxy']).toEqual([
      'PROOF_REQUIRED',
      false,
    ]);
  });
});

describe('pages of other origins', () => {
  it('are let in by exact origin, and not at all by default', async () => {
    const preflight = { origin: 'https://console.example', 'access-control-request-method': 'PATCH' };
    api = await createTestApi();
    const none = await api.call('OPTIONS', '/accounts/me', { headers: preflight });
    expect([none.status, none.headers.get('access-control-allow-methods')]).toEqual([204, null]);
    api = await createTestApi({ cors: { origins: ['https://console.example'] } });
    const asked = await api.call('OPTIONS', '/accounts/me', { headers: preflight });
    expect(asked.headers.get('access-control-allow-methods')).toContain('PATCH');
    expect(asked.headers.get('access-control-allow-origin')).toBe('https://console.example');
    expect(asked.headers.get('access-control-allow-credentials')).toBeNull();
    const { headers } = await api.call('GET', '/healthz', { headers: { origin: 'https://evil.example' } });
    expect([headers.get('access-control-allow-origin'), headers.get('vary')]).toEqual([null, 'origin']);
  });
});

describe('createHandlers', () => {
  it.each([
    ['publicOrigin', { publicOrigin: 'https://app.example/' }],
    ['publicOrigin', { publicOrigin: 'app.example' }],
    ['basePath', { basePath: 'api' }],
    ['basePath', { basePath: '/api/' }],
    ['trustedProxies', { trustedProxies: ['10.0.0.0/33'] }],
    ['trustedProxies', { trustedProxies: ['proxy.example'] }],
    ['permissions', { permissions: { clerk: ['accounts.reed'] } }],
    ['bodyLimit', { bodyLimit: 0 }],
    ['recordLimit', { recordLimit: 0.5 }],
    ['bodyTimeoutMs', { bodyTimeoutMs: 1 }],
    ['eventPollMs', { eventPollMs: -1 }],
    ['registration', { registration: 'yes' }],
    ['authentication', { authentication: 'lax' }],
    ['rateLimits', { rateLimits: { account: { limit: 0, periodMs: 1 } } }],
    ['rateLimits.failedTokens', { rateLimits: { failedTokens: { limit: 1.5, periodMs: 1 } } }],
    ['cors', { cors: { origins: ['*'] } }],
    ['readiness', { readiness: { database: true } }],
    ['storage', { storage: undefined }],
    ['keyring', { keyring: null }],
  ])('refuses a malformed %s by name', (name, wrong) => {
    const { storage, keyring } = api;
    const make = () => createHandlers({ storage, keyring, ...wrong } as HandlersOptions);
    expect(make).toThrow(InvalidInputError);
    expect(make).toThrow(name);
  });

  it('gives roles the permissions that it was told, and no others', async () => {
    api = await createTestApi({ permissions: { auditor: ['events.read'] } });
    await api.accounts.update(api.ann.account.id, { roles: ['auditor'] });
    expect((await api.call('GET', '/events', { token: api.ann.token })).status).toBe(200);
    expect((await api.call('GET', '/accounts', { token: api.ann.token })).status).toBe(403);
    expect((await api.call('GET', '/accounts', { token: api.admin.token })).status).toBe(403);
  });

  it('tells an observer of every request, by operation and without a secret', async () => {
    const seen: Exchange[] = [];
    api = await createTestApi({ observe: (exchange) => seen.push(exchange) });
    await api.call('GET', '/accounts/me', { token: api.ann.token });
    await api.call('GET', '/nothing', {});
    await api.call('POST', '/sessions', { json: { login: 'ann', password: 'wrong' } });
    expect(seen).toMatchObject([
      { operation: 'getAccount', method: 'GET', status: 200, accountId: api.ann.account.id },
      { operation: undefined, status: 404, code: 'ROUTE_NOT_FOUND' },
      { operation: 'logIn', status: 401, code: 'CREDENTIALS_INVALID' },
    ]);
    expect(JSON.stringify(seen)).not.toContain('wrong');
  });

  it('has handlers for each resource alone', async () => {
    const ask = async (handler: keyof typeof api.handlers, path: string) => {
      const answer = await (api.handlers[handler] as typeof api.handlers.router)(new Request(ORIGIN + path), {
        encrypted: true,
      });
      return answer.status;
    };
    expect([await ask('health', '/healthz'), await ask('health', '/accounts')]).toEqual([200, 404]);
    expect([await ask('pki', '/pki/trust-anchors.pem'), await ask('jwks', '/.well-known/jwks.json')]).toEqual([
      200, 200,
    ]);
  });
});
