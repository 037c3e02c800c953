import { beforeAll, describe, expect, it } from 'vitest';
import {
  derBitString,
  derBoolean,
  derContext,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derTagged,
  derTime,
  derUtf8,
} from '../../src/encoding/der/writer.ts';
import { InvalidInputError } from '../../src/errors/families.ts';
import { parseCertificate } from '../../src/x509/certificate/certificate.ts';
import { encodeBasicConstraints } from '../../src/x509/extensions/basic-constraints.ts';
import { type Extension, encodeExtension } from '../../src/x509/extensions/extension.ts';
import { encodeNoRevAvail } from '../../src/x509/extensions/revocation-hints.ts';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import { makeCa, openssl, type TestCa } from './pki.ts';

let ca: TestCa;
beforeAll(async () => {
  ca = await makeCa();
});

const ECDSA_SHA256 = derSequence(derOid('1.2.840.10045.4.3.2'));
const name = DistinguishedName.parse('CN=Example');
const START = Date.UTC(2026, 0, 1);
const list = (...extensions: Extension[]) => derContext(3, true, derSequence(...extensions.map(encodeExtension)));

type PartName =
  | 'version'
  | 'serialNumber'
  | 'signature'
  | 'issuer'
  | 'validity'
  | 'subject'
  | 'spki'
  | 'uniqueIds'
  | 'extensions'
  | 'afterTbs'
  | 'signatureAlgorithm'
  | 'signatureValue'
  | 'afterCertificate'
  | 'after';

/** The parts of a certificate, in their order; a test replaces some. `after` follows everything. */
const parts = (): Record<PartName, Uint8Array> => ({
  version: derContext(0, true, derInteger(2)),
  serialNumber: derInteger(0x1234),
  signature: ECDSA_SHA256,
  issuer: name.der,
  validity: derSequence(derTime(START), derTime(START + 1000)),
  subject: name.der,
  spki: ca.key.publicKey.spki,
  uniqueIds: new Uint8Array(0),
  extensions: list(encodeBasicConstraints({ cA: false })),
  afterTbs: new Uint8Array(0),
  signatureAlgorithm: ECDSA_SHA256,
  signatureValue: derBitString(Uint8Array.of(1, 2, 3)),
  afterCertificate: new Uint8Array(0),
  after: new Uint8Array(0),
});

type Parts = ReturnType<typeof parts>;

function assemble(changes: Partial<Parts> = {}): Uint8Array {
  const { signatureAlgorithm, signatureValue, afterCertificate, after, ...tbs } = { ...parts(), ...changes };
  const certificate = derSequence(
    derSequence(...Object.values(tbs)),
    signatureAlgorithm,
    signatureValue,
    afterCertificate,
  );
  return Uint8Array.of(...certificate, ...after);
}

describe('parseCertificate accepts', () => {
  it('what the parts make unchanged', () => {
    expect(parseCertificate(assemble())).toMatchObject({
      serialNumber: '1234',
      version: 3,
      basicConstraints: { cA: false },
    });
  });

  it('version 1, without extensions', () => {
    const none = new Uint8Array(0);
    const certificate = parseCertificate(assemble({ version: none, extensions: none }));
    expect(certificate.version).toBe(1);
    expect(certificate.basicConstraints).toBeUndefined();
  });

  it('version 2, with unique identifiers', () => {
    const uniqueIds = Uint8Array.of(
      ...derContext(1, false, Uint8Array.of(0, 7)),
      ...derContext(2, false, Uint8Array.of(0, 8)),
    );
    const version = derContext(0, true, derInteger(1));
    expect(parseCertificate(assemble({ version, uniqueIds, extensions: new Uint8Array(0) })).version).toBe(2);
  });

  it('an empty subject', () => {
    expect(parseCertificate(assemble({ subject: derSequence() })).subject.isEmpty).toBe(true);
  });

  it('a critical FALSE that is written out, as many issuers do', () => {
    const extension = derSequence(derOid('1.2.3.4'), derBoolean(false), derOctetString(derNull()));
    const certificate = parseCertificate(assemble({ extensions: derContext(3, true, derSequence(extension)) }));
    expect(certificate.extensions).toEqual([{ oid: '1.2.3.4', critical: false, value: derNull() }]);
  });

  it('unknown extensions, critical or not, whatever they hold', () => {
    const unknown = { oid: '1.2.3.4', critical: true, value: Uint8Array.of(0xff, 0xff) };
    expect(parseCertificate(assemble({ extensions: list(unknown) })).extensions).toEqual([unknown]);
  });

  it('a validity that ends before it starts, which is for path validation to judge', () => {
    const validity = derSequence(derTime(START), derTime(START - 1000));
    expect(parseCertificate(assemble({ validity })).notAfter).toEqual(new Date(START - 1000));
  });

  it('a serial number of 20 octets with a sign octet before them', () => {
    const serialNumber = derInteger(new Uint8Array(20).fill(0xff));
    expect(parseCertificate(assemble({ serialNumber })).serialNumber).toBe('ff'.repeat(20));
  });

  it('a serial number of zero, as some public roots have', () => {
    expect(parseCertificate(assemble({ serialNumber: derInteger(0) })).serialNumber).toBe('00');
  });

  it('RSA identifiers without the NULL, as RFC 4055 section 5 demands', () => {
    const rsa = derSequence(derOid('1.2.840.113549.1.1.11'));
    expect(parseCertificate(assemble({ signature: rsa, signatureAlgorithm: rsa })).signatureAlgorithm).toBe(
      'RSA-PKCS1-SHA256',
    );
  });

  it('what an extension with a NULL says', () => {
    expect(parseCertificate(assemble({ extensions: list(encodeNoRevAvail()) })).noRevAvail).toBe(true);
  });
});

