import { once } from 'node:events';
import { connect as connectHttp2, createSecureServer } from 'node:http2';
import { createServer, get } from 'node:https';
import type { SecureVersion } from 'node:tls';
import { describe, expect, it } from 'vitest';
import type { KeyAlgorithm } from '../../src/index.ts';
import { leaf, rootPem } from './support/certificates.ts';
import { choose, contextId, createScene, listen, startServer, visit } from './support/scene.ts';

async function servedScene() {
  const scene = createScene({ fallback: 'self-signed' });
  await scene.source.put({ id: 'exact', names: ['a.example', 'b.example'] });
  await scene.source.put({ id: 'wild', names: ['*.example', '*.deep.example'] });
  const port = await startServer(await scene.tls.serverOptions());
  return { ...scene, port };
}

/** S4-11 */
describe('a TLS server with a resolver', () => {
  it.each([
    ['a.example', 'exact 1'],
    ['b.example', 'exact 1'],
    ['A.Example', 'exact 1'],
    ['c.example', 'wild 1'],
    ['x.deep.example', 'wild 1'],
    ['y.x.deep.example', 'localhost'],
    ['example', 'localhost'],
    ['elsewhere.test', 'localhost'],
  ])('presents for %s the certificate of %s', async (servername, commonName) => {
    const { port } = await servedScene();
    expect(await visit(port, { servername })).toMatchObject({ commonName, text: 'hello' });
  });

  it('presents a certificate that the client can verify', async () => {
    const { port } = await servedScene();
    const ca = await rootPem();
    const verified = { servername: 'x.deep.example', ca, rejectUnauthorized: true };
    expect(await visit(port, verified)).toMatchObject({ commonName: 'wild 1', text: 'hello' });
  });

  // S0-5, S4-13
  it('presents the fallback to a client that sends no name', async () => {
    const { port } = await servedScene();
    expect(await visit(port)).toMatchObject({ commonName: 'localhost', text: 'hello' });
  });

  it('leaves a name without a certificate to the default of the server, where there is no fallback', async () => {
    const { source, tls } = createScene();
    await source.put({ id: 'exact', names: ['a.example'] });
    const own = await leaf({ id: 'own', names: ['own.example'] });
    const port = await startServer({ ...(await tls.serverOptions()), cert: own.chainPem, key: own.privateKeyPem });
    expect(await visit(port, { servername: 'other.example' })).toMatchObject({ commonName: 'own 1' });
    expect(await visit(port, { servername: 'a.example' })).toMatchObject({ commonName: 'exact 1' });
    const bare = await startServer(await tls.serverOptions());
    expect((await visit(bare, { servername: 'other.example' })).error).toBeDefined();
    expect(await visit(bare, { servername: 'a.example' })).toMatchObject({ commonName: 'exact 1' });
  });

  it('presents a fallback of the own to every name without a certificate', async () => {
    const own = await leaf({ id: 'own', names: ['own.example'] });
    const { tls } = createScene({ fallback: { certPem: own.chainPem, keyPem: own.privateKeyPem } });
    const port = await startServer(await tls.serverOptions());
    for (const options of [{}, { servername: 'other.example' }])
      expect(await visit(port, options)).toMatchObject({ commonName: 'own 1', text: 'hello' });
  });

  it('speaks HTTP/2 and HTTP/1.1', async () => {
    const { source, tls } = createScene();
    await source.put({ id: 'exact', names: ['a.example'] });
    const server = createSecureServer({ ...(await tls.serverOptions()), allowHTTP1: true }, (_, response) => {
      response.end('hello');
    });
    const port = await listen(server);
    const ca = await rootPem();
    const session = connectHttp2(`https://a.example:${port}`, {
      ca,
      servername: 'a.example',
      lookup: (_, options, callback) => {
        if (options.all) callback(null, [{ address: '127.0.0.1', family: 4 }]);
        else callback(null, '127.0.0.1', 4);
      },
    });
    const stream = session.request({ ':path': '/' });
    const [headers] = await once(stream, 'response');
    expect(headers[':status']).toBe(200);
    expect(session.alpnProtocol).toBe('h2');
    stream.close();
    session.close();
    const [response] = await once(
      get({ port, host: '127.0.0.1', servername: 'a.example', ca, agent: false }),
      'response',
    );
    expect(response).toMatchObject({ statusCode: 200, httpVersion: '1.1' });
    response.resume();
    await once(response, 'end');
  });

  it.each([
    ['TLSv1.2', 'TLSv1.2'],
    ['TLSv1.3', 'TLSv1.3'],
    ['TLSv1.1', undefined],
  ] as const)('answers a client that speaks %s alone with %s', async (version, protocol) => {
    const { port } = await servedScene();
    const ciphers = 'DEFAULT:@SECLEVEL=0';
    const seen = await visit(port, { servername: 'a.example', minVersion: version, maxVersion: version, ciphers });
    if (protocol === undefined) expect(seen.error).toBeDefined();
    else expect(seen).toMatchObject({ commonName: 'exact 1', protocol });
  });

  it('keeps to the versions that the server allows', async () => {
    const { source, tls } = createScene({ fallback: 'self-signed' });
    await source.put({ id: 'exact', names: ['a.example'] });
    const port = await startServer({ ...(await tls.serverOptions()), minVersion: 'TLSv1.3' });
    const old: SecureVersion = 'TLSv1.2';
    expect((await visit(port, { servername: 'a.example', maxVersion: old })).error).toBeDefined();
    expect(await visit(port, { servername: 'a.example' })).toMatchObject({ commonName: 'exact 1' });
  });

  it('gives contexts to others than TLS servers', async () => {
    const { tls, source } = createScene();
    await source.put({ id: 'exact', names: ['a.example'] });
    const context = await tls.secureContext('A.example.');
    expect(context).toBeDefined();
    expect((await choose(tls, 'a.example')).context).toBe(contextId(context));
    expect(await tls.secureContext('other.example')).toBeUndefined();
    expect(await tls.secureContext('192.0.2.1')).toBeUndefined();
  });
});

