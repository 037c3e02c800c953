import 'reflect-metadata';
import { constants, generateKeyPairSync, sign } from 'node:crypto';
import { Pkcs10CertificateRequest } from '@peculiar/x509';
import { CryptoEngine, CertificationRequest as PkijsRequest } from 'pkijs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  derBitString,
  derContext,
  derInteger,
  derNull,
  derOid,
  derSequence,
  derSet,
  derUtf8,
} from '../../src/encoding/der/writer.ts';
import { encodePem } from '../../src/encoding/pem.ts';
import { InvalidInputError } from '../../src/errors/families.ts';
import type { KeyAlgorithm, PrivateKey } from '../../src/ports/crypto.ts';
import { parseCsr, verifyCsr } from '../../src/x509/csr/csr.ts';
import { createCsr } from '../../src/x509/csr/csr-builder.ts';
import { EXTENSION_REQUEST } from '../../src/x509/csr/csr-fields.ts';
import { encodeSubjectAltName } from '../../src/x509/extensions/alternative-names.ts';
import { encodeExtension } from '../../src/x509/extensions/extension.ts';
import { encodeKeyUsage } from '../../src/x509/extensions/key-usage.ts';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import { encodeSigned } from '../../src/x509/signed.ts';
import { crypto, openssl } from './pki.ts';

const subject = DistinguishedName.parse('CN=a.example,O=Example');
const names = [
  { kind: 'dns', value: 'a.example' },
  { kind: 'email', value: 'a@a.example' },
] as const;
let key: PrivateKey;
beforeAll(async () => {
  key = await crypto.generateKey('ECDSA-P256');
});

describe('a created CSR', () => {
  it('reads back as it was given, and proves possession of the key', async () => {
    const csr = parseCsr(
      await createCsr({ subject, key, subjectAltNames: names, extensions: [encodeKeyUsage(['keyAgreement'])], crypto }),
    );
    expect(csr.subject.der).toEqual(subject.der);
    expect(csr.spki).toEqual(key.publicKey.spki);
    expect(csr.subjectAltNames).toEqual(names);
    expect(csr.requestedExtensions.map(({ oid, critical }) => [oid, critical])).toEqual([
      ['2.5.29.17', false],
      ['2.5.29.15', true],
    ]);
    expect(csr.attributes.map(({ type }) => type)).toEqual([EXTENSION_REQUEST]);
    expect((await verifyCsr(csr, crypto)).spki).toEqual(key.publicKey.spki);
    expect(parseCsr(csr.toPem()).der).toEqual(csr.der);
  });

  it('makes the names critical when there is no subject', async () => {
    const csr = parseCsr(
      await createCsr({ subject: DistinguishedName.parse(''), key, subjectAltNames: names, crypto }),
    );
    expect(csr.requestedExtensions).toEqual([encodeSubjectAltName(names, true)]);
  });

  it('has no extensions unless asked', async () => {
    const csr = parseCsr(await createCsr({ subject, key, crypto }));
    expect(csr.requestedExtensions).toEqual([]);
    expect(csr.subjectAltNames).toBeUndefined();
    expect(csr.attributes).toEqual([]);
  });

  it('refuses an extension given twice', async () => {
    const extensions = [encodeSubjectAltName(names)];
    await expect(createCsr({ subject, key, subjectAltNames: names, extensions, crypto })).rejects.toThrow(
      expect.objectContaining({ code: 'EXTENSION_INVALID' }),
    );
  });

  it.each<KeyAlgorithm>(['ECDSA-P256', 'ECDSA-P384', 'RSA-2048', 'Ed25519'])(
    'with %s is accepted by OpenSSL, @peculiar/x509 and pkijs',
    async (algorithm) => {
      const der = await createCsr({
        subject,
        key: await crypto.generateKey(algorithm),
        subjectAltNames: names,
        crypto,
      });
      const [text] = openssl({ r: parseCsr(der).toPem() }, ['req', '-in', 'r', '-verify', '-noout', '-text']);
      expect(text).toContain('verify OK');
      expect(text).toContain('DNS:a.example, email:a@a.example');
      expect(await new Pkcs10CertificateRequest(der as Uint8Array<ArrayBuffer>).verify(globalThis.crypto)).toBe(true);
      if (algorithm === 'Ed25519') return;
      const engine = new CryptoEngine({ name: 'node', crypto: globalThis.crypto });
      expect(await PkijsRequest.fromBER(der as Uint8Array<ArrayBuffer>).verify(engine)).toBe(true);
    },
  );
});

