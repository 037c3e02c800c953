import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type ConnectionOptions, connect, createServer } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { encodePem } from '../../src/encoding/pem.ts';
import { parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { testCrl } from '../support/test-ca.ts';
import { leaf, rootPem } from './support/certificates.ts';
import { createScene, listen, startServer, visit } from './support/scene.ts';

const NOW = Date.now();
const HOUR = 3_600_000;

async function crlPem(number: number, ...revoked: readonly string[]): Promise<string> {
  const entries = revoked.map((serialNumber) => ({ serialNumber }));
  const der = await testCrl({ number, thisUpdate: NOW - HOUR, nextUpdate: NOW + 24 * HOUR, revoked: entries });
  return encodePem('X509 CRL', der);
}

async function client(id: string) {
  const { chainPem, privateKeyPem } = await leaf({ id, names: [`${id}.client`], usage: 'clientAuth' });
  return { cert: chainPem, key: privateKeyPem, serial: parseCertificate(chainPem).serialNumber };
}

/** Makes a handshake. @returns what the server says, and the session to resume */
async function resumable(options: ConnectionOptions) {
  const socket = connect({ host: '127.0.0.1', rejectUnauthorized: false, ...options });
  const seen = { text: '', isReused: false, session: undefined as Buffer | undefined };
  socket.on('session', (session) => {
    seen.session = session;
  });
  socket.on('secureConnect', () => {
    seen.isReused = socket.isSessionReused();
  });
  socket.on('data', (data) => {
    seen.text += data;
  });
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.on('close', resolve));
  return seen;
}

const REQUIRED = { requestCert: true, rejectUnauthorized: true } as const;

