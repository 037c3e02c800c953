import { beforeEach, describe, expect, it } from 'vitest';
import { DpopKey } from './support/dpop-key.ts';
import { type ApiAnswer, createTestApi, ORIGIN, PASSWORD, type TestApi } from './support/test-api.ts';

let api: TestApi;

beforeEach(async () => {
  api = await createTestApi();
});

const credentials = { login: 'ann', password: PASSWORD };

/** S2-3: every route but those that say that they are public asks who is there. */
describe('the token guard', () => {
  it.each([
    ['no header', undefined],
    ['another scheme', 'Basic YW5uOnNlY3JldA=='],
    ['no token', 'Bearer'],
    ['what is no JWT', 'Bearer abc'],
    ['two tokens', 'Bearer abc, Bearer def'],
    ['an unsigned token', `Bearer ${btoa('{"alg":"none"}')}.${btoa('{"sub":"admin"}')}.`],
  ])('refuses %s', async (_, authorization) => {
    const { status, headers, body } = await api.call('GET', '/sessions/current', {
      headers: authorization === undefined ? {} : { authorization },
    });
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toMatch(/^Bearer.*DPoP/);
    expect(body.detail).not.toContain('YW5u');
  });

  it('guards every operation that is not public', async () => {
    const guarded = api.handlers.routes.filter(({ access }) => access !== 'public');
    expect(guarded.length).toBeGreaterThan(20);
    for (const { method, path } of guarded) {
      const { status } = await api.call(method, path.replace(/\{[^}]+\}/g, 'x'));
      expect([method, path, status]).toEqual([method, path, 401]);
    }
  });

  it('refuses a token that was logged out, one that has run out, and one of a disabled account', async () => {
    const { token } = api.ann;
    expect((await api.call('DELETE', '/sessions/current', { token })).status).toBe(204);
    expect((await api.call('GET', '/sessions/current', { token })).body.code).toBe('TOKEN_REVOKED');
    await api.accounts.disable(api.bob.account.id);
    expect((await api.call('GET', '/sessions/current', { token: api.bob.token })).body.code).toBe('TOKEN_REVOKED');
    api.clock.advance(3_600_000);
    expect((await api.call('GET', '/sessions/current', { token: api.admin.token })).body.code).toBe('TOKEN_EXPIRED');
  });

  it('reads roles from storage, not from the token', async () => {
    await api.accounts.update(api.ann.account.id, { roles: ['admin'] });
    expect((await api.call('GET', '/accounts', { token: api.ann.token })).status).toBe(200);
    await api.accounts.update(api.ann.account.id, { roles: [] });
    expect((await api.call('GET', '/accounts', { token: api.ann.token })).status).toBe(403);
  });

  it('in mode offlineReads judges reads by their token, and everything else strictly', async () => {
    api = await createTestApi({ authentication: 'offlineReads' });
    const { token, account } = api.ann;
    await api.accounts.logoutEverywhere(account.id);
    expect((await api.call('GET', '/sessions/current', { token })).status).toBe(200);
    expect((await api.call('PATCH', '/accounts/me', { token, json: {} })).status).toBe(401);
  });
});

