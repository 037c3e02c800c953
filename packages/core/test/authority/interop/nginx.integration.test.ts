import { createServer } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { AddressInfo } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import {
  type CertificateAuthority,
  type Intermediate,
  type IssuedCertificate,
  OfflineRoot,
} from '../../../src/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { startNginx, stopNginx } from '../../support/nginx.ts';
import { testOcspRequest } from '../../support/ocsp-client.ts';
import { runAsync } from '../../support/run-async.ts';
import { createTestAuthority, PASSPHRASE } from '../../support/test-authority.ts';

const HOST = 'a.example.com';
const closing: (() => void)[] = [];

interface Scene {
  readonly authority: CertificateAuthority;
  readonly intermediate: Intermediate;
  readonly rootPem: string;
  readonly server: IssuedCertificate;
}

afterAll(async () => {
  for (const close of closing) close();
  await stopNginx();
});

/** At the machine's own time, since nginx knows no other. */
async function scene(): Promise<Scene> {
  const clock = new VirtualClock(Date.now());
  const { root } = await OfflineRoot.create({ subject: 'CN=Root for nginx', passphrase: PASSPHRASE, clock });
  const { authority, intermediate } = await createTestAuthority({ clock, root });
  await authority.installRootCrl((await root.crl()).crl.der);
  const server = await authority.issue({ subjectAltNames: [HOST] });
  return { authority, intermediate, rootPem: root.certificatePem, server };
}

function filesOf({ server, intermediate, rootPem }: Scene) {
  return {
    'chain.pem': server.chainPem,
    'key.pem': server.privateKeyPem as string,
    'trusted.pem': `${intermediate.certificatePem}${rootPem}`,
    'root.pem': rootPem,
  };
}

async function staplesOf(port: number): Promise<string> {
  const args = ['s_client', '-connect', `127.0.0.1:${port}`, '-servername', HOST, '-status'];
  return (await runAsync('openssl', args)).output;
}

describe('nginx with stapling', () => {
  it('serves the response that the authority gave, from a file', async () => {
    const made = await scene();
    const { authority, intermediate, server } = made;
    const asked = await testOcspRequest(intermediate.certificatePem as string, {
      serialNumbers: [server.serialNumber],
    });
    const files = { ...filesOf(made), 'staple.der': await authority.ocsp(asked) };
    const { port } = await startNginx(files, ['ssl_stapling on', 'ssl_stapling_file {folder}/staple.der']);
    const output = await staplesOf(port);
    expect(output).toContain('OCSP Response Status: successful');
    expect(output).toContain('Cert Status: good');
  });

  it('fetches it from the authority, verifies it, and serves it', async () => {
    const made = await scene();
    let asked = 0;
    const responder = createServer((incoming, outgoing) => {
      asked += 1;
      const chunks: Buffer[] = [];
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
      incoming.on('end', async () => {
        const path = decodeURIComponent((incoming.url ?? '').slice(1));
        const der = incoming.method === 'GET' ? Buffer.from(path, 'base64') : Buffer.concat(chunks);
        const response = await made.authority.ocsp(new Uint8Array(der));
        outgoing.writeHead(200, { 'content-type': 'application/ocsp-response' }).end(response);
      });
    });
    await new Promise<void>((resolve) => responder.listen(0, '127.0.0.1', resolve));
    closing.push(() => responder.close());
    const { port } = await startNginx(filesOf(made), [
      'ssl_stapling on',
      'ssl_stapling_verify on',
      `ssl_stapling_responder http://127.0.0.1:${(responder.address() as AddressInfo).port}/`,
      'ssl_trusted_certificate {folder}/trusted.pem',
    ]);
    // The first handshakes go without: nginx asks meanwhile.
    const deadline = Date.now() + 60_000;
    let output = '';
    while (!output.includes('Cert Status: good') && Date.now() < deadline) output = await staplesOf(port);
    expect(output).toContain('OCSP Response Status: successful');
    expect(output).toContain('Cert Status: good');
    expect(asked).toBe(1);
  });
});

describe("nginx with the authority's CRLs", () => {
  it('lets a good client in, and no revoked one, nor one on hold', async () => {
    const made = await scene();
    const { authority, rootPem } = made;
    const clients = await Promise.all(
      ['good', 'revoked', 'held'].map((commonName) => authority.issue({ profile: 'client', commonName })),
    );
    const [good, revoked, held] = clients as [IssuedCertificate, IssuedCertificate, IssuedCertificate];
    await authority.revoke(revoked.serialNumber, { reason: 'keyCompromise' });
    await authority.revoke(held.serialNumber, { reason: 'certificateHold' });
    const files = { ...filesOf(made), 'crls.pem': await authority.crlBundlePem() };
    const { port } = await startNginx(files, [
      'ssl_client_certificate {folder}/root.pem',
      'ssl_verify_client on',
      'ssl_verify_depth 2',
      'ssl_crl {folder}/crls.pem',
    ]);
    const statusFor = (client?: IssuedCertificate) => get(port, rootPem, client);
    expect(await Promise.all([statusFor(good), statusFor(revoked), statusFor(held), statusFor()])).toEqual([
      200, 400, 400, 400,
    ]);
  });
});

/** The HTTP status with which the server answers a client. */
function get(port: number, ca: string, client: IssuedCertificate | undefined): Promise<number | undefined> {
  const identity = client === undefined ? {} : { cert: client.chainPem, key: client.privateKeyPem as string };
  return new Promise((resolve, reject) => {
    const options = { host: '127.0.0.1', port, servername: HOST, ca, agent: false, ...identity };
    httpsRequest(options, (response) => {
      response.resume();
      response.once('end', () => resolve(response.statusCode));
    })
      .once('error', reject)
      .end();
  });
}
