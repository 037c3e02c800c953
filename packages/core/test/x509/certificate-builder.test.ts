import { X509Certificate } from 'node:crypto';
import { runInNewContext } from 'node:vm';
import 'reflect-metadata';
import { X509Certificate as PeculiarCertificate } from '@peculiar/x509';
import fc from 'fast-check';
import { CryptoEngine, Certificate as PkijsCertificate } from 'pkijs';
import { beforeAll, describe, expect, it } from 'vitest';
import { toHex } from '../../src/encoding/hex.ts';
import type {
  CryptoProvider,
  KeyAlgorithm,
  PrivateKey,
  PublicKey,
  SignatureAlgorithm,
} from '../../src/ports/crypto.ts';
import {
  parseCertificate,
  parseCertificates,
  verifyCertificateSignature,
} from '../../src/x509/certificate/certificate.ts';
import { buildCertificate, type CertificateContents } from '../../src/x509/certificate/certificate-builder.ts';
import { CertificateTemplate } from '../../src/x509/certificate/certificate-template.ts';
import { encodeSubjectAltName } from '../../src/x509/extensions/alternative-names.ts';
import { encodeAuthorityInfoAccess } from '../../src/x509/extensions/authority-info-access.ts';
import { encodeBasicConstraints } from '../../src/x509/extensions/basic-constraints.ts';
import { encodeCrlDistributionPoints } from '../../src/x509/extensions/crl-distribution-points.ts';
import { encodeExtendedKeyUsage } from '../../src/x509/extensions/extended-key-usage.ts';
import { encodeAuthorityKeyIdentifier, encodeSubjectKeyIdentifier } from '../../src/x509/extensions/key-identifiers.ts';
import { encodeKeyUsage } from '../../src/x509/extensions/key-usage.ts';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import { seed } from '../support/soak.ts';
import { crypto, makeCa, NOT_AFTER, NOT_BEFORE, openssl, selfSign, type TestCa } from './pki.ts';

const subject = DistinguishedName.parse('CN=a.example,O=Grüße\\, Inc.');
const serialNumber = Uint8Array.of(0x80, 1, 2, 3);
const subjectAltName = encodeSubjectAltName([
  { kind: 'dns', value: 'a.example' },
  { kind: 'ip', value: '10.0.0.1' },
]);
let ca: TestCa;
let key: PrivateKey;

const template = ({ subject: issuer, signatureAlgorithm, keyIdentifier }: TestCa) =>
  new CertificateTemplate({
    issuer,
    signatureAlgorithm,
    extensions: [
      encodeBasicConstraints({ cA: false }),
      encodeKeyUsage(['digitalSignature']),
      encodeExtendedKeyUsage(['serverAuth', 'clientAuth']),
      encodeAuthorityKeyIdentifier({ keyIdentifier }),
      encodeCrlDistributionPoints(['http://crl.example/1.crl']),
      encodeAuthorityInfoAccess({ ocsp: ['http://ocsp.example'], caIssuers: ['http://ca.example/1.cer'] }),
    ],
  });

const contents = (changes: Partial<CertificateContents> = {}): CertificateContents => ({
  template: template(ca),
  signingKey: ca.key,
  serialNumber,
  notBefore: NOT_BEFORE,
  notAfter: NOT_AFTER,
  subject,
  spki: key.publicKey.spki,
  extensions: [subjectAltName],
  ...changes,
});

beforeAll(async () => {
  ca = await makeCa();
  key = await crypto.generateKey('ECDSA-P256');
});