describe('logging in over HTTP', () => {
  it('gives tokens, refreshes them once, and tells nobody why it failed', async () => {
    const login = await api.call('POST', '/sessions', { json: credentials });
    expect(login.status).toBe(201);
    expect(login.headers.get('cache-control')).toBe('no-store');
    const me = await api.call('GET', '/sessions/current', { token: login.body.accessToken });
    expect(me.body).toMatchObject({ accountId: api.ann.account.id, roles: [], permissions: [] });
    const { refreshToken } = login.body;
    const refreshed = await api.call('POST', '/sessions/refresh', { json: { refreshToken } });
    expect(refreshed.status).toBe(200);
    const again = await api.call('POST', '/sessions/refresh', { json: { refreshToken } });
    expect([again.status, again.body.code]).toEqual([401, 'REFRESH_TOKEN_REUSED']);
    const unknown = await api.call('POST', '/sessions', { json: { login: 'nobody', password: PASSWORD } });
    const wrong = await api.call('POST', '/sessions', { json: { login: 'ann', password: 'wrong' } });
    expect({ ...unknown.body, requestId: '' }).toEqual({ ...wrong.body, requestId: '' });
  });

  it('tells an administrator what their roles permit', async () => {
    const { body } = await api.call('GET', '/sessions/current', { token: api.admin.token });
    expect(body.permissions).toEqual(expect.arrayContaining(['accounts.write', 'certificates.export', 'events.read']));
  });

  it('binds a session to a DPoP key: the token alone is worth nothing, and a proof serves once', async () => {
    const key = new DpopKey(api.clock);
    const headers = { dpop: key.prove('POST', `${ORIGIN}/sessions`) };
    const { body } = await api.call('POST', '/sessions', { json: credentials, headers });
    expect(body.tokenType).toBe('DPoP');
    const url = `${ORIGIN}/sessions/current`;
    const authorization = `DPoP ${body.accessToken}`;
    const dpop = key.prove('GET', url, body.accessToken);
    const ask = (given: Record<string, string>) => api.call('GET', '/sessions/current', { headers: given });
    expect((await ask({ authorization, dpop })).body.boundTo).toEqual(['dpop']);
    expect((await ask({ authorization, dpop })).body.code).toBe('PROOF_REPLAYED');
    expect((await ask({ authorization })).status).toBe(401);
    expect((await ask({ authorization: `Bearer ${body.accessToken}` })).body.code).toBe('PROOF_REQUIRED');
    const elsewhere = key.prove('GET', 'https://other.example/sessions/current', body.accessToken);
    expect((await ask({ authorization, dpop: elsewhere })).body.code).toBe('PROOF_INVALID');
    const two = `${key.prove('GET', url, body.accessToken)}, ${key.prove('GET', url, body.accessToken)}`;
    expect((await ask({ authorization, dpop: two })).body.code).toBe('PROOF_INVALID');
  });

  it('takes no DPoP proof where nothing says which address it must be for', async () => {
    api = await createTestApi({ publicOrigin: undefined as never });
    const dpop = new DpopKey(api.clock).prove('POST', `${ORIGIN}/sessions`);
    expect((await api.call('POST', '/sessions', { json: credentials, headers: { dpop } })).body.code).toBe(
      'HEADER_INVALID',
    );
  });

  it('binds a session to the client certificate of the connection; revoking that ends it', async () => {
    const issued = await api.authority.issue({ profile: 'client', subjectAltNames: ['email:ann@app.example'] });
    const clientCertificateDer = derOf(issued.certificatePem);
    const connection = { clientCertificateDer };
    const json = { ...credentials, bindCertificate: 'managed' };
    expect((await api.call('POST', '/sessions', { json })).body.code).toBe('PROOF_REQUIRED');
    const { body } = await api.call('POST', '/sessions', { json, connection });
    const token = body.accessToken;
    expect((await api.call('GET', '/sessions/current', { token, connection })).body.boundTo).toEqual([
      'managedCertificate',
    ]);
    expect((await api.call('GET', '/sessions/current', { token })).body.code).toBe('PROOF_REQUIRED');
    await api.authority.revoke(issued.serialNumber, { reason: 'keyCompromise' });
    expect((await api.call('GET', '/sessions/current', { token, connection })).status).toBe(401);
  });
});

