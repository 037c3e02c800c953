import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { IssuedCertificate } from '@chancery/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { runAsync } from '../../../packages/core/test/support/run-async.ts';
import { HOST, MTLS_HOST, type ProxiedApplication, startProxiedApplication } from './support/proxied-application.ts';
import { ask, type ProxyAnswer, type ProxyRequest, sessionOf } from './support/request.ts';

const PASSWORD = 'seventeen purple otters';
const escaped = ({ certificatePem }: IssuedCertificate) => encodeURIComponent(certificatePem);

let proxied: ProxiedApplication;
let ann: IssuedCertificate;
let ben: IssuedCertificate;
let annToken: string;

/** A request to the host that takes tokens, or with `client` to the one that takes certificates. */
async function through(options: Partial<ProxyRequest>): Promise<ProxyAnswer> {
  const { https: port } = proxied.ports;
  const host = options.client === undefined ? HOST : MTLS_HOST;
  while (true) {
    try {
      return await ask({ port, host, ca: proxied.trustAnchorsPem, path: '/healthz', ...options });
    } catch (error) {
      // When nginx reloads, it closes connections over which nothing has been asked yet. Which of the two it is depends on what was sent meanwhile.
      if (!['ECONNRESET', 'EPIPE'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    }
  }
}

beforeAll(async () => {
  proxied = await startProxiedApplication();
  const { authority, accounts } = proxied.application;
  await accounts.create({ login: 'ann', password: PASSWORD });
  [ann, ben] = (await Promise.all(
    ['ann', 'ben'].map((commonName) => authority.issue({ profile: 'client', commonName })),
  )) as [IssuedCertificate, IssuedCertificate];
  const body = { login: 'ann', password: PASSWORD, bindCertificate: 'generation' };
  const answer = await through({ method: 'POST', path: '/sessions', body, client: ann });
  expect(answer.status).toBe(201);
  annToken = JSON.parse(answer.text).accessToken;
});
afterAll(() => proxied?.close());

/** S0-14: a reverse proxy in front; S1-14: mTLS. */
describe('the application behind nginx', () => {
  it('has a configuration that nginx takes without a warning', async () => {
    const { status, output } = await proxied.check();
    expect({ status, warnings: output.match(/\[(?:warn|error|emerg)\].*/g) }).toEqual({ status: 0, warnings: null });
  });

  it("answers over TLS with the authority's certificate", async () => {
    const answer = await through({});
    expect(answer.status).toBe(200);
    expect(answer.peerSerialNumber).toBe(proxied.web.serialNumber);
    expect(answer.headers['strict-transport-security']).toBe('max-age=31536000');
  });

  it('lets in who shows a certificate, and tells the application whose it is', async () => {
    const answer = await through({
      path: '/sessions/current',
      client: ann,
      headers: { authorization: `Bearer ${annToken}` },
    });
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.text).boundTo).toEqual(['certificate']);
  });

  it('answers 400 by itself where there is no certificate, or one of somebody else', async () => {
    const stranger = await selfSigned();
    const statuses = [
      await through({ host: MTLS_HOST }),
      await through({ client: stranger }),
      await through({ host: MTLS_HOST, path: '/pki/trust-anchors.pem' }),
    ].map(({ status }) => status);
    expect(statuses).toEqual([400, 400, 400]);
  });

  it('drops the header of the certificate where a client brings it along', async () => {
    const headers = { authorization: `Bearer ${annToken}` };
    const forged = (name: string) => ({ ...headers, [name]: escaped(ann) });
    const attempts: Partial<ProxyRequest>[] = [
      { headers },
      { headers: forged('x-client-cert') },
      { headers: forged('X-Client-Cert') },
      { headers: forged('x_client_cert') },
      { headers: { ...headers, 'x-client-cert': ['', escaped(ann)] } },
      { headers: { ...headers, connection: 'x-client-cert', 'x-client-cert': escaped(ann) } },
      // Somebody with a certificate of his own.
      { headers: forged('x-client-cert'), client: ben },
      { headers: forged('x_client_cert'), client: ben },
    ];
    for (const attempt of attempts) {
      const answer = await through({ path: '/sessions/current', ...attempt });
      expect([answer.status, JSON.parse(answer.text).code]).toEqual([401, expect.stringMatching(/^PROOF_/)]);
    }
  });

  it('is not believed at the port for everybody, whoever writes the header', async () => {
    const response = await fetch(`http://127.0.0.1:${proxied.ports.direct}/sessions/current`, {
      headers: { authorization: `Bearer ${annToken}`, 'x-client-cert': escaped(ann) },
    });
    expect(response.status).toBe(401);
  });

  it('puts its own word on the address in the place of what the client says', async () => {
    const { application } = proxied;
    await application.accounts.create({ login: 'carl', password: PASSWORD });
    const spoofed = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9' };
    const login = await through({
      method: 'POST',
      path: '/sessions',
      body: { login: 'carl', password: PASSWORD },
      headers: spoofed,
    });
    const { accountId } = JSON.parse(login.text);
    const { items } = await application.accounts.sessions(accountId);
    expect(items.map(({ ip }) => ip)).toEqual(['127.0.0.1']);
  });

  it('serves what relying parties need without TLS, and sends everything else to TLS', async () => {
    const plain = (path: string) =>
      fetch(`http://127.0.0.1:${proxied.ports.http}${path}`, { redirect: 'manual', headers: { host: HOST } });
    const [crl] = (await proxied.application.authority.intermediates()).map(({ keyIdentifier }) => keyIdentifier);
    expect((await plain(`/pki/${crl}.crl`)).headers.get('content-type')).toBe('application/pkix-crl');
    expect((await plain('/.well-known/acme-challenge/none')).status).toBe(404);
    const moved = await plain('/accounts?limit=1');
    expect([moved.status, moved.headers.get('location')]).toEqual([308, `https://127.0.0.1/accounts?limit=1`]);
  });

  it('staples the OCSP response of the application', async () => {
    const args = ['s_client', '-connect', `127.0.0.1:${proxied.ports.https}`, '-servername', HOST, '-status'];
    // The first handshakes go without: nginx asks meanwhile.
    let output = '';
    const deadline = Date.now() + 60_000;
    while (!output.includes('Cert Status') && Date.now() < deadline) output = (await runAsync('openssl', args)).output;
    expect(output).toContain('OCSP Response Status: successful');
    expect(output).toContain('Cert Status: good');
  });

  it('streams events through the proxy as they come', async () => {
    const { accounts, events } = proxied.application;
    await accounts.create({ login: 'root', password: PASSWORD, roles: ['admin'] });
    const { accessToken } = await accounts.login({ login: 'root', password: PASSWORD });
    const { request } = await import('node:https');
    const outgoing = request({
      host: '127.0.0.1',
      port: proxied.ports.https,
      servername: HOST,
      ca: proxied.trustAnchorsPem,
      path: '/events/stream?type=account.created',
      headers: { host: HOST, authorization: `Bearer ${accessToken}` },
      agent: false,
    }).end();
    const [response] = await once(outgoing, 'response');
    expect(response.statusCode).toBe(200);
    events.start();
    await accounts.create({ login: 'dora' });
    let text = '';
    for await (const chunk of response) {
      text += chunk;
      if (text.includes('event: account.created')) break;
    }
    outgoing.destroy();
    await events.stop();
    expect(text).toContain('event: account.created');
  });
});