describe('a built certificate', () => {
  it('reads back as it was given', async () => {
    const certificate = parseCertificate(await buildCertificate(contents(), crypto));
    expect(certificate).toMatchObject({
      version: 3,
      serialNumber: '80010203',
      signatureAlgorithm: 'ECDSA-SHA256',
      signatureAlgorithmOid: '1.2.840.10045.4.3.2',
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      basicConstraints: { cA: false },
      keyUsage: ['digitalSignature'],
      extKeyUsage: ['serverAuth', 'clientAuth'],
      subjectAltNames: [
        { kind: 'dns', value: 'a.example' },
        { kind: 'ip', value: '10.0.0.1' },
      ],
      authorityInfoAccess: { ocsp: ['http://ocsp.example'], caIssuers: ['http://ca.example/1.cer'] },
      noRevAvail: false,
      nameConstraints: undefined,
    });
    expect(certificate.issuer.der).toEqual(ca.subject.der);
    expect(certificate.subject.der).toEqual(subject.der);
    expect(certificate.spki).toEqual(key.publicKey.spki);
    expect(certificate.authorityKeyIdentifier?.keyIdentifier).toEqual(ca.keyIdentifier);
    expect(certificate.extensions.map(({ oid }) => oid).at(-1)).toBe('2.5.29.17');
  });

  it('is signed by its issuer and by nobody else', async () => {
    const certificate = parseCertificate(await buildCertificate(contents(), crypto));
    expect(await verifyCertificateSignature(certificate, ca.key.publicKey, crypto)).toBe(true);
    expect(await verifyCertificateSignature(certificate, key.publicKey, crypto)).toBe(false);
  });

  it('is read alike by Node, @peculiar/x509 and pkijs', async () => {
    const der = await buildCertificate(contents(), crypto);
    const node = new X509Certificate(der);
    expect(node.serialNumber).toBe('80010203');
    expect(node.subjectAltName).toBe('DNS:a.example, IP Address:10.0.0.1');
    expect(new Date(node.validTo)).toEqual(NOT_AFTER);
    expect(node.verify(new X509Certificate(ca.certificate.der).publicKey)).toBe(true);
    expect(node.checkIssued(new X509Certificate(ca.certificate.der))).toBe(true);

    const peculiar = new PeculiarCertificate(der as Uint8Array<ArrayBuffer>);
    expect(peculiar.serialNumber).toMatch(/^(00)?80010203$/);
    expect(peculiar.subject).toContain('CN=a.example');
    expect(peculiar.notBefore).toEqual(NOT_BEFORE);
    expect(peculiar.extensions).toHaveLength(7);
    const issuer = new PeculiarCertificate(ca.certificate.der as Uint8Array<ArrayBuffer>);
    expect(await peculiar.verify({ publicKey: issuer.publicKey, signatureOnly: true }, globalThis.crypto)).toBe(true);

    const engine = new CryptoEngine({ name: 'node', crypto: globalThis.crypto });
    const pkijs = PkijsCertificate.fromBER(der as Uint8Array<ArrayBuffer>);
    expect(pkijs.extensions).toHaveLength(7);
    expect(await pkijs.verify(PkijsCertificate.fromBER(ca.certificate.der as Uint8Array<ArrayBuffer>), engine)).toBe(
      true,
    );
  });

  it('stays synchronous with a provider that signs at once, and waits for one that does not', async () => {
    const sign = () => Uint8Array.of(1, 2, 3);
    const atOnce = buildCertificate(contents(), Object.assign(Object.create(crypto), { sign }) as CryptoProvider);
    expect(atOnce).toBeInstanceOf(Uint8Array);
    const later = buildCertificate(
      contents(),
      Object.assign(Object.create(crypto), { sign: async () => sign() }) as CryptoProvider,
    );
    expect(later).toBeInstanceOf(Promise);
    expect(await later).toEqual(atOnce);
    const elsewhere = () => runInNewContext('Promise').resolve(sign());
    const foreign = Object.assign(Object.create(crypto), { sign: elsewhere }) as CryptoProvider;
    expect(await buildCertificate(contents(), foreign)).toEqual(atOnce);
    expect(parseCertificate(atOnce as Uint8Array).signature).toEqual(sign());
  });
});

