import 'reflect-metadata';
import { X509Crl } from '@peculiar/x509';
import fc from 'fast-check';
import { CertificateRevocationList as PkijsCrl } from 'pkijs';
import { beforeAll, describe, expect, it } from 'vitest';
import {
  derBitString,
  derBoolean,
  derContext,
  derEnumerated,
  derGeneralizedTime,
  derInteger,
  derNull,
  derOctetString,
  derOid,
  derSequence,
  derTagged,
  derTime,
} from '../../src/encoding/der/writer.ts';
import { toHex } from '../../src/encoding/hex.ts';
import type { KeyAlgorithm } from '../../src/ports/crypto.ts';
import { parseCrl, verifyCrlSignature } from '../../src/x509/crl/crl.ts';
import { buildCrl, type CrlContents } from '../../src/x509/crl/crl-builder.ts';
import { CrlEntries } from '../../src/x509/crl/crl-entries.ts';
import type { CrlEntry } from '../../src/x509/crl/crl-entry-writer.ts';
import { crlReasons } from '../../src/x509/crl/crl-reason.ts';
import { encodeDeltaCrlIndicator } from '../../src/x509/extensions/crl-number.ts';
import { type Extension, encodeExtension } from '../../src/x509/extensions/extension.ts';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import { seed, soakSize } from '../support/soak.ts';
import { crypto, makeCa, openssl, type TestCa } from './pki.ts';

const THIS_UPDATE = new Date('2026-06-01T00:00:00Z');
const NEXT_UPDATE = new Date('2055-06-08T00:00:00Z');
const REVOKED_AT = Date.UTC(2026, 4, 1);
let ca: TestCa;
beforeAll(async () => {
  ca = await makeCa();
});

const build = async (entries: CrlContents['entries'], changes: Partial<CrlContents> = {}) =>
  buildCrl(
    {
      issuer: ca.subject,
      signatureAlgorithm: ca.signatureAlgorithm,
      signingKey: ca.key,
      number: 42n,
      thisUpdate: THIS_UPDATE,
      nextUpdate: NEXT_UPDATE,
      authorityKeyIdentifier: ca.keyIdentifier,
      entries,
      ...changes,
    },
    crypto,
  );

const entry = fc.record(
  {
    serialNumber: fc
      .uint8Array({ minLength: 1, maxLength: 19 })
      .filter((serial) => serial.some((octet) => octet !== 0)),
    revokedAt: fc.integer({ min: -2e9, max: 4e9 }).map((second) => second * 1000),
    reason: fc.constantFrom(undefined, ...crlReasons.filter((reason) => reason !== 'removeFromCRL')),
    invalidityDate: fc.option(
      fc.integer({ min: 0, max: 4e9 }).map((second) => second * 1000),
      { nil: undefined },
    ),
  },
  { requiredKeys: ['serialNumber', 'revokedAt'] },
);
const entriesOf = fc.uniqueArray(entry, {
  maxLength: 300,
  selector: ({ serialNumber }) => BigInt(`0x${toHex(serialNumber)}`),
});

