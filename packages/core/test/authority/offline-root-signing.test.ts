import { describe, expect, it } from 'vitest';
import { nodeCrypto, OfflineRoot, type SignIntermediateOptions } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { parseCertificate, verifyCertificateSignature } from '../../src/x509/certificate/certificate.ts';
import { formatGeneralName } from '../../src/x509/name/general-name.ts';
import { codeOf, rejection, violationsOf } from '../support/expect-error.ts';
import { DAY, PASSPHRASE } from '../support/test-authority.ts';
import { KEY_ALGORITHMS, rsaKey, testCsr, testKey } from '../support/test-keys.ts';

const clock = new VirtualClock();
const SUBJECT = 'CN=Example Root CA,O=Example';
const made = OfflineRoot.create({ subject: SUBJECT, passphrase: PASSPHRASE, clock });
const sign = async (options?: SignIntermediateOptions, subject = 'CN=Sub CA') => {
  const { root } = await made;
  const csr = await testCsr({ subject, key: await testKey() });
  return parseCertificate((await root.signIntermediate(csr, options)).certificatePem);
};

describe('the certificate of an offline root', () => {
  it.each(KEY_ALGORITHMS.filter((algorithm) => algorithm !== 'RSA-4096'))(
    'is self-signed with a key of %s',
    async (keyAlgorithm) => {
      const { root } = await OfflineRoot.create({ subject: SUBJECT, keyAlgorithm, passphrase: PASSPHRASE, clock });
      const certificate = parseCertificate(root.certificatePem);
      const key = await nodeCrypto().importPublicKey(certificate.spki);
      expect(await verifyCertificateSignature(certificate, key, nodeCrypto())).toBe(true);
      expect(certificate.issuer.toString()).toBe(SUBJECT);
    },
  );

  it('has the extensions of a root, and is valid for ten years from five minutes ago', async () => {
    const certificate = parseCertificate((await made).root.certificatePem);
    expect(certificate.basicConstraints).toEqual({ cA: true });
    expect(certificate.keyUsage).toEqual(['digitalSignature', 'keyCertSign', 'cRLSign']);
    expect(certificate.extensions.filter(({ critical }) => critical).map(({ oid }) => oid)).toEqual([
      '2.5.29.19',
      '2.5.29.15',
    ]);
    expect(certificate.authorityKeyIdentifier?.keyIdentifier).toEqual(certificate.subjectKeyIdentifier);
    expect(certificate.notBefore.getTime()).toBe(clock.now() - 300_000);
    expect(certificate.notAfter.getTime()).toBe(clock.now() + 3650 * DAY);
  });
});

