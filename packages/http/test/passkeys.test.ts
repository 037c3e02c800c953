import { beforeEach, describe, expect, it } from 'vitest';
import { SoftwareAuthenticator } from '../../core/test/support/authenticators/software-authenticator.ts';
import { DpopKey } from './support/dpop-key.ts';
import { createTestApi, ORIGIN, PASSWORD, type Session, type TestApi } from './support/test-api.ts';

const PROOF = { current: PASSWORD };
let api: TestApi;
let device: SoftwareAuthenticator;

beforeEach(async () => {
  api = await createTestApi();
  device = new SoftwareAuthenticator();
});

/** Registers what the device makes, with what browsers add to it. */
async function register({ token }: Session, name?: string) {
  const begun = await api.call('POST', '/accounts/me/passkeys/options', { token, json: PROOF });
  const passkey = { ...device.create(begun.body), authenticatorAttachment: 'platform', clientExtensionResults: {} };
  return api.call('POST', '/accounts/me/passkeys', { token, json: { passkey, ...(name && { name }) } });
}

/** What the device answers to a challenge that anybody may draw. */
async function answer() {
  const { body } = await api.call('POST', '/sessions/passkey/options');
  return { ...device.get(body), clientExtensionResults: {} };
}

const logIn = (json: object, headers = {}) => api.call('POST', '/sessions/passkey', { json, headers });