describe('a built CRL', () => {
  it('reads back entry by entry, in order and by serial number', async () => {
    await fc.assert(
      fc.asyncProperty(entriesOf, fc.bigInt({ min: 0n, max: 2n ** 158n }), async (entries, number) => {
        const crl = parseCrl(await build(entries, { number }));
        expect(crl).toMatchObject({
          version: 2,
          number,
          size: entries.length,
          thisUpdate: THIS_UPDATE,
          nextUpdate: NEXT_UPDATE,
        });
        expect(crl.authorityKeyIdentifier?.keyIdentifier).toEqual(ca.keyIdentifier);
        expect(crl.issuer.equals(ca.subject)).toBe(true);
        const expected = entries.map(({ serialNumber, revokedAt, reason, invalidityDate }) => ({
          serialNumber: toHex(serialNumber).replace(/^(00)+/, ''),
          revokedAt: new Date(revokedAt),
          reason: reason === 'unspecified' ? undefined : reason,
          invalidityDate: invalidityDate === undefined ? undefined : new Date(invalidityDate),
        }));
        expect([...crl.entries()].map(({ extensions: _, ...rest }) => rest)).toEqual(expected);
        for (const [index, { serialNumber }] of entries.entries()) {
          expect(crl.find(serialNumber)).toMatchObject(expected[index] as object);
          expect(crl.find(toHex(serialNumber).toUpperCase())?.serialNumber).toBe(expected[index]?.serialNumber);
        }
        expect(crl.find('00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff')).toBeUndefined();
      }),
      { seed: seed(7), numRuns: 40 },
    );
  });

  it('takes serial numbers as text too', async () => {
    const crl = parseCrl(await build([{ serialNumber: '00AB', revokedAt: REVOKED_AT }]));
    expect(crl.find('ab')?.revokedAt).toEqual(new Date(REVOKED_AT));
    expect(crl.find('0ab')).toBeDefined();
    expect(crl.find('ab00')).toBeUndefined();
  });

  it.each<KeyAlgorithm>(['ECDSA-P256', 'ECDSA-P384', 'RSA-2048', 'Ed25519'])(
    'signed with %s is accepted by OpenSSL, @peculiar/x509 and pkijs',
    async (algorithm) => {
      const signer = await makeCa(algorithm);
      const entries: CrlEntry[] = [
        {
          serialNumber: 'f00d',
          revokedAt: REVOKED_AT,
          reason: 'keyCompromise',
          invalidityDate: REVOKED_AT - 86_400_000,
        },
        { serialNumber: '01', revokedAt: Date.UTC(2051, 0, 1) },
      ];
      const { key: signingKey, signatureAlgorithm } = signer;
      const authorityKeyIdentifier = signer.keyIdentifier;
      const der = await build(entries, { signingKey, signatureAlgorithm, authorityKeyIdentifier });
      const crl = parseCrl(der);
      expect(await verifyCrlSignature(crl, signingKey.publicKey, crypto)).toBe(true);
      const [text] = openssl({ 'c.pem': crl.toPem(), 'ca.pem': signer.certificate.toPem() }, [
        'crl',
        '-in',
        'c.pem',
        '-CAfile',
        'ca.pem',
        '-noout',
        '-text',
      ]);
      expect(text).toMatch(/verify OK/);
      expect(text).toMatch(/CRL Number: \n\s+42/);
      expect(text).toMatch(
        /Serial Number: F00D\n.*May {2}1 00:00:00 2026 GMT\n.*\n.*Reason Code: \n\s+Key Compromise\n\s+Invalidity Date: \n\s+Apr 30 00:00:00 2026/,
      );
      expect(text).toMatch(/Serial Number: 01\n\s+Revocation Date: Jan {2}1 00:00:00 2051 GMT\n\s+Signature/);

      const peculiar = new X509Crl(der as Uint8Array<ArrayBuffer>);
      expect(peculiar.entries.map(({ serialNumber, reason }) => [serialNumber, reason])).toEqual([
        [expect.stringMatching(/^(00)?f00d$/), 1],
        ['01', undefined],
      ]);
      expect(PkijsCrl.fromBER(der as Uint8Array<ArrayBuffer>).revokedCertificates).toHaveLength(2);
    },
  );

  it('without entries has no list at all', async () => {
    const crl = parseCrl(await build([]));
    expect([crl.size, [...crl.entries()], crl.find('01')]).toEqual([0, [], undefined]);
    const [text] = openssl({ c: crl.toPem() }, ['crl', '-in', 'c', '-noout', '-text']);
    expect(text).toContain('No Revoked Certificates');
  });

  it('is the same whether the signature comes at once or later', async () => {
    const sign = (length: number) =>
      Object.assign(Object.create(crypto), { sign: async () => new Uint8Array(length).fill(7) });
    const contents = {
      issuer: ca.subject,
      signatureAlgorithm: 'ECDSA-SHA256',
      signingKey: ca.key,
      number: 1n,
    } as const;
    const rest = {
      thisUpdate: THIS_UPDATE,
      nextUpdate: NEXT_UPDATE,
      entries: [{ serialNumber: '01', revokedAt: REVOKED_AT }],
    };
    // Shorter than expected, as expected, and longer: the buffer fits each.
    for (const length of [8, 70, 72, 500]) {
      const crl = parseCrl(await buildCrl({ ...contents, ...rest }, sign(length)));
      expect(crl.signature).toEqual(new Uint8Array(length).fill(7));
      expect(crl.find('01')).toBeDefined();
    }
  });

  it('keeps its shape where the length of its header changes', async () => {
    for (const size of [0, 1, 2, 3, 1400, 1500]) {
      const entries = Array.from({ length: size }, (_, index) => ({
        serialNumber: Uint8Array.of(1, index >> 8, index),
        revokedAt: REVOKED_AT,
      }));
      const crl = parseCrl(await build(entries));
      expect(crl.size).toBe(size);
      expect(await verifyCrlSignature(crl, ca.key.publicKey, crypto)).toBe(true);
    }
  });
});

