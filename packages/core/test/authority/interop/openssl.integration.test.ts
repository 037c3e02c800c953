import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { CA_KEYS, HOST, type InteropPki, makeInteropPki, removeInteropFolders } from '../../support/interop-pki.ts';
import { run } from '../../support/run-tool.ts';
import { createTestAuthority } from '../../support/test-authority.ts';

const CONSTRAINTS = {
  nameConstraints: {
    permitted: ['example.com', 'ip:10.0.0.0/8', 'ip:2001:db8::/32', 'email:example.com', 'uri:example.com'],
  },
};
const PURPOSE = {
  server: 'sslserver',
  client: 'sslclient',
  peer: 'sslserver',
  codeSigning: 'any',
  ocspResponder: 'ocsphelper',
};

afterAll(removeInteropFolders);

const sets = [
  ...CA_KEYS.map((caKey) => ({ title: caKey, pki: makeInteropPki(caKey) })),
  { title: 'ECDSA-P256 with name constraints', pki: makeInteropPki('ECDSA-P256', CONSTRAINTS) },
];

function verify({ path }: InteropPki, file: string, ...more: string[]) {
  return run('openssl', [
    'verify',
    '-x509_strict',
    '-CAfile',
    path('root.pem'),
    '-untrusted',
    path('intermediate.pem'),
    ...more,
    file,
  ]);
}

describe.each(sets)('OpenSSL, CAs with keys of $title', ({ pki: pending }) => {
  it('verifies every certificate strictly, for its purpose', async () => {
    const pki = await pending;
    for (const { name, file, profile } of pki.leaves) {
      expect(verify(pki, file, '-purpose', PURPOSE[profile]), name).toEqual({ status: 0, output: `${file}: OK\n` });
    }
    const intermediate = pki.path('intermediate.pem');
    expect(verify(pki, intermediate)).toEqual({ status: 0, output: `${intermediate}: OK\n` });
    const root = pki.path('root.pem');
    expect(verify(pki, root, '-check_ss_sig')).toEqual({ status: 0, output: `${root}: OK\n` });
  });

  it('verifies with the CRLs of the whole path, and finds the revoked', async () => {
    const pki = await pending;
    const withCrls = ['-crl_check_all', '-CRLfile', pki.path('crls.pem')];
    for (const { name, file, standing } of pki.leaves) {
      const { status, output } = verify(pki, file, ...withCrls);
      expect([name, status === 0, output.includes('certificate revoked')]).toEqual([
        name,
        standing === 'good',
        standing !== 'good',
      ]);
    }
    expect(verify(pki, pki.path('server.pem'), '-crl_check_all').output).toContain('unable to get certificate CRL');
  });

  it('checks host names and addresses', async () => {
    const pki = await pending;
    const server = pki.path('server.pem');
    for (const check of [
      ['-verify_hostname', HOST],
      ['-verify_hostname', 'x.b.example.com'],
      ['-verify_ip', '10.0.0.1'],
      ['-verify_ip', '2001:db8::1'],
    ]) {
      expect(verify(pki, server, ...check).status).toBe(0);
    }
    expect(verify(pki, server, '-verify_hostname', 'example.com').output).toContain('hostname mismatch');
    expect(verify(pki, pki.path('client.pem'), '-verify_email', 'ann@example.com').status).toBe(0);
    expect(verify(pki, pki.path('client.pem'), '-purpose', 'sslserver').output).toMatch(
      /(unsupported|unsuitable) certificate purpose/,
    );
  });

  it('verifies the CRLs, and reads reasons and dates out of them', async () => {
    const pki = await pending;
    for (const issuer of ['root', 'intermediate']) {
      const { status, output } = run('openssl', [
        'crl',
        '-in',
        pki.path(`${issuer}.crl`),
        '-CAfile',
        pki.path(`${issuer}.pem`),
        '-noout',
        '-text',
      ]);
      expect(status).toBe(0);
      expect(output).toContain('verify OK');
      expect(output).toContain('Version 2 (0x1)');
      expect(output).toContain('X509v3 CRL Number');
      expect(output).toContain('X509v3 Authority Key Identifier');
    }
    const { output } = run('openssl', ['crl', '-in', pki.path('intermediate.crl'), '-noout', '-text']);
    for (const { serialNumber, standing } of pki.leaves)
      expect(output.includes(serialNumber.toUpperCase())).toBe(standing === 'revoked');
    for (const said of ['Key Compromise', 'Certificate Hold', 'Invalidity Date']) expect(output).toContain(said);
  });

  it('prints the fields that one expects', async () => {
    const pki = await pending;
    const text = (file: string) => run('openssl', ['x509', '-in', pki.path(file), '-noout', '-text']).output;
    const server = text('server.pem');
    // OpenSSL 3.2 and later leave the spaces out.
    expect(server).toMatch(/Subject: CN ?= ?a\.example\.com\n/);
    for (const said of [
      'CA:FALSE',
      'X509v3 Key Usage: critical',
      'Digital Signature',
      'TLS Web Server Authentication',
      `DNS:${HOST}, DNS:*.b.example.com, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1, URI:spiffe://example.com/x`,
      'CA Issuers - URI:http://pki.example/pki/',
      'X509v3 CRL Distribution Points',
    ]) {
      expect(server).toContain(said);
    }
    expect(text('nameless.pem')).toContain('X509v3 Subject Alternative Name: critical');
    expect(text('short-lived.pem')).not.toContain('CRL Distribution Points');
    expect(text('ocsp-responder.pem')).toContain('OCSP No Check');
    expect(text('intermediate.pem')).toContain('CA:TRUE, pathlen:0');
    expect(text('root.pem')).toContain('Certificate Sign, CRL Sign');
  });
});

