import { execFileSync } from 'node:child_process';
import { createHash, createPublicKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import { decodePem } from '../../src/encoding/pem.ts';
import { inspect } from '../../src/x509/inspect/inspect.ts';
import { tool } from '../support/tools.ts';

const CONFIGURATION = `
[req]
distinguished_name = dn
attributes = attributes
req_extensions = wanted
prompt = no
[dn]
O = Example
CN = inspected
[attributes]
challengePassword = secret
[wanted]
subjectAltName = DNS:a.example, IP:10.0.0.1
keyUsage = critical, digitalSignature
1.2.3.4.5 = ASN1:UTF8String:unknown
2.5.29.36 = DER:30:00
[issued]
basicConstraints = critical, CA:TRUE, pathlen:0
subjectAltName = DNS:a.example, IP:10.0.0.1
nameConstraints = critical, permitted;IP:10.0.0.0/255.0.0.0
subjectKeyIdentifier = hash
[ca]
default_ca = here
[here]
database = index.txt
crlnumber = crlnumber
default_md = sha256
default_crl_days = 30
crl_extensions = crl
[crl]
authorityKeyIdentifier = keyid
`;

let folder: string;
const openssl = (...args: string[]) =>
  execFileSync(tool('openssl'), args, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
const file = (name: string) => readFileSync(join(folder, name), 'utf8');
const der = (name: string) => decodePem(file(name))[0]!.der;
const hex = (algorithm: string, bytes: Uint8Array) => createHash(algorithm).update(bytes).digest('hex');

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'chancery-inspect-'));
  writeFileSync(join(folder, 'all.cnf'), CONFIGURATION);
  writeFileSync(join(folder, 'index.txt'), '');
  writeFileSync(join(folder, 'crlnumber'), '1F\n');
  openssl('genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256', '-out', 'key.pem');
  openssl('req', '-new', '-key', 'key.pem', '-config', 'all.cnf', '-out', 'csr.pem');
  openssl(
    'req',
    '-x509',
    '-key',
    'key.pem',
    '-config',
    'all.cnf',
    '-extensions',
    'issued',
    '-days',
    '3',
    '-set_serial',
    '0x80aa',
    '-out',
    'certificate.pem',
  );
  openssl(
    'req',
    '-x509',
    '-key',
    'key.pem',
    '-config',
    'all.cnf',
    '-extensions',
    'crl',
    '-days',
    '3',
    '-out',
    'ca.pem',
  );
  openssl(
    'ca',
    '-config',
    'all.cnf',
    '-keyfile',
    'key.pem',
    '-cert',
    'ca.pem',
    '-revoke',
    'ca.pem',
    '-crl_reason',
    'keyCompromise',
  );
  openssl('ca', '-config', 'all.cnf', '-keyfile', 'key.pem', '-cert', 'ca.pem', '-gencrl', '-out', 'crl.pem');
});
afterAll(() => rmSync(folder, { recursive: true }));

