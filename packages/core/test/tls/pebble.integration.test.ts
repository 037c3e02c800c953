import { once } from 'node:events';
import { createServer } from 'node:tls';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { CertificateManager, createTlsResolver, LocalKeyring, tlsAlpn01 } from '../../src/index.ts';
import { type Pebble, startPebble } from '../support/pebble.ts';
import { createTestIssuer } from '../support/test-issuer.ts';
import { visit } from './support/scene.ts';

let pebble: Pebble;

beforeAll(async () => {
  pebble = await startPebble();
});
afterAll(() => pebble?.stop());

/** One instance that orders, and another one that serves and answers the challenges, where Pebble looks for them. */
async function servedByPebble() {
  const { directory, trustAnchorsPem, tlsPort } = pebble;
  const keyring = LocalKeyring.generate();
  const ordering = createTestIssuer({ directory, trustAnchorsPem, keyring, solvers: [tlsAlpn01()] });
  const manage = (issuer = ordering.another()) =>
    new CertificateManager({ storage: ordering.storage, keyring, issuers: { acme: issuer } });
  const certificates = manage(ordering.issuer);
  const serving = manage();
  const allowed = ['demand.example'];
  const tls = createTlsResolver({
    certificates: serving,
    acme: ordering.another(),
    fallback: 'self-signed',
    onDemand: { allow: (name) => allowed.includes(name), waitMs: 30_000 },
  });
  const server = createServer({ ...(await tls.serverOptions()), ALPNProtocols: ['http/1.1'] }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  tls.listener(server);
  server.listen(tlsPort, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    await tls.close();
    await Promise.all([certificates.close(), serving.close()]);
  });
  const ca = await pebble.manage('roots/0');
  const trusting = (servername: string) =>
    visit(tlsPort, { servername, ca, rejectUnauthorized: true, ALPNProtocols: ['http/1.1'] });
  return { certificates, trusting };
}

it('Pebble validates through the listener of another instance, and what it issues is served there', async () => {
  const { certificates, trusting } = await servedByPebble();
  const { serialNumber } = await certificates.create({ subjectAltNames: ['t.example', 'u.example'] });
  expect(await trusting('t.example')).toMatchObject({ serialNumber, text: 'hello' });
  expect(await trusting('u.example')).toMatchObject({ serialNumber, text: 'hello' });
});

it('Pebble validates while the handshake waits that the certificate is for', async () => {
  const { trusting } = await servedByPebble();
  expect(await trusting('demand.example')).toMatchObject({ commonName: 'demand.example', text: 'hello' });
  expect((await trusting('other.example')).error).toBeDefined();
});