describe('parseCertificate refuses', () => {
  const none = new Uint8Array(0);
  const version = (value: number) => derContext(0, true, derInteger(value));
  const cases: [string, string, () => Partial<Parts>][] = [
    ['an explicit default version', 'tbsCertificate.version', () => ({ version: version(0), extensions: none })],
    ['version 4', 'tbsCertificate.version', () => ({ version: version(3) })],
    ['two versions', 'tbsCertificate.version', () => ({ version: derContext(0, true, derInteger(2), derInteger(2)) })],
    ['a negative serial number', 'tbsCertificate.serialNumber', () => ({ serialNumber: Uint8Array.of(2, 1, 0x80) })],
    ['a serial number of 21 octets', 'tbsCertificate.serialNumber', () => ({ serialNumber: derInteger(2n ** 160n) })],
    [
      'a serial number with a superfluous octet',
      'tbsCertificate.serialNumber',
      () => ({ serialNumber: Uint8Array.of(2, 2, 0, 1) }),
    ],
    ['algorithms that differ', 'tbsCertificate.signature', () => ({ signature: derSequence(derOid('1.3.101.112')) })],
    ['an empty issuer', 'tbsCertificate.issuer', () => ({ issuer: derSequence() })],
    ['an issuer that is no name', 'tbsCertificate.issuer', () => ({ issuer: derSequence(derNull()) })],
    [
      'a notBefore without seconds',
      'tbsCertificate.validity.notBefore',
      () => ({ validity: derSequence(utcTime('2601010000Z'), derTime(START)) }),
    ],
    [
      'a notAfter with an offset',
      'tbsCertificate.validity.notAfter',
      () => ({ validity: derSequence(derTime(START), utcTime('260101000000+0100')) }),
    ],
    [
      'a third time',
      'tbsCertificate.validity',
      () => ({ validity: derSequence(derTime(START), derTime(START), derTime(START)) }),
    ],
    ['a subject that is no name', 'tbsCertificate.subject', () => ({ subject: derSequence(derUtf8('x')) })],
    [
      'a key without an algorithm',
      'tbsCertificate.subjectPublicKeyInfo',
      () => ({ spki: derSequence(derBitString(none)) }),
    ],
    [
      'a key with something behind it',
      'tbsCertificate.subjectPublicKeyInfo',
      () => ({ spki: derSequence(derSequence(derOid('1.2.3')), derBitString(none), derNull()) }),
    ],
    [
      'unique identifiers in version 1',
      'tbsCertificate.issuerUniqueID',
      () => ({ version: none, extensions: none, uniqueIds: derContext(1, false, Uint8Array.of(0)) }),
    ],
    ['extensions in version 1', 'tbsCertificate.extensions', () => ({ version: none })],
    ['extensions in version 2', 'tbsCertificate.extensions', () => ({ version: version(1) })],
    ['an empty list of extensions', 'tbsCertificate.extensions', () => ({ extensions: list() })],
    [
      'the same extension twice',
      'tbsCertificate.extensions',
      () => ({ extensions: list(encodeNoRevAvail(), encodeNoRevAvail()) }),
    ],
    [
      'a critical that is neither 00 nor FF',
      'tbsCertificate.extensions',
      () => ({
        extensions: derContext(
          3,
          true,
          derSequence(derSequence(derOid('1.2.3'), Uint8Array.of(1, 1, 1), derOctetString(none))),
        ),
      }),
    ],
    [
      'an extension with something behind its value',
      'tbsCertificate.extensions',
      () => ({
        extensions: derContext(3, true, derSequence(derSequence(derOid('1.2.3'), derOctetString(none), derNull()))),
      }),
    ],
    [
      'a known extension that is malformed',
      'tbsCertificate.extensions.keyUsage',
      () => ({ extensions: list({ oid: '2.5.29.15', critical: true, value: derNull() }) }),
    ],
    [
      'a known extension with something behind it',
      'tbsCertificate.extensions.noRevAvail',
      () => ({ extensions: list({ ...encodeNoRevAvail(), value: Uint8Array.of(5, 0, 0) }) }),
    ],
    ['something behind the extensions', 'tbsCertificate', () => ({ afterTbs: derNull() })],
    [
      'a signature of a fraction of octets',
      'signatureValue',
      () => ({ signatureValue: derBitString(Uint8Array.of(0x80), 7) }),
    ],
    ['something behind the signature', 'certificate', () => ({ afterCertificate: derNull() })],
    ['something behind the certificate', 'certificate', () => ({ after: Uint8Array.of(0) })],
  ];

  it.each(cases)('%s', (_, field, changes) => {
    const thrown = failure(() => parseCertificate(assemble(changes())));
    expect(thrown.code).toBe('CERTIFICATE_INVALID');
    expect(thrown.facts.field).toBe(field);
    expect(thrown.message).toContain(`The certificate is malformed in ${field}: `);
    expect(thrown.cause).toBeInstanceOf(InvalidInputError);
  });

  it('a certificate that is cut off, wherever it is', () => {
    const whole = assemble();
    for (let length = 0; length < whole.length; length++) {
      expect(failure(() => parseCertificate(whole.subarray(0, length))).code).toBe('CERTIFICATE_INVALID');
    }
  });

  it('more than 256 KiB, as bytes or as text', () => {
    const large = new Uint8Array(256 * 1024 + 1);
    expect(failure(() => parseCertificate(large))).toMatchObject({
      code: 'DER_TOO_LARGE',
      facts: { length: large.length },
    });
    expect(failure(() => parseCertificate('x'.repeat(1024 * 1024))).code).toBe('DER_TOO_LARGE');
  });

  it.each([undefined, null, 1, {}, [0x30]])('%j, which is neither text nor bytes', (input) => {
    expect(failure(() => parseCertificate(input as unknown as string)).code).toBe('INVALID_ARGUMENT');
  });
});