it('verifyCsr reads RSASSA-PSS with a salt of another length than the digest', async () => {
  const pair = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const digest = derSequence(derOid('2.16.840.1.101.3.4.2.1'), derNull());
  const mask = derSequence(derOid('1.2.840.113549.1.1.8'), digest);
  const parameters = [derContext(0, true, digest), derContext(1, true, mask), derContext(2, true, derInteger(20))];
  const algorithm = derSequence(derOid('1.2.840.113549.1.1.10'), derSequence(...parameters));
  const spki = pair.publicKey.export({ format: 'der', type: 'spki' });
  const info = derSequence(derInteger(0), subject.der, Uint8Array.from(spki), derContext(0, true));
  const padding = { key: pair.privateKey, padding: constants.RSA_PKCS1_PSS_PADDING };
  const request = (saltLength: number) =>
    parseCsr(encodeSigned(info, algorithm, Uint8Array.from(sign('sha256', info, { ...padding, saltLength }))));
  await expect(verifyCsr(request(20), crypto)).resolves.toMatchObject({ kind: { type: 'RSA' } });
  await expect(verifyCsr(request(32), crypto)).rejects.toThrow(
    expect.objectContaining({ code: 'CSR_SIGNATURE_INVALID' }),
  );
});

describe('verifyCsr refuses', () => {
  it('a signature by another key', async () => {
    const other = await crypto.generateKey('ECDSA-P256');
    const csr = parseCsr(await forge(other));
    await expect(verifyCsr(csr, crypto)).rejects.toThrow(expect.objectContaining({ code: 'CSR_SIGNATURE_INVALID' }));
  });

  it('a changed subject', async () => {
    const csr = await createCsr({ subject, key, crypto });
    const at = Buffer.from(csr).indexOf('a.example');
    csr[at] = 'b'.charCodeAt(0);
    await expect(verifyCsr(parseCsr(csr), crypto)).rejects.toThrow(
      'The signature of the CSR for "CN=b.example,O=Example" was not made with the key that it holds',
    );
  });

  it('an algorithm that does not fit the key, or is unknown', async () => {
    const ed25519 = derSequence(derOid('1.3.101.112'));
    const unsupported = expect.objectContaining({ code: 'SIGNATURE_ALGORITHM_UNSUPPORTED' });
    await expect(verifyCsr(parseCsr(assemble({ algorithm: ed25519 })), crypto)).rejects.toThrow(unsupported);
    const unknown = derSequence(derOid('1.2.3.4'), derNull());
    await expect(verifyCsr(parseCsr(assemble({ algorithm: unknown })), crypto)).rejects.toThrow(unsupported);
  });

  it('a key that the provider refuses', async () => {
    const spki = Uint8Array.from(key.publicKey.spki);
    spki[spki.length - 1] = (spki.at(-1) as number) ^ 1;
    await expect(verifyCsr(parseCsr(assemble({ spki })), crypto)).rejects.toThrow(
      expect.objectContaining({ code: 'KEY_INVALID' }),
    );
  });

  async function forge(other: PrivateKey): Promise<Uint8Array> {
    const { tbs } = parseCsr(await createCsr({ subject, key, crypto }));
    const signature = await crypto.sign(other, 'ECDSA-SHA256', tbs);
    return derSequence(tbs, derSequence(derOid('1.2.840.10045.4.3.2')), derBitString(signature));
  }
});

const attribute = (type: string, ...values: Uint8Array[]) => derSequence(derOid(type), derSet(...values));
const request = derSequence(encodeExtension(encodeSubjectAltName(names)));

type PartName = 'version' | 'subject' | 'spki' | 'attributes' | 'afterInfo' | 'algorithm' | 'signature' | 'after';

/** The parts of a CSR, in their order; a test replaces some. */
const parts = (): Record<PartName, Uint8Array> => ({
  version: derInteger(0),
  subject: subject.der,
  spki: key.publicKey.spki,
  attributes: derContext(0, true, attribute(EXTENSION_REQUEST, request)),
  afterInfo: new Uint8Array(0),
  algorithm: derSequence(derOid('1.2.840.10045.4.3.2')),
  signature: derBitString(Uint8Array.of(1, 2, 3)),
  after: new Uint8Array(0),
});

type Parts = ReturnType<typeof parts>;

function assemble(changes: Partial<Parts> = {}): Uint8Array {
  const { algorithm, signature, after, ...info } = { ...parts(), ...changes };
  return Uint8Array.of(...derSequence(derSequence(...Object.values(info)), algorithm, signature), ...after);
}

describe('parseCsr accepts', () => {
  it('attributes that it does not know, and keeps them', () => {
    const challenge = attribute('1.2.840.113549.1.9.7', derUtf8('hello'));
    const csr = parseCsr(
      assemble({ attributes: derContext(0, true, challenge, attribute(EXTENSION_REQUEST, request)) }),
    );
    expect(csr.attributes[0]).toEqual({ type: '1.2.840.113549.1.9.7', values: [derUtf8('hello')] });
    expect(csr.subjectAltNames).toEqual(names);
  });

  it('attributes that are missing altogether, or an extensionRequest without extensions', () => {
    expect(parseCsr(assemble({ attributes: new Uint8Array(0) })).attributes).toEqual([]);
    const empty = derContext(0, true, attribute(EXTENSION_REQUEST, derSequence()));
    expect(parseCsr(assemble({ attributes: empty })).requestedExtensions).toEqual([]);
  });

  it('the label that Microsoft and Netscape tools write', () => {
    expect(parseCsr(encodePem('NEW CERTIFICATE REQUEST', assemble())).subject.toString()).toBe(
      'CN=a.example,O=Example',
    );
  });

  it('what OpenSSL makes', async () => {
    const [, pem] = openssl(
      {},
      [
        'req',
        '-new',
        '-newkey',
        'rsa:2048',
        '-nodes',
        '-keyout',
        'k',
        '-out',
        'r',
        '-subj',
        '/CN=x',
        '-addext',
        'subjectAltName=DNS:x.example,IP:::1',
      ],
      ['req', '-in', 'r'],
    ) as [string, string];
    const csr = parseCsr(pem);
    expect(csr.subjectAltNames).toEqual([
      { kind: 'dns', value: 'x.example' },
      { kind: 'ip', value: '::1' },
    ]);
    expect((await verifyCsr(csr, crypto)).kind).toMatchObject({ type: 'RSA', modulusBits: 2048 });
  });
});

