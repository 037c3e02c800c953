import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { encodePem } from '../../../src/encoding/pem.ts';
import { encodeCertificates, exportPkcs12, nodeCrypto } from '../../../src/index.ts';
import { run } from '../../support/run-tool.ts';
import { testCertificate } from '../../support/test-ca.ts';
import { testKey } from '../../support/test-keys.ts';

const folder = mkdtempSync(join(tmpdir(), 'chancery-certtool-'));
const path = (name: string) => join(folder, name);

afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function material() {
  const key = await testKey();
  const root = await testCertificate();
  const leaf = await testCertificate({ subject: 'CN=Leaf', issuer: 'CN=Foreign Root CA', spki: key.publicKey.spki });
  const privateKeyPem = encodePem('PRIVATE KEY', await nodeCrypto().exportPrivateKey(key));
  return { privateKeyPem, chainPem: leaf + root, leaf, root };
}

describe('GnuTLS', () => {
  it('reads a PKCS#12 file with its name, certificates and key', async () => {
    const { privateKeyPem, chainPem, leaf, root } = await material();
    const password = 'Grüße aus Köln';
    writeFileSync(path('a.p12'), await exportPkcs12({ privateKeyPem, chainPem, password, friendlyName: 'Grüße' }));
    const info = (given: string) => {
      const open = ['--p12-info', '--inder', '--infile', path('a.p12'), '--password', given];
      return run('certtool', open, { env: { ...process.env, LC_ALL: 'C.UTF-8' } });
    };
    const { output } = info(password);
    expect(output).toContain('Friendly name: Grüße');
    expect(output).toContain('AES-256-CBC');
    for (const pem of [leaf, root]) expect(output).toContain(pem.trim());
    expect(output).toContain('PRIVATE KEY');
    expect(info('wrong').output).not.toContain('BEGIN CERTIFICATE');
  });

  it('reads a PKCS#7 bundle', async () => {
    const { chainPem, leaf, root } = await material();
    writeFileSync(path('a.p7b'), encodeCertificates(chainPem, 'pkcs7'));
    const { output } = run('certtool', ['--p7-info', '--inder', '--infile', path('a.p7b')]);
    for (const pem of [leaf, root]) expect(output).toContain(pem.trim());
  });
});