describe('every signature algorithm', () => {
  const keys = new Map<KeyAlgorithm, PrivateKey>();
  const algorithms: [SignatureAlgorithm, KeyAlgorithm][] = [
    ['ECDSA-SHA256', 'ECDSA-P256'],
    ['ECDSA-SHA384', 'ECDSA-P384'],
    ['ECDSA-SHA512', 'ECDSA-P384'],
    ['RSA-PKCS1-SHA256', 'RSA-2048'],
    ['RSA-PKCS1-SHA384', 'RSA-2048'],
    ['RSA-PKCS1-SHA512', 'RSA-2048'],
    ['RSA-PSS-SHA256', 'RSA-2048'],
    ['RSA-PSS-SHA384', 'RSA-2048'],
    ['RSA-PSS-SHA512', 'RSA-2048'],
    ['Ed25519', 'Ed25519'],
  ];

  beforeAll(async () => {
    for (const algorithm of new Set(algorithms.map(([, algorithm]) => algorithm))) {
      keys.set(algorithm, await crypto.generateKey(algorithm));
    }
  });

  it.each(algorithms)('%s with %s is accepted by OpenSSL and verified by us', async (signature, algorithm) => {
    const signer = await selfSign(keys.get(algorithm) as PrivateKey, signature);
    const certificate = parseCertificate(
      await buildCertificate(contents({ template: template(signer), signingKey: signer.key }), crypto),
    );
    expect(certificate.signatureAlgorithm).toBe(signature);
    expect(await verifyCertificateSignature(certificate, signer.key.publicKey, crypto)).toBe(true);
    const [verdict, text] = openssl(
      { 'ca.pem': signer.certificate.toPem(), 'ee.pem': certificate.toPem() },
      ['verify', '-x509_strict', '-CAfile', 'ca.pem', '-verify_hostname', 'a.example', 'ee.pem'],
      ['x509', '-in', 'ee.pem', '-noout', '-text', '-nameopt', 'RFC2253'],
    );
    expect(verdict).toBe('ee.pem: OK\n');
    expect(text).toContain('Not After : Jan  1 00:00:00 2055 GMT');
    expect(text).toContain('OCSP - URI:http://ocsp.example');
    expect(text).toContain('TLS Web Server Authentication, TLS Web Client Authentication');
  });
});