describe('parseCsr refuses', () => {
  const INFO = 'certificationRequestInfo';
  const attributes = (...all: Uint8Array[]) => ({ attributes: derContext(0, true, ...all) });
  const cases: [string, string, () => Partial<Parts>][] = [
    ['another version', `${INFO}.version`, () => ({ version: derInteger(1) })],
    ['a subject that is no name', `${INFO}.subject`, () => ({ subject: derSequence(derNull()) })],
    ['a key that is none', `${INFO}.subjectPKInfo`, () => ({ spki: derSequence() })],
    ['an attribute without a value', `${INFO}.attributes`, () => attributes(attribute('1.2.3'))],
    [
      'an attribute given twice',
      `${INFO}.attributes`,
      () => attributes(attribute('1.2.3', derNull()), attribute('1.2.3', derNull())),
    ],
    [
      'an attribute that something follows',
      `${INFO}.attributes`,
      () => attributes(derSequence(derOid('1.2.3'), derSet(derNull()), derNull())),
    ],
    [
      'two lists of extensions',
      `${INFO}.attributes.extensionRequest`,
      () => attributes(attribute(EXTENSION_REQUEST, request, derSequence())),
    ],
    [
      'an extensionRequest that is no list',
      `${INFO}.attributes.extensionRequest`,
      () => attributes(attribute(EXTENSION_REQUEST, derNull())),
    ],
    [
      'the same extension twice',
      `${INFO}.attributes.extensionRequest`,
      () => {
        const extension = encodeExtension(encodeSubjectAltName(names));
        return attributes(attribute(EXTENSION_REQUEST, derSequence(extension, extension)));
      },
    ],
    [
      'names that are malformed',
      `${INFO}.attributes.extensionRequest.subjectAltName`,
      () => {
        const value = derSequence(derContext(2, false, Uint8Array.of(0xff)));
        return attributes(
          attribute(EXTENSION_REQUEST, derSequence(encodeExtension({ oid: '2.5.29.17', critical: false, value }))),
        );
      },
    ],
    ['something behind the attributes', INFO, () => ({ afterInfo: derNull() })],
    ['an algorithm that is none', 'signatureAlgorithm', () => ({ algorithm: derSequence() })],
    ['a signature of a fraction of octets', 'signature', () => ({ signature: derBitString(Uint8Array.of(0x80), 7) })],
    ['something behind the request', 'certificationRequest', () => ({ after: Uint8Array.of(0) })],
  ];

  it.each(cases)('%s', (_, field, changes) => {
    const der = assemble(changes());
    expect(() => parseCsr(der)).toThrow(
      expect.objectContaining({ code: 'CSR_INVALID', facts: expect.objectContaining({ field }) }),
    );
    expect(() => parseCsr(der)).toThrow(InvalidInputError);
  });

  it('a signature by another key, in a message that stays short however long the subject is', async () => {
    const subject = Array.from({ length: 100 }, (_, at) => `CN=${at}${'x'.repeat(50)}`).join(',');
    const der = await createCsr({
      subject: DistinguishedName.parse(subject),
      key: await crypto.generateKey('Ed25519'),
      crypto,
    });
    der[der.length - 1] = (der.at(-1) as number) ^ 1;
    await expect(verifyCsr(parseCsr(der), crypto)).rejects.toSatisfy(
      (error: Error) => (error as { code?: string }).code === 'CSR_SIGNATURE_INVALID' && error.message.length < 300,
    );
  });

  it('ten megabytes of names before looking at them', () => {
    const names = Array.from({ length: 500_000 }, (_, index) => `host-${index}.example`);
    const der = new Uint8Array(names.join('').length);
    expect(() => parseCsr(der)).toThrow(expect.objectContaining({ code: 'DER_TOO_LARGE' }));
    expect(() => parseCsr(encodePem('CERTIFICATE REQUEST', der))).toThrow(
      expect.objectContaining({ code: 'DER_TOO_LARGE' }),
    );
  });

  it('a certificate', () => {
    expect(() => parseCsr(encodePem('CERTIFICATE', assemble()))).toThrow(
      'PEM block 1 is CERTIFICATE, not CERTIFICATE REQUEST',
    );
  });
});