describe('a session in the browser', () => {
  const origin = { origin: ORIGIN };
  const logInWithCookie = (headers: Record<string, string> = origin) =>
    api.call('POST', '/sessions', { json: { ...credentials, cookie: true }, headers });

  it('is in two cookies that no script can read and no other site can send', async () => {
    const login = await logInWithCookie();
    expect(login.status).toBe(201);
    expect(login.body).not.toHaveProperty('refreshToken');
    const [binding = '', refresh = ''] = login.headers.getSetCookie();
    expect(binding).toMatch(
      /^__Host-chancery-binding=[\w.~+/=-]+; Path=\/; Max-Age=\d+; Secure; HttpOnly; SameSite=Strict$/,
    );
    expect(refresh).toMatch(
      /^__Secure-chancery-refresh=\S+; Path=\/sessions\/refresh; .*Secure; HttpOnly; SameSite=Strict$/,
    );
    expect(login.text).not.toContain(cookieValue(binding));
  });

  it('takes both: the token without the cookie is nobody, and so is the cookie without the token', async () => {
    const login = await logInWithCookie();
    const token = login.body.accessToken;
    const cookie = cookieHeader(login);
    const ask = (given: object) => api.call('GET', '/sessions/current', given);
    expect((await ask({ token, headers: { cookie } })).body.boundTo).toEqual(['bindingSecret']);
    expect((await ask({ token })).body.code).toBe('BINDING_REQUIRED');
    expect((await ask({ headers: { cookie } })).body.code).toBe('AUTHENTICATION_REQUIRED');
    expect((await ask({ token, headers: { cookie: '__Host-chancery-binding=forged' } })).status).toBe(401);
    const twice = `${cookie}; __Host-chancery-binding=forged`;
    expect((await ask({ token, headers: { cookie: twice } })).body.code).toBe('BINDING_REQUIRED');
  });

  it('is refreshed by its cookies, from pages of the own origin alone', async () => {
    const login = await logInWithCookie();
    const cookie = cookieHeader(login);
    const refresh = (headers: Record<string, string>) =>
      api.call('POST', '/sessions/refresh', { json: {}, headers: { cookie, ...headers } });
    expect((await refresh({})).body.code).toBe('ORIGIN_REFUSED');
    expect((await refresh({ origin: 'https://evil.example' })).body.code).toBe('ORIGIN_REFUSED');
    expect((await refresh({ ...origin, 'sec-fetch-site': 'same-site' })).body.code).toBe('ORIGIN_REFUSED');
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const crossForm = await api.call('POST', '/sessions/refresh', {
      body: 'a=b',
      headers: { cookie, ...origin, ...form },
    });
    expect(crossForm.status).toBe(415);
    const refreshed = await refresh(origin);
    expect(refreshed.status).toBe(200);
    const headers = { cookie: cookieHeader(refreshed) };
    expect((await api.call('GET', '/sessions/current', { token: refreshed.body.accessToken, headers })).status).toBe(
      200,
    );
    expect((await refresh(origin)).body.code).toBe('REFRESH_TOKEN_REUSED');
  });

  it('does not begin from a page of another origin, which would log the browser in as somebody else', async () => {
    expect((await logInWithCookie({})).body.code).toBe('ORIGIN_REFUSED');
    expect((await logInWithCookie({ origin: 'https://evil.example' })).body.code).toBe('ORIGIN_REFUSED');
    expect((await logInWithCookie({ origin: 'null' })).body.code).toBe('ORIGIN_REFUSED');
  });

  it('ends with its cookies cleared', async () => {
    const login = await logInWithCookie();
    const headers = { cookie: cookieHeader(login) };
    const out = await api.call('DELETE', '/sessions/current', { token: login.body.accessToken, headers });
    expect(out.headers.getSetCookie().every((each) => /=; Path=\S+; Max-Age=0;/.test(each))).toBe(true);
    expect((await api.call('POST', '/sessions/refresh', { json: {}, headers: { ...headers, ...origin } })).status).toBe(
      401,
    );
  });
});

function cookieHeader({ headers }: ApiAnswer): string {
  return headers
    .getSetCookie()
    .map((each) => each.split(';')[0])
    .join('; ');
}

function cookieValue(setCookie: string): string {
  return setCookie.slice(setCookie.indexOf('=') + 1, setCookie.indexOf(';'));
}

function derOf(pem: string): Uint8Array {
  return new Uint8Array(Buffer.from(pem.replace(/-----[^-]+-----/g, ''), 'base64'));
}