describe('a CSR made by OpenSSL', () => {
  it.each([
    ['ec', 'ec_paramgen_curve:P-256'],
    ['ec', 'ec_paramgen_curve:P-384'],
    ['rsa', 'rsa_keygen_bits:2048'],
    ['ed25519', ''],
  ])('with a key of %s %s is issued', async (algorithm, option) => {
    const { authority } = await createTestAuthority();
    const { path } = await makeInteropPki('ECDSA-P256');
    const made = run('openssl', [
      'req',
      '-new',
      '-newkey',
      algorithm,
      ...(option === '' ? [] : ['-pkeyopt', option]),
      '-nodes',
      '-keyout',
      path('key.pem'),
      '-out',
      path('request.pem'),
      '-subj',
      '/C=DE/O=Example/CN=a.example',
      '-addext',
      'subjectAltName=DNS:a.example,IP:10.0.0.1',
      '-addext',
      'keyUsage=digitalSignature',
    ]);
    expect(made.status).toBe(0);
    const csr = readFileSync(path('request.pem'), 'utf8');
    const issued = await authority.issue({ csr, subjectAltNames: ['a.example', 'ip:10.0.0.1'] });
    expect(issued.subject).toBe('CN=a.example');
    writeFileSync(path('issued.pem'), issued.certificatePem);
    const publicKeys = [
      run('openssl', ['x509', '-in', path('issued.pem'), '-noout', '-pubkey']).output,
      run('openssl', ['pkey', '-in', path('key.pem'), '-pubout']).output,
    ];
    expect(publicKeys[0]).toBe(publicKeys[1]);
  });

  it('is made by the authority too, for an intermediate', async () => {
    const { authority } = await createTestAuthority();
    for (const keyAlgorithm of CA_KEYS) {
      const { csrPem } = await authority.requestIntermediate({ subject: 'CN=Sub CA,O=Example', keyAlgorithm });
      const { output } = run('openssl', ['req', '-verify', '-noout', '-subject'], { input: csrPem });
      expect(output).toContain('verify OK');
      expect(output).toMatch(/subject=O ?= ?Example, CN ?= ?Sub CA\n/);
    }
  });
});
