import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodePem } from '../../../src/encoding/pem.ts';
import { decodeCertificates, encodeCertificates, exportPkcs12, importPkcs12, nodeCrypto } from '../../../src/index.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { run } from '../../support/run-tool.ts';
import { testCertificate } from '../../support/test-ca.ts';
import { testKey } from '../../support/test-keys.ts';

const PASSWORD = 'Grüße aus Köln';
const folder = mkdtempSync(join(tmpdir(), 'chancery-pkcs12-'));
const path = (name: string) => join(folder, name);
let privateKeyPem: string;
let chainPem: string;
let leaf: string;
let root: string;

beforeAll(async () => {
  const key = await testKey('RSA-2048');
  root = await testCertificate();
  leaf = await testCertificate({ subject: 'CN=Leaf', issuer: 'CN=Foreign Root CA', spki: key.publicKey.spki });
  chainPem = leaf + root;
  privateKeyPem = encodePem('PRIVATE KEY', await nodeCrypto().exportPrivateKey(key));
  writeFileSync(path('key.pem'), privateKeyPem);
  writeFileSync(path('leaf.pem'), leaf);
  writeFileSync(path('root.pem'), root);
  writeFileSync(path('chain.pem'), chainPem);
  writeFileSync(path('password'), `${PASSWORD}\n`);
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('OpenSSL and PKCS#12', () => {
  it('reads what was exported, and finds it well protected', async () => {
    const file = await exportPkcs12({ privateKeyPem, chainPem, password: PASSWORD, friendlyName: 'Grüße' });
    writeFileSync(path('ours.p12'), file);
    const from = ['pkcs12', '-in', path('ours.p12'), '-passin', `file:${path('password')}`];
    const info = run('openssl', [...from, '-info', '-nokeys']);
    expect(info.status).toBe(0);
    expect(info.output).toContain('MAC: sha256, Iteration 20000');
    expect(info.output).toContain('PBES2, PBKDF2, AES-256-CBC, Iteration 20000, PRF hmacWithSHA256');
    expect(run('openssl', [...from, '-nocerts', '-nodes', '-out', path('out.key')]).status).toBe(0);
    expect(readFileSync(path('out.key'), 'utf8')).toContain(privateKeyPem.trim());
    expect(run('openssl', [...from, '-nokeys', '-clcerts', '-out', path('out.pem')]).status).toBe(0);
    expect(readFileSync(path('out.pem'), 'utf8')).toContain(leaf.trim());
    const wrong = run('openssl', [...from.slice(0, 3), '-passin', 'pass:wrong', '-noout']);
    expect(wrong.output).toContain('Mac verify error');
  });

  const make = (name: string, ...options: string[]) => {
    const inputs = ['-inkey', path('key.pem'), '-in', path('leaf.pem'), '-certfile', path('root.pem'), '-name', 'leaf'];
    const { status, output } = run('openssl', [
      ...['pkcs12', '-export', ...inputs, '-passout', `file:${path('password')}`, '-out', path(name), ...options],
    ]);
    expect(output).toBe('');
    expect(status).toBe(0);
    return new Uint8Array(readFileSync(path(name)));
  };

  it.each<[string, string[]]>([
    ['as it comes', []],
    ['with a MAC of SHA-1', ['-macalg', 'sha1']],
    ['with a MAC of SHA-512', ['-macalg', 'sha512']],
    ['with AES-128', ['-keypbe', 'AES-128-CBC', '-certpbe', 'AES-192-CBC']],
    ['with open certificates', ['-certpbe', 'NONE']],
    ['with an open key', ['-keypbe', 'NONE']],
    ['with many iterations', ['-iter', '100000']],
  ])('writes a file %s, which is read', async (name, options) => {
    const file = make(`${name.replaceAll(' ', '-')}.p12`, ...options);
    expect(await importPkcs12(file, { password: PASSWORD })).toEqual({ privateKeyPem, chainPem, friendlyName: 'leaf' });
    expect(await codeOf(importPkcs12(file, { password: 'wrong' }))).toBe('PKCS12_PASSWORD_WRONG');
  });

  it('writes a file of certificates alone, which is read', async () => {
    const inputs = ['-nokeys', '-in', path('chain.pem'), '-passout', `file:${path('password')}`];
    run('openssl', ['pkcs12', '-export', ...inputs, '-out', path('trust.p12')]);
    const file = new Uint8Array(readFileSync(path('trust.p12')));
    expect(await importPkcs12(file, { password: PASSWORD })).toEqual({ chainPem });
  });

  it('writes a file of the old kind, which is refused by its name', async () => {
    const file = make('old.p12', '-keypbe', 'PBE-SHA1-3DES', '-certpbe', 'PBE-SHA1-3DES', '-macalg', 'sha1');
    const error = await rejection(importPkcs12(file, { password: PASSWORD }));
    expect([error.code, error.message]).toEqual(['PKCS12_INVALID', expect.stringContaining('1.2.840.113549.1.12.1.3')]);
  });

  it('writes a file without a MAC, which is refused', async () => {
    expect(await codeOf(importPkcs12(make('nomac.p12', '-nomac'), { password: PASSWORD }))).toBe('PKCS12_INVALID');
  });
});

describe('OpenSSL and PKCS#7', () => {
  it('prints the certificates of a bundle in their order', () => {
    for (const [form, bundle] of [
      ['DER', encodeCertificates(chainPem, 'pkcs7')],
      ['PEM', encodeCertificates(chainPem, 'pkcs7-pem')],
    ] as const) {
      writeFileSync(path('ours.p7b'), bundle);
      const { status, output } = run('openssl', ['pkcs7', '-inform', form, '-in', path('ours.p7b'), '-print_certs']);
      expect(status).toBe(0);
      expect(output.indexOf(leaf.trim())).toBeGreaterThan(-1);
      expect(output.indexOf(root.trim())).toBeGreaterThan(output.indexOf(leaf.trim()));
    }
  });

  it.each(['DER', 'PEM'])('writes a bundle in %s, which is read', (form) => {
    const out = path(`theirs.p7b.${form}`);
    run('openssl', ['crl2pkcs7', '-nocrl', '-certfile', path('chain.pem'), '-outform', form, '-out', out]);
    const bundle = form === 'PEM' ? readFileSync(out, 'utf8') : new Uint8Array(readFileSync(out));
    expect(decodeCertificates(bundle)).toEqual([leaf, root]);
  });
});
