import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CA_KEYS, type InteropPki, makeInteropPki, removeInteropFolders } from '../../support/interop-pki.ts';
import { runAsync } from '../../support/run-async.ts';

let server: Server;
let url: string;
let authority: InteropPki['authority'];

beforeAll(async () => {
  server = createServer(async (incoming, outgoing) => {
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const der = await authority.ocsp(new Uint8Array(Buffer.concat(chunks)));
    outgoing.writeHead(200, { 'content-type': 'application/ocsp-response' }).end(der);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => {
  server.close();
  removeInteropFolders();
});

const sets = CA_KEYS.map((caKey) => ({ title: caKey, pki: makeInteropPki(caKey) }));

/** What `openssl ocsp` says when it has asked the authority. */
async function ask({ path, authority: asked }: InteropPki, ...options: string[]) {
  authority = asked;
  return runAsync('openssl', [
    ...['ocsp', '-url', url, '-CAfile', path('root.pem'), '-verify_other', path('intermediate.pem')],
    ...['-issuer', path('intermediate.pem'), ...options],
  ]);
}

describe.each(sets)('openssl ocsp, CAs with keys of $title', ({ pki: pending }) => {
  it('learns of every certificate what the ledger says, and verifies the response', async () => {
    const pki = await pending;
    for (const { name, file, standing } of pki.leaves) {
      const { status, output } = await ask(pki, '-cert', file);
      expect([name, status]).toEqual([name, 0]);
      expect(output).toContain('Response verify OK');
      expect(output).toContain(`${file}: ${standing}`);
      expect(output).not.toContain('WARNING');
    }
  });

  it('reads the reasons', async () => {
    const pki = await pending;
    expect((await ask(pki, '-cert', pki.path('revoked.pem'))).output).toContain('Reason: keyCompromise');
    expect((await ask(pki, '-cert', pki.path('held.pem'))).output).toContain('Reason: certificateHold');
  });

  it('asks by SHA-256, without a nonce, and about several at once', async () => {
    const pki = await pending;
    const server = pki.path('server.pem');
    expect((await ask(pki, '-sha256', '-cert', server)).output).toContain(`${server}: good`);
    const plain = await ask(pki, '-no_nonce', '-cert', server);
    expect(plain.output).toContain('Response verify OK');
    expect(plain.output).toContain(`${server}: good`);
    const [good, revoked] = ['server', 'revoked'].map((name) => pki.leaves.find((leaf) => leaf.name === name));
    const serials = [good, revoked].flatMap((leaf) => ['-serial', `0x${leaf?.serialNumber}`]);
    const { output } = await ask(pki, ...serials, '-serial', '1');
    expect(output).toContain('Response verify OK');
    expect(output).toContain(`0x${good?.serialNumber}: good`);
    expect(output).toContain(`0x${revoked?.serialNumber}: revoked`);
    expect(output).toContain('1: unknown');
  });

  it('is refused about another issuer', async () => {
    const pki = await pending;
    const { output } = await ask(pki, '-issuer', pki.path('root.pem'), '-serial', '1');
    expect(output).toContain('unauthorized');
  });

  it('trusts no responder of another authority', async () => {
    const pki = await pending;
    const other = await sets[pki === (await sets[0]?.pki) ? 1 : 0]?.pki;
    const { output } = await ask(
      pki,
      '-CAfile',
      (other as InteropPki).path('root.pem'),
      '-cert',
      pki.path('server.pem'),
    );
    expect(output).toContain('Response Verify Failure');
  });
});