describe('a parsed certificate', () => {
  it('does not change with the bytes that it was read from', () => {
    const bytes = Buffer.from(assemble());
    const certificate = parseCertificate(bytes);
    bytes.fill(0);
    expect(certificate.der).toEqual(assemble());
    expect(certificate.tbs).toEqual(certificate.der.subarray(3, 3 + certificate.tbs.length));
  });

  it('hands out dates that can be set without consequence', () => {
    const certificate = parseCertificate(assemble());
    certificate.notBefore.setTime(0);
    expect(certificate.notBefore).toEqual(new Date(START));
  });
});

describe('certificates that OpenSSL made', () => {
  it.each([
    ['rsa:2048', 'RSA-PKCS1-SHA256', ['-sha256']],
    ['rsa:2048', 'RSA-PSS-SHA256', ['-sha256', '-sigopt', 'rsa_padding_mode:pss', '-sigopt', 'rsa_pss_saltlen:32']],
    ['ed25519', 'Ed25519', []],
  ])('with %s and %s are read alike', (newkey, algorithm, options) => {
    const [, pem, serial, start] = openssl(
      {},
      [
        'req',
        '-x509',
        '-newkey',
        newkey,
        '-nodes',
        '-keyout',
        'k',
        '-out',
        'c',
        '-subj',
        '/CN=x/O=y',
        '-days',
        '9',
        ...options,
      ],
      ['x509', '-in', 'c'],
      ['x509', '-in', 'c', '-noout', '-serial'],
      ['x509', '-in', 'c', '-noout', '-startdate', '-dateopt', 'iso_8601'],
    ) as [string, string, string, string];
    const certificate = parseCertificate(pem);
    expect(certificate.signatureAlgorithm).toBe(algorithm);
    expect(`serial=${certificate.serialNumber.toUpperCase()}\n`).toBe(serial);
    expect(certificate.notBefore).toEqual(new Date(start.replace('notBefore=', '').trim().replace(' ', 'T')));
    expect(certificate.subject.toString()).toBe('O=y,CN=x');
    expect(certificate.basicConstraints?.cA).toBe(true);
    expect(certificate.toPem()).toBe(pem);
  });
});

function utcTime(text: string): Uint8Array {
  return derTagged(0x17, Uint8Array.from(Buffer.from(text, 'latin1')));
}

function failure(run: () => unknown): InvalidInputError {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidInputError);
    return error as InvalidInputError;
  }
  throw new Error('Nothing was thrown');
}