describe('inspect', () => {
  const crypto = nodeCrypto();

  it.each(['certificate', 'csr', 'crl'])(
    'tells a %s from its DER as from its PEM, and gives a value for JSON',
    async (name) => {
      const inspection = await inspect(file(`${name}.pem`), crypto);
      expect(inspection.kind).toBe(name);
      expect(await inspect(der(`${name}.pem`), crypto)).toEqual(inspection);
      expect(JSON.parse(JSON.stringify(inspection))).toEqual(inspection);
      expect(inspection.fingerprints).toEqual({
        sha1: hex('sha1', der(`${name}.pem`)),
        sha256: hex('sha256', der(`${name}.pem`)),
      });
      expect(inspection.signatureAlgorithm).toBe('ECDSA-SHA256');
    },
  );

  it('shows every field of a certificate', async () => {
    const peer = new X509Certificate(file('certificate.pem'));
    const spki = createPublicKey(file('key.pem')).export({ type: 'spki', format: 'der' });
    expect(await inspect(file('certificate.pem'), crypto)).toEqual({
      kind: 'certificate',
      version: 3,
      serialNumber: '80aa',
      issuer: 'CN=inspected,O=Example',
      subject: 'CN=inspected,O=Example',
      selfIssued: true,
      notBefore: new Date(peer.validFrom).toISOString(),
      notAfter: new Date(peer.validTo).toISOString(),
      subjectAltNames: ['a.example', 'ip:10.0.0.1'],
      publicKey: { algorithm: 'ECDSA-P256', sha256: hex('sha256', spki), spki: spki.toString('hex') },
      extensions: [
        { oid: '2.5.29.19', name: 'basicConstraints', critical: true, value: { cA: true, pathLenConstraint: 0 } },
        { oid: '2.5.29.17', name: 'subjectAltName', critical: false, value: ['a.example', 'ip:10.0.0.1'] },
        {
          oid: '2.5.29.30',
          name: 'nameConstraints',
          critical: true,
          value: { permitted: ['ip:10.0.0.0/8'], excluded: [] },
        },
        {
          oid: '2.5.29.14',
          name: 'subjectKeyIdentifier',
          critical: false,
          value: expect.stringMatching(/^[0-9a-f]{40}$/),
        },
      ],
      signatureAlgorithm: 'ECDSA-SHA256',
      signature: expect.stringMatching(/^30/),
      fingerprints: {
        sha1: peer.fingerprint.replaceAll(':', '').toLowerCase(),
        sha256: peer.fingerprint256.replaceAll(':', '').toLowerCase(),
      },
    });
  });

  it('shows a CSR, its attributes and whether it proves possession', async () => {
    const csr = await inspect(file('csr.pem'), crypto);
    expect(csr).toMatchObject({
      kind: 'csr',
      subject: 'CN=inspected,O=Example',
      subjectAltNames: ['a.example', 'ip:10.0.0.1'],
      proofOfPossession: true,
      attributes: expect.arrayContaining([{ oid: '1.2.840.113549.1.9.7', values: ['withheld'] }]),
      extensions: [
        { oid: '2.5.29.17', name: 'subjectAltName', critical: false, value: ['a.example', 'ip:10.0.0.1'] },
        { oid: '2.5.29.15', name: 'keyUsage', critical: true, value: ['digitalSignature'] },
        { oid: '1.2.3.4.5', critical: false, hex: '0c07756e6b6e6f776e' },
        {
          oid: '2.5.29.36',
          name: 'policyConstraints',
          critical: false,
          hex: '3000',
          problem: expect.stringMatching(/^policyConstraints: .*empty/),
        },
      ],
    });
    const forged = Uint8Array.from(der('csr.pem'));
    forged[forged.length - 1]! ^= 1;
    expect(await inspect(forged, crypto)).toMatchObject({ kind: 'csr', proofOfPossession: false });
  });

  it('shows a CRL, as many of its entries as wanted', async () => {
    const { serialNumber } = new X509Certificate(file('ca.pem'));
    const crl = await inspect(file('crl.pem'), crypto);
    expect(crl).toMatchObject({
      kind: 'crl',
      version: 2,
      issuer: 'CN=inspected,O=Example',
      size: 1,
      entries: [
        {
          serialNumber: serialNumber.toLowerCase(),
          revokedAt: expect.stringMatching(/^20\d\d-.*\.000Z$/),
          extensions: [{ oid: '2.5.29.21', name: 'reasonCode', critical: false, value: 'keyCompromise' }],
        },
      ],
      extensions: expect.arrayContaining([{ oid: '2.5.29.20', name: 'cRLNumber', critical: false, value: '31' }]),
    });
    expect(await inspect(file('crl.pem'), crypto, { maxEntries: 0 })).toMatchObject({ size: 1, entries: [] });
  });

  it('describes RSA keys and keys that the SDK does not know', async () => {
    openssl(
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-keyout',
      'rsa-key.pem',
      '-config',
      'all.cnf',
      '-extensions',
      'crl',
      '-out',
      'rsa.pem',
    );
    expect(await inspect(file('rsa.pem'), crypto)).toMatchObject({
      publicKey: { algorithm: 'RSA-2048', modulusBits: 2048, publicExponent: '65537' },
      signatureAlgorithm: 'RSA-PKCS1-SHA256',
    });
    openssl('dsaparam', '-out', 'dsa-parameters.pem', '1024');
    openssl(
      'req',
      '-x509',
      '-newkey',
      'dsa:dsa-parameters.pem',
      '-nodes',
      '-keyout',
      'dsa-key.pem',
      '-config',
      'all.cnf',
      '-extensions',
      'crl',
      '-out',
      'dsa.pem',
    );
    expect(await inspect(file('dsa.pem'), crypto)).toMatchObject({
      publicKey: { algorithm: '1.2.840.10040.4.1' },
      signatureAlgorithm: '2.16.840.1.101.3.4.3.2',
    });
  });

  it.each([
    ['a private key', () => file('key.pem'), 'PEM_INVALID'],
    ['text', () => 'hello', 'PEM_INVALID'],
    ['a cut certificate', () => der('certificate.pem').subarray(0, 100), 'CERTIFICATE_INVALID'],
    ['a cut CSR', () => der('csr.pem').subarray(0, -1), 'CERTIFICATE_INVALID'],
    ['no bytes', () => new Uint8Array(), 'CERTIFICATE_INVALID'],
    ['neither text nor bytes', () => 42 as unknown as string, 'INVALID_ARGUMENT'],
  ])('refuses %s', async (_, input, code) => {
    await expect(inspect(input(), crypto)).rejects.toThrowError(
      expect.objectContaining({ name: 'InvalidInputError', code }),
    );
  });

  it('never shows a private key in an error', async () => {
    const body = file('key.pem').split('\n')[1]!;
    await expect(inspect(file('key.pem'), crypto)).rejects.not.toThrowError(expect.stringContaining(body.slice(0, 16)));
  });
});
