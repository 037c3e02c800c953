import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DpopClient } from '../src/dpop-client.ts';
import { type ClientIdentity, type MtlsRequest, mtlsFetch } from '../src/mtls-client.ts';
import { type Servers, startServers } from '../src/servers.ts';

const ANN = { login: 'ann@example.com', password: 'seventeen purple otters' };
const ROOT = { login: 'root@example.com', password: 'eleven amber lanterns' };

interface Tokens {
  readonly accessToken: string;
  readonly refreshToken: string;
  readonly tokenType: string;
}

let servers: Servers;
let accountId: string;

beforeAll(async () => {
  servers = await startServers();
  await servers.accounts.create({ ...ROOT, roles: ['admin'] });
  const created = await send('POST', '/accounts', { body: { ...ANN, roles: ['admin'] } });
  expect(created).toMatchObject({ status: 201, body: { login: ANN.login } });
  accountId = (created.body as { id: string }).id;
});
afterAll(() => servers.close());

/** Sends a request as a client without any key does. */
async function send(method: string, path: string, { body, accessToken }: Omit<MtlsRequest, 'method'> = {}) {
  const response = await fetch(servers.origin + path, {
    method,
    headers: {
      ...(body && { 'content-type': 'application/json' }),
      ...(accessToken && { authorization: `Bearer ${accessToken}` }),
    },
    ...(body && { body: JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, body: text === '' ? undefined : JSON.parse(text) };
}

const logIn = async (body: object) => (await send('POST', '/sessions', { body })).body as Tokens;

describe('a bearer', () => {
  it('logs in, is known, refreshes and logs out', async () => {
    const first = await logIn(ANN);
    expect(first.tokenType).toBe('Bearer');
    expect(await send('GET', '/me', first)).toMatchObject({ status: 200, body: { accountId, boundTo: [] } });
    const refreshed = await send('POST', '/sessions/refresh', { body: { refreshToken: first.refreshToken } });
    expect(refreshed.status).toBe(200);
    const second = refreshed.body as Tokens;
    expect(await send('DELETE', '/sessions/current', second)).toMatchObject({ status: 204 });
    expect(await send('GET', '/me', second)).toMatchObject({ status: 401, body: { code: 'TOKEN_REVOKED' } });
  });

  it('loses the session when a refresh token comes twice', async () => {
    const { refreshToken } = await logIn(ANN);
    const { body: next } = await send('POST', '/sessions/refresh', { body: { refreshToken } });
    const again = await send('POST', '/sessions/refresh', { body: { refreshToken } });
    expect(again).toMatchObject({ status: 401, body: { code: 'REFRESH_TOKEN_REUSED' } });
    expect(await send('GET', '/me', next as Tokens)).toMatchObject({ status: 401 });
  });

  it('sees what its roles allow, which it cannot choose', async () => {
    expect(await send('GET', '/accounts', await logIn(ANN))).toMatchObject({
      status: 403,
      body: { code: 'PERMISSION_DENIED' },
    });
    const { status, body } = await send('GET', '/accounts', await logIn(ROOT));
    expect(status).toBe(200);
    expect((body as { login: string }[]).map(({ login }) => login).sort()).toEqual([ANN.login, ROOT.login]);
  });

  it('is told what is wrong by a code', async () => {
    const wrong = { ...ANN, password: 'not the password of ann' };
    const refused = await send('POST', '/sessions', { body: wrong });
    expect(refused).toMatchObject({ status: 401, body: { code: 'CREDENTIALS_INVALID' } });
    expect(refused.headers.get('www-authenticate')).toContain('Bearer');
    expect(await send('POST', '/accounts', { body: ANN })).toMatchObject({
      status: 409,
      body: { code: 'LOGIN_TAKEN' },
    });
    for (const body of [{}, { ...ANN, password: 5 }, { login: 'bob', password: 'short' }]) {
      expect(await send('POST', '/accounts', { body })).toMatchObject({ status: 400 });
    }
    const malformed = { method: 'POST', headers: { 'content-type': 'application/json' }, body: '{' };
    const unread = await fetch(`${servers.origin}/sessions`, malformed);
    expect([unread.status, await unread.json()]).toEqual([400, { status: 400 }]);
    expect(await send('GET', '/me')).toMatchObject({ status: 401, body: { code: 'TOKEN_INVALID' } });
  });

  it('has tokens that the published keys verify', async () => {
    const { accessToken } = await logIn(ANN);
    const [header = ''] = accessToken.split('.');
    const { kid } = JSON.parse(Buffer.from(header, 'base64url').toString()) as { kid: string };
    const { body } = await send('GET', '/.well-known/jwks.json');
    expect((body as { keys: { kid: string }[] }).keys.map((key) => key.kid)).toContain(kid);
  });
});

describe('a client with a DPoP key', () => {
  it('logs in, calls and refreshes, and whoever copies its tokens cannot', async () => {
    const client = await DpopClient.create(servers.origin);
    await client.login(ANN.login, ANN.password);
    const me = await client.call('GET', '/me');
    expect(await me.json()).toMatchObject({ accountId, boundTo: ['dpop'] });
    const stolen = client.tokens as Tokens;
    expect(stolen.tokenType).toBe('DPoP');
    expect(await send('GET', '/me', stolen)).toMatchObject({ status: 401, body: { code: 'PROOF_REQUIRED' } });
    const { refreshToken } = stolen;
    expect(await send('POST', '/sessions/refresh', { body: { refreshToken } })).toMatchObject({ status: 401 });
    await client.refresh();
    expect(client.tokens?.refreshToken).not.toBe(refreshToken);
    expect((await client.call('GET', '/me')).status).toBe(200);
    expect((await client.call('DELETE', '/sessions/current')).status).toBe(204);
    expect((await client.call('GET', '/me')).status).toBe(401);
  });
});

describe('a client with a certificate', () => {
  const identify = async () => {
    const issued = await servers.authority.issue({
      profile: 'client',
      subjectAltNames: [`email:${ANN.login}`],
      keyAlgorithm: 'ECDSA-P256',
    });
    const { serialNumber, chainPem, privateKeyPem = '' } = issued;
    return { serialNumber, cert: chainPem, key: privateKeyPem, ca: await servers.authority.trustAnchorsPem() };
  };
  const call = (identity: ClientIdentity, path: string, options: MtlsRequest = {}) =>
    mtlsFetch(identity, servers.tlsOrigin + path, options);

  it('has a session that is bound to it, and ends when it is revoked', async () => {
    const [identity, other] = [await identify(), await identify()];
    const { body } = await call(identity, '/sessions', { method: 'POST', body: ANN });
    const { accessToken, refreshToken } = body as Tokens;
    const me = { status: 200, body: { accountId, boundTo: ['managedCertificate'] } };
    expect(await call(identity, '/me', { accessToken })).toMatchObject(me);

    // The token with another good certificate, and without any.
    expect(await call(other, '/me', { accessToken })).toMatchObject({ status: 401, body: { code: 'PROOF_INVALID' } });
    expect(await send('GET', '/me', { accessToken })).toMatchObject({ status: 401, body: { code: 'PROOF_REQUIRED' } });

    const refreshed = await call(identity, '/sessions/refresh', { method: 'POST', body: { refreshToken } });
    const next = refreshed.body as Tokens;
    expect(await call(identity, '/me', next)).toMatchObject(me);

    // This TLS server reads no CRL: it is the session that ends.
    await servers.authority.revoke(identity.serialNumber, { reason: 'keyCompromise' });
    const revoked = { status: 401, body: { code: 'PROOF_INVALID' } };
    expect(await call(identity, '/me', next)).toMatchObject(revoked);
    const last = { method: 'POST', body: { refreshToken: next.refreshToken } };
    expect(await call(identity, '/sessions/refresh', last)).toMatchObject(revoked);
    expect(await call(other, '/sessions', { method: 'POST', body: ANN })).toMatchObject({ status: 200 });
  });

  it('is needed for the handshake', async () => {
    const { ca } = await identify();
    await expect(mtlsFetch({ cert: '', key: '', ca }, `${servers.tlsOrigin}/me`)).rejects.toThrow();
  });
});