const KINDS: readonly KeyAlgorithm[] = ['ECDSA-P256', 'RSA-2048', 'Ed25519'];
const VERSIONS: readonly SecureVersion[] = ['TLSv1.2', 'TLSv1.3'];

// Node 20 offers the key of the server's default certificate beside that of the SNICallback (nodejs/node#54235).
describe.each(KINDS)('beside a default certificate with a key of %s', (kind) => {
  it('certificates with keys of every kind are presented', async () => {
    const own = await leaf({ id: 'own', names: ['own.example'], keyAlgorithm: kind });
    const { source, tls } = createScene({ fallback: { certPem: own.chainPem, keyPem: own.privateKeyPem } });
    for (const keyAlgorithm of KINDS) {
      await source.put({ id: keyAlgorithm, names: [`${keyAlgorithm.toLowerCase()}.example`], keyAlgorithm });
    }
    const port = await startServer(await tls.serverOptions());
    for (const version of VERSIONS) {
      for (const other of KINDS) {
        const servername = `${other.toLowerCase()}.example`;
        const seen = await visit(port, { servername, minVersion: version, maxVersion: version });
        expect(seen).toMatchObject({ commonName: `${other} 1`, protocol: version, text: 'hello' });
      }
      const nameless = await visit(port, { minVersion: version, maxVersion: version });
      expect(nameless).toMatchObject({ commonName: 'own 1', text: 'hello' });
    }
  });
});

describe('a server on node:https', () => {
  it('serves a name, and the next connection without waiting', async () => {
    const { source, tls } = createScene({ fallback: 'self-signed' });
    await source.put({ id: 'exact', names: ['a.example'] });
    const server = createServer(await tls.serverOptions(), (_, response) => response.end('hello'));
    const port = await listen(server);
    const ca = await rootPem();
    for (let connection = 0; connection < 3; connection++) {
      const request = get({ port, host: '127.0.0.1', servername: 'a.example', ca, agent: false });
      const [response] = await once(request, 'response');
      expect(response.statusCode).toBe(200);
      response.resume();
      await once(response, 'end');
    }
    expect(source.loads).toEqual(['a.example']);
  });
});