/** S1-13: certificates reach the proxy as files. */
describe('the files that nginx reads', () => {
  it('are for their owner alone where they hold a key', async () => {
    const modes = await Promise.all(
      ['web/key.pem', 'web/chain.pem', '.'].map(async (name) => (await stat(join(proxied.folder, name))).mode & 0o777),
    );
    expect(modes.map((mode) => mode.toString(8))).toEqual(['600', '644', '700']);
  });

  it('follow a renewal, and no request fails meanwhile', async () => {
    const { certificates } = proxied.application;
    const seen: (string | undefined)[] = [];
    const former = await workers();
    const before = (await through({})).peerSerialNumber;
    const renewed = await certificates.renew(proxied.web.id);
    do {
      const { status, peerSerialNumber } = await through({});
      expect(status).toBe(200);
      seen.push(peerSerialNumber);
    } while (await areLeft(former));
    seen.push((await through({})).peerSerialNumber);
    expect(seen.at(-1)).toBe(renewed.serialNumber);
    expect(new Set([before, ...seen])).toEqual(new Set([before, renewed.serialNumber]));
    const { subjectAltName, serialNumber } = new X509Certificate(await readFile(join(proxied.folder, 'web/chain.pem')));
    expect(serialNumber.toLowerCase()).toBe(renewed.serialNumber);
    expect(subjectAltName).toBe(`DNS:${HOST}, DNS:${MTLS_HOST}`);
  });

  it('shut out whoever is revoked, by a new connection or a resumed one', async () => {
    const { authority } = proxied.application;
    const request = { port: proxied.ports.https, host: MTLS_HOST, ca: proxied.trustAnchorsPem, path: '/healthz' };
    const former = await workers();
    const session = await sessionOf({ ...request, client: ben });
    expect((await through({ client: ben })).status).toBe(200);

    await authority.revoke(ben.serialNumber, { reason: 'keyCompromise' });
    await proxied.files.sync();
    while (await areLeft(former)) await setTimeout(10);
    expect((await through({ client: ben })).status).toBe(400);
    const resumed = await through({ client: ben, ...(session && { session }) });
    expect([resumed.status, resumed.isResumed]).toEqual([400, false]);
    expect((await through({ client: ann })).status).toBe(200);
  });

  it('are reloaded only when something has changed', async () => {
    const pid = await workers();
    await proxied.files.sync();
    await proxied.files.sync();
    expect(await workers()).toEqual(pid);
  });
});

/** The worker processes: a reload starts others. */
async function workers(): Promise<string[]> {
  const master = (await readFile(join(proxied.folder, '../nginx.pid'), 'utf8')).trim();
  const children = await readFile(`/proc/${master}/task/${master}/children`, 'utf8');
  return children.trim().split(/\s+/);
}

/** A reload starts workers and has the former ones end: for a moment both take connections. */
async function areLeft(former: readonly string[]): Promise<boolean> {
  const present = await workers();
  return former.some((pid) => present.includes(pid));
}

/** A certificate that no authority here has issued. */
async function selfSigned() {
  const key = join(proxied.folder, '../stranger.key');
  const certificate = join(proxied.folder, '../stranger.pem');
  await writeFile(key, '');
  const make = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-subj', '/CN=ann'];
  await runAsync('openssl', [...make, '-keyout', key, '-out', certificate, '-days', '2']);
  return { chainPem: await readFile(certificate, 'utf8'), privateKeyPem: await readFile(key, 'utf8') };
}