describe('serial numbers', () => {
  it('keep their value whatever their first bits', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ minLength: 1, maxLength: 19 }), async (serial) => {
        fc.pre(serial.some((octet) => octet !== 0));
        const certificate = parseCertificate(await buildCertificate(contents({ serialNumber: serial }), crypto));
        expect(BigInt(`0x${certificate.serialNumber}`)).toBe(BigInt(`0x${toHex(serial)}`));
      }),
      { seed: seed(6), numRuns: 50 },
    );
  });

  it.each([
    ['is zero', new Uint8Array(4)],
    ['is empty', new Uint8Array(0)],
    ['has 21 octets', new Uint8Array(21).fill(1)],
    ['needs a 21st octet for its sign', new Uint8Array(20).fill(0xff)],
  ])('that %s is refused', (_, serial) => {
    expect(() => buildCertificate(contents({ serialNumber: serial }), crypto)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});

describe('the builder refuses', () => {
  const refusal = (code: string) => expect.objectContaining({ name: 'InvalidInputError', code });

  it.each([
    ['a validity that ends before it starts', { notBefore: NOT_AFTER, notAfter: NOT_BEFORE }],
    ['an invalid notBefore', { notBefore: new Date(Number.NaN) }],
    ['an invalid notAfter', { notAfter: new Date(Number.NaN) }],
    ['a year past 9999', { notAfter: new Date('+010000-01-01T00:00:00Z') }],
    ['a key that is no SEQUENCE', { spki: Uint8Array.of(4, 0) }],
    ['a key that something follows', { spki: Uint8Array.of(0x30, 0, 0) }],
    ['no key at all', { spki: new Uint8Array(0) }],
  ] satisfies [string, Partial<CertificateContents>][])('%s', (_, changes) => {
    expect(() => buildCertificate(contents(changes), crypto)).toThrow(refusal('INVALID_ARGUMENT'));
  });

  it('an extension given twice, among its own or beside the template', () => {
    const twice = contents({ extensions: [subjectAltName, subjectAltName] });
    expect(() => buildCertificate(twice, crypto)).toThrow('2.5.29.17 is given twice');
    const beside = contents({ extensions: [encodeKeyUsage(['cRLSign'])] });
    expect(() => buildCertificate(beside, crypto)).toThrow(refusal('EXTENSION_INVALID'));
    const keyUsage = encodeKeyUsage(['cRLSign']);
    const options = { issuer: subject, signatureAlgorithm: 'Ed25519' as const, extensions: [keyUsage, keyUsage] };
    expect(() => new CertificateTemplate(options)).toThrow(refusal('EXTENSION_INVALID'));
  });

  it('an empty issuer and an unknown algorithm', () => {
    const issuer = DistinguishedName.parse('');
    expect(() => new CertificateTemplate({ issuer, signatureAlgorithm: 'Ed25519' })).toThrow(
      refusal('INVALID_ARGUMENT'),
    );
    const signatureAlgorithm = 'MD5' as SignatureAlgorithm;
    expect(() => new CertificateTemplate({ issuer: subject, signatureAlgorithm })).toThrow(
      refusal('SIGNATURE_ALGORITHM_UNSUPPORTED'),
    );
  });

  it('a key that does not fit the algorithm', async () => {
    const other = new CertificateTemplate({ issuer: subject, signatureAlgorithm: 'Ed25519' });
    await expect((async () => buildCertificate(contents({ template: other }), crypto))()).rejects.toThrow(
      refusal('SIGNATURE_ALGORITHM_UNSUPPORTED'),
    );
  });
});

describe('what a certificate does without', () => {
  it('extensions: the field is left out', async () => {
    const bare = new CertificateTemplate({ issuer: ca.subject, signatureAlgorithm: ca.signatureAlgorithm });
    const { template: _, extensions: __, ...rest } = contents();
    const certificate = parseCertificate(await buildCertificate({ ...rest, template: bare }, crypto));
    expect(certificate.extensions).toEqual([]);
    expect(openssl({ c: certificate.toPem() }, ['x509', '-in', 'c', '-noout', '-text'])[0]).not.toContain('X509v3');
  });

  it('an unknown signature algorithm cannot be verified, and says so', async () => {
    const { der } = ca.certificate;
    const text = toHex(der).replaceAll('2a8648ce3d040302', '2a8648ce3d04030a');
    const certificate = parseCertificate(Uint8Array.from(Buffer.from(text, 'hex')));
    expect(certificate.signatureAlgorithm).toBeUndefined();
    await expect(verifyCertificateSignature(certificate, ca.key.publicKey as PublicKey, crypto)).rejects.toThrow(
      'algorithm 1.2.840.10045.4.3.10, which is not supported',
    );
  });
});

describe('many extensions', () => {
  it('need longer lengths, which are right', async () => {
    const names = Array.from({ length: 5000 }, (_, index) => ({
      kind: 'dns' as const,
      value: `host-${index}.example`,
    }));
    const own = [encodeSubjectAltName(names), encodeSubjectKeyIdentifier(new Uint8Array(20))];
    const der = await buildCertificate(contents({ extensions: own }), crypto);
    expect(der.length).toBeGreaterThan(65_536);
    expect(parseCertificate(der).subjectAltNames).toHaveLength(5000);
    expect(new X509Certificate(der).checkHost('host-4999.example')).toBe('host-4999.example');
  });
});

describe('bundles', () => {
  it('are read in order, and nothing else passes for one', async () => {
    const endEntity = parseCertificate(await buildCertificate(contents(), crypto));
    const bundle = endEntity.toPem() + ca.certificate.toPem();
    expect(parseCertificates(bundle).map(({ der }) => der)).toEqual([endEntity.der, ca.certificate.der]);
    expect(() => parseCertificate(bundle)).toThrow('more blocks than 1');
    const key = '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n';
    expect(() => parseCertificates(bundle + key)).toThrow('PEM block 3 is PRIVATE KEY');
  });
});