describe('a server that asks for client certificates', () => {
  it('takes those of the trust anchors, for names and for the default alike', async () => {
    const { source, tls } = createScene({
      fallback: 'self-signed',
      clientTrust: { trustAnchorsPem: await rootPem() },
    });
    await source.put({ id: 'a', names: ['a.example'] });
    const port = await startServer({ ...(await tls.serverOptions()), ...REQUIRED });
    const { cert, key } = await client('good');
    for (const named of [{ servername: 'a.example' }, { servername: 'other.test' }, {}]) {
      expect(await visit(port, { ...named, cert, key })).toMatchObject({ text: 'hello' });
      expect((await visit(port, named)).error).toBeDefined();
      const foreign = await leaf({ id: 'own', names: ['x.client'], usage: 'clientAuth' });
      expect((await visit(port, { ...named, cert: foreign.chainPem, key: foreign.privateKeyPem })).text).toBe('hello');
    }
  });

  // A process of its own reads all of the sources first.
  it('trusts nobody where no anchors were given, not the roots of the runtime either', {
    timeout: 120_000,
  }, async () => {
    const folder = mkdtempSync(join(tmpdir(), 'tls-'));
    onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
    const roots = join(folder, 'roots.pem');
    writeFileSync(roots, await rootPem());
    const { cert, key } = await client('good');
    const served = await leaf({ id: 'a', names: ['a.example'] });
    writeFileSync(join(folder, 'served.json'), JSON.stringify(served));
    const main = new URL('./support/untrusting-server.ts', import.meta.url);
    const child = fork(main, [join(folder, 'served.json')], {
      execArgv: ['--conditions=source', '--import', 'tsx'],
      env: { ...process.env, NODE_EXTRA_CA_CERTS: roots },
    });
    const exited = new Promise((resolve) => child.once('exit', resolve));
    onTestFinished(async () => {
      if (child.kill('SIGKILL')) await exited;
    });
    const ended = exited.then(() => Promise.reject(new Error('The process ended before it listened')));
    const [{ plain, resolved }] = (await Promise.race([once(child, 'message'), ended])) as [
      { plain: number; resolved: number },
    ];
    // A server without a resolver shows that the runtime of that process does trust the root.
    expect(await visit(plain, { servername: 'a.example', cert, key })).toMatchObject({ text: 'hello' });
    expect(await visit(resolved, { servername: 'a.example', cert, key })).toMatchObject({ text: '' });
    expect(await visit(resolved, { cert, key })).toMatchObject({ text: '' });
  });

  it('refuses revoked ones, and follows a CRL that is signed anew', async () => {
    const { source, tls } = createScene({
      clientTrust: { trustAnchorsPem: await rootPem(), crlPem: await crlPem(1) },
    });
    await source.put({ id: 'a', names: ['a.example'] });
    const port = await startServer({ ...(await tls.serverOptions()), ...REQUIRED });
    const { cert, key, serial } = await client('good');
    const other = await client('other');
    const asGood = { servername: 'a.example', cert, key };
    expect(await visit(port, asGood)).toMatchObject({ text: 'hello' });
    tls.setClientTrust({ trustAnchorsPem: await rootPem(), crlPem: await crlPem(2, serial) });
    expect(await visit(port, asGood)).toMatchObject({ text: '' });
    expect(await visit(port, { ...asGood, cert: other.cert, key: other.key })).toMatchObject({ text: 'hello' });
  });

  it.each(['TLSv1.2', 'TLSv1.3'] as const)(
    'does not let a revoked one resume its session of %s, once the default context is replaced too',
    async (version) => {
      const { source, tls } = createScene({
        fallback: 'self-signed',
        clientTrust: { trustAnchorsPem: await rootPem(), crlPem: await crlPem(1) },
      });
      await source.put({ id: 'a', names: ['a.example'] });
      const versions = { minVersion: version, maxVersion: version };
      const server = createServer({ ...(await tls.serverOptions()), ...REQUIRED, ...versions }, (socket) => {
        socket.on('error', () => undefined);
        socket.end('hello');
      });
      server.on('tlsClientError', () => undefined);
      const port = await listen(server);
      const { cert, key, serial } = await client('good');
      const asGood = { port, servername: 'a.example', cert, key };
      const { session } = await resumable(asGood);
      expect(await resumable({ ...asGood, session })).toMatchObject({ text: 'hello', isReused: true });
      tls.setClientTrust({ trustAnchorsPem: await rootPem(), crlPem: await crlPem(2, serial) });
      server.setSecureContext({ ...(await tls.serverOptions()), ...versions });
      expect(await resumable({ ...asGood, session })).toMatchObject({ text: '', isReused: false });
    },
  );

  it('keeps its trust where the next cannot be read', async () => {
    const { tls, source } = createScene({ clientTrust: { trustAnchorsPem: await rootPem() } });
    await source.put({ id: 'a', names: ['a.example'] });
    const trustAnchorsPem = await rootPem();
    const bad = '-----BEGIN X509 CRL-----\nMAA=\n-----END X509 CRL-----\n';
    expect(() => tls.setClientTrust({ trustAnchorsPem, crlPem: bad })).toThrow(
      expect.objectContaining({ code: 'CRL_INVALID' }),
    );
    const port = await startServer({ ...(await tls.serverOptions()), ...REQUIRED });
    const { cert, key } = await client('good');
    expect(await visit(port, { servername: 'a.example', cert, key })).toMatchObject({ text: 'hello' });
  });

  it('tells the application who the client is', async () => {
    const { source, tls } = createScene({ clientTrust: { trustAnchorsPem: await rootPem() } });
    await source.put({ id: 'a', names: ['a.example'] });
    const server = createServer(
      { ...(await tls.serverOptions()), requestCert: true, rejectUnauthorized: false },
      (socket) => {
        socket.end(`${socket.authorized} ${socket.getPeerCertificate().subject?.CN ?? 'nobody'}`);
      },
    );
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(async () => void server.close());
    const { port } = server.address() as { port: number };
    const { cert, key } = await client('ann');
    expect(await visit(port, { servername: 'a.example', cert, key })).toMatchObject({ text: 'true ann 1' });
    expect(await visit(port, { servername: 'a.example' })).toMatchObject({ text: 'false nobody' });
  });
});