describe('a passkey over HTTP', () => {
  it('is registered, listed, renamed, used and removed by its owner', async () => {
    const { token, account } = api.ann;
    const registered = await register(api.ann, 'phone');
    expect(registered.status).toBe(201);
    expect(registered.body).toMatchObject({ name: 'phone', transports: ['internal'], isBackedUp: false });
    const { passkeyId } = registered.body;
    const path = `/accounts/me/passkeys/${passkeyId}`;
    const renamed = await api.call('PATCH', path, { token, json: { name: 'key' } });
    expect(renamed.body).toEqual({ ...registered.body, name: 'key' });
    const listed = await api.call('GET', '/accounts/me/passkeys', { token });
    expect(listed.body).toEqual({ items: [renamed.body] });
    expect(listed.text).not.toContain('publicKey');
    const session = await logIn({ passkey: await answer() });
    expect([session.status, session.body.accountId]).toEqual([201, account.id]);
    const me = await api.call('GET', '/sessions/current', { token: session.body.accessToken });
    expect(me.body.accountId).toBe(account.id);
    expect((await api.call('DELETE', path, { token })).status).toBe(204);
    expect((await logIn({ passkey: await answer() })).body.code).toBe('PASSKEY_INVALID');
    expect((await api.call('DELETE', path, { token })).body.code).toBe('PASSKEY_NOT_FOUND');
  });

  it('answers a challenge once', async () => {
    await register(api.ann);
    const passkey = await answer();
    expect((await logIn({ passkey })).status).toBe(201);
    expect((await logIn({ passkey })).body.code).toBe('PASSKEY_INVALID');
  });

  it('is a second factor as well', async () => {
    await register(api.ann);
    await api.accounts.update(api.ann.account.id, { secondFactorRequired: true });
    const byPassword = (rest = {}) =>
      api.call('POST', '/sessions', { json: { login: 'ann', password: PASSWORD, ...rest } });
    expect((await byPassword()).body.code).toBe('SECOND_FACTOR_REQUIRED');
    expect((await byPassword({ secondFactor: { passkey: await answer() } })).status).toBe(201);
  });

  it('opens a session in cookies for pages of this origin alone', async () => {
    await register(api.ann);
    const foreign = await logIn({ passkey: await answer(), cookie: true }, { origin: 'https://evil.example' });
    expect([foreign.status, foreign.body.code]).toEqual([403, 'ORIGIN_REFUSED']);
    expect(foreign.headers.get('set-cookie')).toBeNull();
    const own = await logIn({ passkey: await answer(), cookie: true }, { origin: ORIGIN });
    expect(own.body).not.toHaveProperty('refreshToken');
    expect(own.headers.get('set-cookie')).toMatch(/__Secure-chancery-refresh=[^;]+; .*HttpOnly; SameSite=Strict/);
  });

  it('opens a session that is bound to what a login by password binds one to', async () => {
    await register(api.ann);
    const boundTo = async (token: string, headers = {}) =>
      (await api.call('GET', '/sessions/current', { token, headers })).body;
    const inCookies = await logIn({ passkey: await answer(), cookie: true }, { origin: ORIGIN });
    const token = inCookies.body.accessToken;
    expect((await boundTo(token)).code).toBe('BINDING_REQUIRED');
    const [cookie = ''] = (inCookies.headers.getSetCookie()[0] ?? '').split(';');
    expect((await boundTo(token, { cookie })).boundTo).toEqual(['bindingSecret']);
    const key = new DpopKey(api.clock);
    const proven = await logIn({ passkey: await answer() }, { dpop: key.prove('POST', `${ORIGIN}/sessions/passkey`) });
    expect(proven.body.tokenType).toBe('DPoP');
    expect((await boundTo(proven.body.accessToken)).code).toBe('PROOF_REQUIRED');
    // No certificate on this connection: nothing is opened rather than something unbound.
    const without = await logIn({ passkey: await answer(), bindCertificate: 'generation' });
    expect([without.status, without.body.code]).toEqual([401, 'PROOF_REQUIRED']);
  });

  it('takes the owner and the owner’s password to be registered', async () => {
    const { ann, bob, admin } = api;
    const begin = (token: string, id: string, json: object) =>
      api.call('POST', `/accounts/${id}/passkeys/options`, { token, json });
    expect((await begin(ann.token, 'me', { current: 'wrong' })).body.code).toBe('CREDENTIALS_INVALID');
    for (const { token } of [bob, admin]) {
      const denied = await begin(token, ann.account.id, PROOF);
      expect([denied.status, denied.body.code]).toEqual([403, 'PERMISSION_DENIED']);
    }
    // A challenge that was drawn for one account is not answered for another.
    const { body } = await begin(ann.token, 'me', PROOF);
    const json = { passkey: device.create(body) };
    expect((await api.call('POST', '/accounts/me/passkeys', { token: bob.token, json })).body.code).toBe(
      'PASSKEY_INVALID',
    );
    const path = `/accounts/${ann.account.id}/passkeys`;
    expect((await api.call('POST', path, { token: admin.token, json })).status).toBe(403);
  });

  it('is nobody else’s to list, rename or remove but by permission, and not of who may do more', async () => {
    const { ann, bob, admin } = api;
    const { passkeyId } = (await register(admin)).body;
    const path = `/accounts/${admin.account.id}/passkeys`;
    await api.accounts.update(bob.account.id, { roles: ['desk'] });
    const permissions = { admin: ['*'], desk: ['accounts.write', 'accounts.read'] } as const;
    api = { ...api, handlers: api.another({ permissions }) };
    const status = async (session: Session, method: string, target: string) => {
      const json = method === 'PATCH' ? { json: { name: 'x' } } : {};
      const headers = { authorization: `Bearer ${session.token}`, 'content-type': 'application/json' };
      const body = 'json' in json ? { body: JSON.stringify(json.json) } : {};
      const request = new Request(ORIGIN + target, { method, headers, ...body });
      return (await api.handlers.router(request, { remoteAddress: '192.0.2.7', encrypted: true })).status;
    };
    expect(await status(ann, 'GET', path)).toBe(403);
    expect(await status(bob, 'GET', path)).toBe(200);
    for (const session of [ann, bob]) {
      expect(await status(session, 'DELETE', `${path}/${passkeyId}`)).toBe(403);
      expect(await status(session, 'PATCH', `${path}/${passkeyId}`)).toBe(403);
    }
    // Nor under one's own account.
    expect(await status(ann, 'DELETE', `/accounts/me/passkeys/${passkeyId}`)).toBe(404);
  });

  it('takes an attestation that is longer than other bodies may be', async () => {
    const { token } = api.ann;
    const begun = await api.call('POST', '/accounts/me/passkeys/options', { token, json: PROOF });
    const made = device.create(begun.body);
    const long = { ...made, response: { ...made.response, attestationObject: 'A'.repeat(65_536) } };
    const register = (passkey: object) => api.call('POST', '/accounts/me/passkeys', { token, json: { passkey } });
    expect((await register(long)).body.code).toBe('PASSKEY_INVALID');
    expect((await register({ ...long, extra: 'A'.repeat(70_000) })).status).toBe(413);
    expect((await register({ ...long, response: {} })).body.code).toBe('REQUEST_INVALID');
  });

  it('is asked for within the limits of an address', async () => {
    api = await createTestApi({ rateLimits: { address: { limit: 1, periodMs: 60_000 } } });
    expect((await api.call('POST', '/sessions/passkey/options')).headers.get('ratelimit')).toBe('"address";r=0;t=60');
    expect((await api.call('POST', '/sessions/passkey/options')).status).toBe(429);
    expect(
      (await logIn({ passkey: device.get({ challenge: 'A'.repeat(43), rpId: 'app.example' } as never) })).status,
    ).toBe(429);
  });
});