describe('OfflineRoot.signIntermediate', () => {
  it('signs for five years with path length 0 by default', async () => {
    const { root } = await made;
    const certificate = await sign();
    const issuer = parseCertificate(root.certificatePem);
    expect(
      await verifyCertificateSignature(certificate, await nodeCrypto().importPublicKey(issuer.spki), nodeCrypto()),
    ).toBe(true);
    expect(certificate.basicConstraints).toEqual({ cA: true, pathLenConstraint: 0 });
    expect(certificate.notAfter.getTime()).toBe(clock.now() + 1825 * DAY);
    expect(certificate.notBefore.getTime()).toBe(clock.now() - 300_000);
    expect(certificate.authorityKeyIdentifier?.keyIdentifier).toEqual(issuer.subjectKeyIdentifier);
    expect(certificate.crlDistributionPoints).toBeUndefined();
    expect(certificate.authorityInfoAccess).toBeUndefined();
  });

  it('adds what it is asked for: path length, URLs, name constraints', async () => {
    const certificate = await sign({
      pathLength: 2,
      validityDays: 30,
      crlUrl: 'http://pki.example/root.crl',
      issuerUrl: 'https://pki.example/root.cer',
      nameConstraints: {
        permitted: ['example.com', 'ip:10.0.0.0/8', 'email:example.com', 'uri:.example.com'],
        excluded: ['bad.example.com'],
      },
    });
    expect(certificate.basicConstraints?.pathLenConstraint).toBe(2);
    expect(certificate.notAfter.getTime()).toBe(clock.now() + 30 * DAY);
    expect(JSON.stringify(certificate.crlDistributionPoints)).toContain('http://pki.example/root.crl');
    expect(JSON.stringify(certificate.authorityInfoAccess)).toContain('https://pki.example/root.cer');
    const { permitted = [], excluded = [] } = certificate.nameConstraints ?? {};
    expect(permitted.map(formatGeneralName)).toEqual([
      'example.com',
      'ip:10.0.0.0/8',
      'email:example.com',
      'uri:.example.com',
    ]);
    expect(excluded.map(formatGeneralName)).toEqual(['bad.example.com']);
    expect(certificate.extensions.find(({ oid }) => oid === '2.5.29.30')?.critical).toBe(true);
  });

  it('clamps the default validity to its own end, and refuses more that is asked for', async () => {
    const { root } = await OfflineRoot.create({ subject: SUBJECT, validityDays: 100, passphrase: PASSPHRASE, clock });
    const csr = await testCsr({ subject: 'CN=Sub CA' });
    const end = parseCertificate(root.certificatePem).notAfter;
    expect(parseCertificate((await root.signIntermediate(csr)).certificatePem).notAfter).toEqual(end);
    const last = await root.signIntermediate(csr, { validityDays: 100 });
    expect(parseCertificate(last.certificatePem).notAfter).toEqual(end);
    expect(await violationsOf(root.signIntermediate(csr, { validityDays: 101 }))).toEqual([
      `validity.beyond-issuer=${new Date(clock.now() + 101 * DAY).toISOString()}`,
    ]);
  });

  it('refuses to sign once it has expired', async () => {
    const later = new VirtualClock(clock.now());
    const { root } = await OfflineRoot.create({
      subject: SUBJECT,
      validityDays: 1,
      passphrase: PASSPHRASE,
      clock: later,
    });
    later.advance(DAY + 1);
    const refused = await violationsOf(root.signIntermediate(await testCsr({ subject: 'CN=Sub CA' })));
    expect(refused.map((violation) => violation.split('=')[0])).toContain('issuer.expired');
  });

  it.each([
    ['1024 bits', () => rsaKey(1024, 65537), 'key.rsa.too-small=RSA-1024'],
    ['exponent 3', () => rsaKey(2048, 3), 'key.rsa.exponent=3'],
  ])('refuses an RSA key of %s', async (_, key, violation) => {
    const { root } = await made;
    expect(
      await violationsOf(root.signIntermediate(await testCsr({ subject: 'CN=Sub CA', key: await key() }))),
    ).toEqual([violation]);
  });

  it('refuses its own name, its own key and no name at all', async () => {
    const { root, file } = await made;
    expect(
      await violationsOf(root.signIntermediate(await testCsr({ subject: 'cn=example  ROOT ca, o=Example' }))),
    ).toEqual(['ca.subject=CN=example  ROOT ca,O=Example']);
    expect(await violationsOf(root.signIntermediate(await testCsr({ subject: '' })))).toEqual(['ca.subject=']);
    expect(file).toBeInstanceOf(Uint8Array);
  });

  it.each<[string, SignIntermediateOptions, string]>([
    ['a negative path length', { pathLength: -1 }, 'pathLength'],
    ['half a path length', { pathLength: 0.5 }, 'pathLength'],
    ['a path length past 16', { pathLength: 17 }, 'pathLength'],
    ['no days', { validityDays: 0 }, 'validityDays'],
    ['days without end', { validityDays: Number.POSITIVE_INFINITY }, 'validityDays'],
    ['days past every calendar', { validityDays: 1e12 }, 'validityDays'],
    ['an ldap URL', { crlUrl: 'ldap://pki.example' }, 'crlUrl'],
    ['no URL', { issuerUrl: 'pki.example' }, 'issuerUrl'],
    ['name constraints that constrain nothing', { nameConstraints: {} }, 'nameConstraints'],
  ])('refuses %s', async (_, options, field) => {
    const error = await rejection(sign(options));
    expect(error.code).toBe('INVALID_ARGUMENT');
    expect(error.message).toContain(field);
  });

  it('refuses a malformed subtree, a CSR whose signature is broken, and what is no CSR', async () => {
    const { root } = await made;
    expect(await codeOf(sign({ nameConstraints: { permitted: ['ip:10.0.0.0'] } }))).toBe('GENERAL_NAME_INVALID');
    const broken = Uint8Array.from(await testCsr({ subject: 'CN=Sub CA' }));
    broken[broken.length - 3] = (broken[broken.length - 3] as number) ^ 1;
    expect(await codeOf(root.signIntermediate(broken))).toBe('CSR_SIGNATURE_INVALID');
    expect(await codeOf(root.signIntermediate('no PEM'))).toBe('PEM_INVALID');
    expect(await codeOf(root.signIntermediate(new Uint8Array([0x30, 0x00])))).toBe('CSR_INVALID');
  });

  it('changes nothing when it refuses', async () => {
    const { root } = await made;
    const before = { revision: root.revision, issued: root.issued };
    await rejection(root.signIntermediate('no PEM'));
    expect({ revision: root.revision, issued: root.issued }).toEqual(before);
  });

  it('lists what it has signed, in the file too', async () => {
    const { root } = await OfflineRoot.create({ subject: SUBJECT, passphrase: PASSPHRASE, clock });
    await root.signIntermediate(await testCsr({ subject: 'CN=A' }));
    const { file, certificatePem } = await root.signIntermediate(await testCsr({ subject: 'CN=B' }), { pathLength: 1 });
    const opened = await OfflineRoot.open(file, PASSPHRASE, { clock });
    expect(opened.issued).toEqual(root.issued);
    expect(opened.revision).toBe(3);
    expect(opened.issued.map(({ subject, pathLength }) => [subject, pathLength])).toEqual([
      ['CN=A', 0],
      ['CN=B', 1],
    ]);
    expect(opened.issued[1]).toMatchObject({
      certificatePem,
      serialNumber: parseCertificate(certificatePem).serialNumber,
    });
  });
});