describe('CrlEntries', () => {
  it('are kept, added to and signed again', async () => {
    const entries = CrlEntries.from([{ serialNumber: '01', revokedAt: REVOKED_AT }]);
    const first = parseCrl(await build(entries));
    entries.add({ serialNumber: '02', revokedAt: REVOKED_AT, reason: 'superseded' });
    const second = parseCrl(await build(entries, { number: 43n }));
    expect([first.size, second.size, entries.size]).toEqual([1, 2, 2]);
    expect(first.find('02')).toBeUndefined();
    expect(second.find('02')?.reason).toBe('superseded');
    expect(second.find('01')?.revokedAt).toEqual(new Date(REVOKED_AT));
  });

  it('hold nothing of an entry that was refused', async () => {
    const entries = new CrlEntries();
    expect(() => entries.add({ serialNumber: 'ff'.repeat(19), revokedAt: Number.NaN })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
    expect(() => entries.add({ serialNumber: '01', revokedAt: 0, invalidityDate: Number.NaN })).toThrow('Time NaN');
    entries.add({ serialNumber: '80', revokedAt: REVOKED_AT });
    expect(entries.size).toBe(1);
    expect([...parseCrl(await build(entries)).entries()].map(({ serialNumber }) => serialNumber)).toEqual(['80']);
  });

  it.each([
    ['a serial number of zero', { serialNumber: '00' }, 'INVALID_ARGUMENT'],
    ['a serial number that is not hexadecimal', { serialNumber: 'xy' }, 'HEX_INVALID'],
    ['a serial number of 21 octets', { serialNumber: 'ff'.repeat(20) }, 'INVALID_ARGUMENT'],
    ['an unknown reason', { reason: 'bored' as 'superseded' }, 'INVALID_ARGUMENT'],
    ['the reason of delta CRLs', { reason: 'removeFromCRL' as const }, 'INVALID_ARGUMENT'],
    ['a time past 9999', { revokedAt: 1e15 }, 'INVALID_ARGUMENT'],
  ])('refuse %s', (_, changes, code) => {
    expect(() => CrlEntries.from([{ serialNumber: '01', revokedAt: REVOKED_AT, ...changes }])).toThrow(
      expect.objectContaining({ name: 'InvalidInputError', code }),
    );
  });
});

describe('buildCrl refuses', () => {
  it.each([
    ['an empty issuer', { issuer: DistinguishedName.parse('') }, 'INVALID_ARGUMENT'],
    ['a nextUpdate before thisUpdate', { nextUpdate: new Date(0) }, 'INVALID_ARGUMENT'],
    ['an invalid thisUpdate', { thisUpdate: new Date(Number.NaN) }, 'INVALID_ARGUMENT'],
    ['an invalid nextUpdate', { nextUpdate: new Date(Number.NaN) }, 'INVALID_ARGUMENT'],
    ['a negative number', { number: -1n }, 'EXTENSION_INVALID'],
    [
      'an extension given twice',
      { extensions: [{ oid: '2.5.29.20', critical: false, value: derInteger(1) }] },
      'EXTENSION_INVALID',
    ],
  ])('%s', async (_, changes, code) => {
    await expect(build([], changes)).rejects.toThrow(expect.objectContaining({ name: 'InvalidInputError', code }));
  });
});

const ECDSA_SHA256 = derSequence(derOid('1.2.840.10045.4.3.2'));
const serial = derInteger(5);
const revoked = (...rest: Uint8Array[]) => derSequence(serial, derTime(REVOKED_AT), ...rest);
const extensions = (...all: Extension[]) => derSequence(...all.map(encodeExtension));
const reason = (code: number): Extension => ({ oid: '2.5.29.21', critical: false, value: derEnumerated(code) });

type PartName =
  | 'version'
  | 'signature'
  | 'issuer'
  | 'thisUpdate'
  | 'nextUpdate'
  | 'entries'
  | 'extensions'
  | 'afterTbs'
  | 'after';

/** A CRL of hand-made parts, some of them replaced. */
function assemble(changes: Partial<Record<PartName, Uint8Array>>): Uint8Array {
  const { after, ...tbs }: Record<PartName, Uint8Array> = {
    version: derInteger(1),
    signature: ECDSA_SHA256,
    issuer: DistinguishedName.parse('CN=x').der,
    thisUpdate: derTime(THIS_UPDATE.getTime()),
    nextUpdate: derTime(NEXT_UPDATE.getTime()),
    entries: derSequence(revoked()),
    extensions: derContext(0, true, extensions({ oid: '2.5.29.20', critical: false, value: derInteger(7) })),
    afterTbs: new Uint8Array(0),
    after: new Uint8Array(0),
    ...changes,
  };
  const signed = derSequence(derSequence(...Object.values(tbs)), ECDSA_SHA256, derBitString(Uint8Array.of(1)));
  return Uint8Array.of(...signed, ...after);
}

describe('parseCrl accepts', () => {
  const none = new Uint8Array(0);

  it('version 1, no nextUpdate, no number', () => {
    const crl = parseCrl(assemble({ version: none, nextUpdate: none, extensions: none }));
    expect(crl).toMatchObject({
      version: 1,
      nextUpdate: undefined,
      number: undefined,
      authorityKeyIdentifier: undefined,
      size: 1,
    });
  });

  it('an empty list that is written out', () => {
    expect(parseCrl(assemble({ entries: derSequence() })).size).toBe(0);
  });

  it('the reason unspecified written out, and extensions in another order or with an explicit FALSE', () => {
    const date = { oid: '2.5.29.24', critical: false, value: derGeneralizedTime(REVOKED_AT) };
    expect(parseCrl(assemble({ entries: derSequence(revoked(extensions(reason(0)))) })).find('05')?.reason).toBe(
      'unspecified',
    );
    expect(parseCrl(assemble({ entries: derSequence(revoked(extensions(date, reason(4)))) })).find('05')).toMatchObject(
      {
        reason: 'superseded',
        invalidityDate: new Date(REVOKED_AT),
      },
    );
    const explicit = derSequence(derSequence(derOid('2.5.29.21'), derBoolean(false), derOctetString(derEnumerated(9))));
    expect(parseCrl(assemble({ entries: derSequence(revoked(explicit)) })).find('05')?.reason).toBe(
      'privilegeWithdrawn',
    );
  });

  it('a serial number of zero', () => {
    const crl = parseCrl(assemble({ entries: derSequence(derSequence(derInteger(0), derTime(0))) }));
    for (const zero of ['00', '0', '0000', new Uint8Array(1)]) expect(crl.find(zero)?.serialNumber).toBe('00');
    expect(crl.find('01')).toBeUndefined();
  });

  it('the same serial number twice, and finds the first', () => {
    const entries = derSequence(revoked(extensions(reason(1))), revoked(extensions(reason(5))));
    expect(parseCrl(assemble({ entries })).find('05')?.reason).toBe('keyCompromise');
  });

  it('critical extensions that change its meaning, and tells of them', () => {
    const critical = encodeDeltaCrlIndicator(6n);
    const inEntry = { oid: '1.2.3.4', critical: true, value: derNull() };
    const crl = parseCrl(
      assemble({
        extensions: derContext(0, true, extensions(critical)),
        entries: derSequence(revoked(extensions(inEntry)), revoked()),
      }),
    );
    expect(crl.unhandledCriticalExtensions).toEqual(['2.5.29.27', '1.2.3.4']);
    expect(crl.find('05')?.extensions).toEqual([inEntry]);
    expect(parseCrl(assemble({})).unhandledCriticalExtensions).toEqual([]);
  });
});

describe('a negative serial number in a CRL', () => {
  const entries = derSequence(
    derSequence(Uint8Array.of(2, 1, 0xff), derTime(0)),
    derSequence(Uint8Array.of(2, 2, 0xff, 0x01), derTime(0)),
  );

  it('is told with its sign', () => {
    const crl = parseCrl(assemble({ entries }));
    expect([...crl.entries()].map((entry) => entry.serialNumber)).toEqual(['-01', '-00ff']);
  });

  it('is not that of the certificate whose number has the same octets', () => {
    const crl = parseCrl(assemble({ entries }));
    expect(crl.find('ff')).toBeUndefined();
    expect(crl.find('ff01')).toBeUndefined();
  });
});

describe('parseCrl refuses', () => {
  const none = new Uint8Array(0);
  const entries = (...all: Uint8Array[]) => ({ entries: derSequence(...all) });
  const LIST = 'tbsCertList.revokedCertificates';
  it.each<[string, string, Partial<Record<PartName, Uint8Array>>]>([
    ['an explicit version 1', 'tbsCertList.version', { version: derInteger(0) }],
    ['version 3', 'tbsCertList.version', { version: derInteger(2) }],
    ['algorithms that differ', 'tbsCertList.signature', { signature: derSequence(derOid('1.3.101.112')) }],
    ['an empty issuer', 'tbsCertList.issuer', { issuer: derSequence() }],
    ['no thisUpdate', 'tbsCertList.thisUpdate', { thisUpdate: none, nextUpdate: none }],
    [
      'a nextUpdate that is no time of the calendar',
      'tbsCertList.nextUpdate',
      { nextUpdate: derTagged(0x17, new Uint8Array(13).fill(0x39)) },
    ],
    ['an entry that is no SEQUENCE', LIST, entries(derNull())],
    ['an empty entry', LIST, entries(derSequence())],
    ['an entry without a date', LIST, entries(derSequence(serial))],
    ['an entry without a serial number', LIST, entries(derSequence(derTime(0)))],
    ['a serial number that is empty', LIST, entries(derSequence(Uint8Array.of(2, 0), derTime(0)))],
    [
      'a serial number not in its shortest form',
      LIST,
      entries(derSequence(Uint8Array.of(2, 2, 0xff, 0x80), derTime(0))),
    ],
    ['a serial number with a superfluous octet', LIST, entries(derSequence(Uint8Array.of(2, 2, 0, 1), derTime(0)))],
    ['a serial number of 21 octets', LIST, entries(derSequence(derInteger(2n ** 160n), derTime(0)))],
    ['an entry with a date that is no time', LIST, entries(derSequence(serial, derInteger(0)))],
    [
      'an entry with a date in another form',
      LIST,
      entries(derSequence(serial, derTagged(0x18, new Uint8Array(13).fill(0x30)))),
    ],
    ['extensions that are no list', LIST, entries(revoked(derNull()))],
    ['an empty list of extensions', LIST, entries(revoked(derSequence()))],
    ['the same entry extension twice', LIST, entries(revoked(extensions(reason(1), reason(1))))],
    ['a reason without a meaning', LIST, entries(revoked(extensions(reason(7))))],
    ['something behind the entry extensions', LIST, entries(revoked(extensions(reason(1)), derNull()))],
    [
      'extensions in an entry of version 1',
      LIST,
      { version: none, extensions: none, ...entries(revoked(extensions(reason(1)))) },
    ],
    ['extensions in version 1', 'tbsCertList.crlExtensions', { version: none }],
    [
      'an empty list of CRL extensions',
      'tbsCertList.crlExtensions',
      { extensions: derContext(0, true, derSequence()) },
    ],
    [
      'a number that is none',
      'tbsCertList.crlExtensions.cRLNumber',
      { extensions: derContext(0, true, extensions({ oid: '2.5.29.20', critical: false, value: derNull() })) },
    ],
    ['something behind the extensions', 'tbsCertList', { afterTbs: derNull() }],
    ['something behind the CRL', 'certificateList', { after: Uint8Array.of(0) }],
  ])('%s', (_, field, changes) => {
    expect(() => parseCrl(assemble(changes))).toThrow(
      expect.objectContaining({
        name: 'InvalidInputError',
        code: 'CRL_INVALID',
        facts: expect.objectContaining({ field }),
      }),
    );
  });
});

describe('a large CRL', () => {
  const size = soakSize(100_000, 1_000_000);

  it(`of ${size} entries is built, read and searched`, async () => {
    // A multiplicative generator over 2^32 visits each number once, so that the serial numbers differ.
    const serialOf = (index: number) => {
      const bytes = new Uint8Array(16).fill(0x5a);
      new DataView(bytes.buffer).setUint32(4, Math.imul(index, 2_654_435_761) >>> 0);
      return bytes;
    };
    const entries = new CrlEntries();
    for (let index = 0; index < size; index++) {
      entries.add({ serialNumber: serialOf(index), revokedAt: REVOKED_AT + index * 1000, reason: 'superseded' });
    }
    const crl = parseCrl(await build(entries));
    expect(crl.size).toBe(size);
    expect(await verifyCrlSignature(crl, ca.key.publicKey, crypto)).toBe(true);
    for (let index = 0; index < size; index += 997) {
      expect(crl.find(serialOf(index))?.revokedAt.getTime()).toBe(REVOKED_AT + index * 1000);
      expect(crl.find(serialOf(size + index))).toBeUndefined();
    }
  });
});
