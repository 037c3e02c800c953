import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Tag } from '../../src/encoding/der/tags.ts';
import {
  derInteger,
  derOid,
  derPrintable,
  derSequence,
  derSet,
  derTagged,
  derUtf8,
} from '../../src/encoding/der/writer.ts';
import { fromHex, toHex } from '../../src/encoding/hex.ts';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import { seed } from '../support/soak.ts';
import { tool } from '../support/tools.ts';

const parse = DistinguishedName.parse;

const nameOf = (value: Uint8Array, type = '2.5.4.3') =>
  DistinguishedName.fromDer(derSequence(derSet(derSequence(derOid(type), value))));

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

describe('the RFC 4514 string', () => {
  it('is most specific first, the DER the reverse', () => {
    const name = parse('CN=Example Root CA,O=Example');
    expect(toHex(name.der)).toBe(
      `302c${'3110300e060355040a0c074578616d706c65'}${'3118301606035504030c0f4578616d706c6520526f6f74204341'}`,
    );
    expect(name.rdns.map((rdn) => rdn.map(({ type, value }) => [type, value]))).toEqual([
      [['2.5.4.10', 'Example']],
      [['2.5.4.3', 'Example Root CA']],
    ]);
    expect(name.toString()).toBe('CN=Example Root CA,O=Example');
  });

  it.each([
    // The examples of RFC 4514 section 4, with attribute types that have a fixed syntax.
    ['UID=jsmith,DC=example,DC=net', 'UID=jsmith,DC=example,DC=net'],
    ['OU=Sales+CN=J.  Smith,DC=example,DC=net', 'OU=Sales+CN=J.  Smith,DC=example,DC=net'],
    ['CN=James \\"Jim\\" Smith\\, III,DC=example,DC=net', 'CN=James \\"Jim\\" Smith\\, III,DC=example,DC=net'],
    ['CN=Before\\0dAfter,DC=example,DC=net', 'CN=Before\\0DAfter,DC=example,DC=net'],
    ['1.3.6.1.4.1.1466.0=#04024869', '1.3.6.1.4.1.1466.0=#04024869'],
    ['CN=Lu\\C4\\8Di\\C4\\87', 'CN=Lučić'],
    // Spaces around separators, keywords of any case, long keywords, OIDs of known types.
    [' commonname = a b , o = c ', 'CN=a b,O=c'],
    ['2.5.4.3=x,e=a@b.example,S\\=x', undefined],
    ['2.5.4.3=x,e=a@b.example', 'CN=x,emailAddress=a@b.example'],
    // What needs an escape, and what does not.
    ['CN=\\#hash', 'CN=\\#hash'],
    ['CN=\\ lead and trail\\ ', 'CN=\\ lead and trail\\ '],
    ['CN=\\20x\\20', 'CN=\\ x\\ '],
    ['CN=\\ ', 'CN=\\ '],
    ['CN=a=b\\=c#d', 'CN=a=b=c#d'],
    ['CN=a\\;b\\<c\\>d\\+e', 'CN=a\\;b\\<c\\>d\\+e'],
    ['CN=nul\\00byte', 'CN=nul\\00byte'],
    ['', ''],
  ])('%j reads as %j', (text, expected) => {
    if (expected === undefined) {
      expect(() => parse(text)).toThrowError(expect.objectContaining({ code: 'NAME_INVALID' }));
    } else {
      const name = parse(text);
      expect(name.toString()).toBe(expected);
      expect(parse(name.toString()).der).toEqual(name.der);
    }
  });

  it.each([
    ['CN="quoted"', 'position 3'],
    ['CN=a;O=b', 'separate RDNs by ","'],
    ['CN=a,', 'attribute type'],
    ['CN=a,,O=b', 'attribute type'],
    ['CN', '"=" expected'],
    ['=a', 'attribute type'],
    ['CN=', 'CN is empty'],
    ['CN=   ', 'CN is empty'],
    ['CN=a<b', 'must be escaped'],
    ['CN=a\\', 'after "\\"'],
    ['CN=a\\x', 'after "\\"'],
    ['CN=\\C4', 'not UTF-8'],
    ['CN=#', 'hex digits'],
    ['CN=#abc', '"," or "+" expected'],
    ['CN=#0c05', 'not DER'],
    ['CN=#0c0161x', '"," or "+" expected'],
    ['nope=a', 'unknown attribute type "nope"'],
    ['1.2.=a', '"=" expected'],
    ['9.2.3=a', 'not an OID'],
    ['C=DEU', 'exactly 2'],
    ['C=D', 'exactly 2'],
    [`CN=${'x'.repeat(65)}`, '65 characters, at most 64'],
    [`O=${'x'.repeat(65)}`, 'at most 64'],
    ['serialNumber=a_b', 'PrintableString'],
    ['DC=bücher', 'must be ASCII'],
    ['CN=a+CN=a', 'same attribute twice'],
    ['CN=\ud800', 'lone surrogate'],
    [Array.from({ length: 129 }, () => 'DC=x').join(','), 'more than 128'],
  ])('%j is refused: %s', (text, problem) => {
    expect(() => parse(text)).toThrowError(
      expect.objectContaining({
        name: 'InvalidInputError',
        code: 'NAME_INVALID',
        message: expect.stringContaining(problem),
      }),
    );
  });

  it('counts characters, not UTF-16 units, against upper bounds', () => {
    expect(parse(`CN=${'𝔸'.repeat(64)}`).commonNames[0]).toHaveLength(128);
    expect(() => parse(`CN=${'𝔸'.repeat(65)}`)).toThrowError(/65 characters/);
  });

  it('picks the string type that RFC 5280 prescribes', () => {
    const tags = parse('CN=a,C=DE,serialNumber=1,emailAddress=a@b.c,DC=d,O=o').rdns.map(([only]) => only?.encoded[0]);
    expect(tags).toEqual([
      Tag.utf8String,
      Tag.ia5String,
      Tag.ia5String,
      Tag.printableString,
      Tag.printableString,
      Tag.utf8String,
    ]);
  });
});

describe('fromRdns', () => {
  it('takes values as they are and types by keyword or OID', () => {
    const name = DistinguishedName.fromRdns([
      [{ type: 'O', value: 'A, B + "C"' }],
      [{ type: '2.5.4.3', value: '#1 ' }],
    ]);
    expect(name.toString()).toBe('CN=\\#1\\ ,O=A\\, B \\+ \\"C\\"');
    expect(name.commonNames).toEqual(['#1 ']);
    expect(name.valuesOf('O')).toEqual(['A, B + "C"']);
  });

  it('refuses an unknown type and an RDN without attributes', () => {
    expect(() => DistinguishedName.fromRdns([[{ type: 'nope', value: 'x' }]])).toThrowError(
      /Unknown attribute type "nope"/,
    );
    expect(() => DistinguishedName.fromRdns([[]])).toThrowError(expect.objectContaining({ code: 'NAME_INVALID' }));
  });
});

describe('fromDer', () => {
  it.each([
    ['UTF8String', derUtf8('Zoë'), 'Zoë'],
    ['PrintableString', derPrintable('Zoe'), 'Zoe'],
    ['PrintableString with what is found in use', derTagged(Tag.printableString, latin1('A&B *_@')), 'A&B *_@'],
    ['IA5String', derTagged(Tag.ia5String, latin1('a@b')), 'a@b'],
    ['TeletexString as Latin-1', derTagged(Tag.teletexString, latin1('Zo\u00eb')), 'Zoë'],
    ['BMPString', derTagged(Tag.bmpString, fromHex('005a006f00eb')), 'Zoë'],
    ['UniversalString', derTagged(Tag.universalString, fromHex('0000005a0001d538')), 'Z𝔸'],
  ])('reads %s', (_, value, text) => {
    expect(nameOf(value).commonNames).toEqual([text]);
  });

  it.each([
    ['truncated UTF-8', derTagged(Tag.utf8String, fromHex('c3'))],
    ['overlong UTF-8', derTagged(Tag.utf8String, fromHex('c0af'))],
    ['odd BMPString', derTagged(Tag.bmpString, fromHex('00'))],
    ['surrogates in a BMPString', derTagged(Tag.bmpString, fromHex('d835dd38'))],
    ['a UniversalString beyond Unicode', derTagged(Tag.universalString, fromHex('00110000'))],
    ['eight bits in IA5String', derTagged(Tag.ia5String, fromHex('e4'))],
  ])('refuses %s', (_, value) => {
    expect(() => nameOf(value)).toThrowError(expect.objectContaining({ code: 'NAME_INVALID' }));
  });

  it.each([
    ['an empty RDN', '30023100'],
    ['trailing bytes', '300000'],
    ['a missing value', '300931073005060355040a'],
    ['an indefinite length', '30800000'],
    ['no SEQUENCE', '3100'],
    ['nothing', ''],
  ])('refuses %s', (_, hex) => {
    expect(() => DistinguishedName.fromDer(fromHex(hex))).toThrowError(
      expect.objectContaining({ code: 'NAME_INVALID' }),
    );
  });

  it('shows a value that is not a string as the hex of its DER, and reads that back', () => {
    const name = nameOf(derInteger(258), '2.5.4.45');
    expect(name.rdns[0]?.[0]?.value).toBe('#02020102');
    expect(name.toString()).toBe('2.5.4.45=#02020102');
    expect(parse(name.toString()).der).toEqual(name.der);
  });

  it('keeps the exact bytes, even of a SET in the wrong order', () => {
    const [cn, o] = parse('CN=b+O=a').rdns[0]!.map(({ type, encoded }) => derSequence(derOid(type), encoded));
    const der = derSequence(derTagged(Tag.set, o!, cn!));
    const name = DistinguishedName.fromDer(der);
    expect(name.der).toBe(der);
    expect(name.equals(parse('CN=b+O=a'))).toBe(true);
  });
});

describe('equals (RFC 5280 section 7.1)', () => {
  it.each([
    ['CN=Example  Root,O=X', 'cn=example root,o=x'],
    ['CN=\\ Example\\ ', 'CN=Example'],
    ['CN=STRASSE', 'CN=straße'],
    ['CN=ΌΣΟΣ', 'CN=όσος'],
    ['CN=ﬁne', 'CN=FINE'],
    ['CN=Café', 'CN=Cafe\u0301'],
    ['CN=a\u00a0b', 'CN=a b'],
    ['CN=soft\u00adhyphen', 'CN=softhyphen'],
    ['CN=a+O=b', 'O=B+CN=A'],
    ['DC=EXAMPLE', 'DC=example'],
  ])('%j is %j', (a, b) => {
    expect(parse(a).equals(parse(b))).toBe(true);
    expect(parse(b).equals(parse(a))).toBe(true);
  });

  it.each([
    ['CN=a,O=b', 'O=b,CN=a'],
    ['CN=a,O=b', 'CN=a+O=b'],
    ['CN=a', 'O=a'],
    ['CN=a', 'CN=a,O=b'],
    ['CN=ab', 'CN=a b'],
    ['CN=é', 'CN=e'],
    ['', 'CN=a'],
  ])('%j is not %j', (a, b) => {
    expect(parse(a).equals(parse(b))).toBe(false);
    expect(parse(b).equals(parse(a))).toBe(false);
  });

  it('does not look at the string type', () => {
    expect(nameOf(derPrintable('Example')).equals(nameOf(derUtf8('EXAMPLE')))).toBe(true);
    expect(nameOf(derTagged(Tag.bmpString, fromHex('00410042'))).equals(nameOf(derUtf8('ab')))).toBe(true);
  });

  it('cannot be fooled by a value that imitates a key', () => {
    expect(nameOf(derUtf8('a\u00012.5.4.10\u0002b')).equals(parse('CN=a+O=b'))).toBe(false);
    expect(nameOf(derUtf8('#0500')).equals(nameOf(fromHex('0500')))).toBe(false);
  });

  it('isWithin compares whole RDNs from the general end', () => {
    const base = parse('OU=Dev,O=Example');
    expect(parse('CN=a,OU=dev,O=EXAMPLE').isWithin(base)).toBe(true);
    expect(base.isWithin(base)).toBe(true);
    expect(parse('O=Example').isWithin(base)).toBe(false);
    expect(parse('CN=a,O=Example,OU=Dev').isWithin(base)).toBe(false);
    expect(base.isWithin(parse(''))).toBe(true);
  });
});

describe('properties', () => {
  const options = { seed: seed(20261122), numRuns: 500 };
  const text = fc.string({ unit: 'binary', minLength: 1, maxLength: 40 });
  const attribute = fc.oneof(
    fc.record({ type: fc.constantFrom('CN', 'O', 'OU', 'L', 'ST', 'title', '1.2.3.4'), value: text }),
    fc.record({ type: fc.constant('DC'), value: fc.string({ unit: 'binary-ascii', minLength: 1, maxLength: 40 }) }),
  );
  const rdn = fc.uniqueArray(attribute, { minLength: 1, maxLength: 3, selector: ({ type }) => type });
  const name = fc.array(rdn, { maxLength: 5 }).map((rdns) => DistinguishedName.fromRdns(rdns));

  it('a name survives its string and its DER', () => {
    fc.assert(
      fc.property(name, (given) => {
        expect(toHex(parse(given.toString()).der)).toBe(toHex(given.der));
        expect(DistinguishedName.fromDer(given.der).rdns).toEqual(given.rdns);
        expect(given.equals(parse(given.toString()))).toBe(true);
      }),
      options,
    );
  });

  it('any text parses or is NAME_INVALID', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'CNO=,+\\#"; 4aF1.2é\0') }), (given) => {
        try {
          parse(given);
        } catch (error) {
          expect(error).toMatchObject({ code: 'NAME_INVALID' });
        }
      }),
      { ...options, numRuns: 5000 },
    );
  });
});

describe('beside OpenSSL', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'chancery-name-'));
    writeFileSync(join(folder, 'empty.cnf'), '[req]\ndistinguished_name=dn\n[dn]\n');
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  const openssl = (args: string[]): Buffer =>
    execFileSync(tool('openssl'), args, { cwd: folder, stdio: ['ignore', 'pipe', 'ignore'] });

  it.each([
    ['/C=DE/ST=Berlin/L=Berlin/O=Example, Inc./CN=Root #1', undefined],
    ['/DC=net/DC=example/CN=Zoë <z>', 'CN=Zoë \\<z\\>,DC=example,DC=net'],
    ['/O=A/CN=b+UID=c', 'CN=b+UID=c,O=A'],
    ['/O=A/emailAddress=a@b.example/serialNumber=42', undefined],
  ])('reads what openssl encodes for %s, and shows the same string', (subject, expected) => {
    const request = [
      'req',
      '-new',
      '-newkey',
      'ed25519',
      '-nodes',
      '-keyout',
      'key.pem',
      '-config',
      'empty.cnf',
      '-utf8',
      '-multivalue-rdn',
    ];
    writeFileSync(join(folder, 'csr.pem'), openssl([...request, '-subj', subject]));
    const shown = openssl([
      'req',
      '-in',
      'csr.pem',
      '-noout',
      '-subject',
      '-nameopt',
      'RFC2253,-esc_msb,utf8',
    ]).toString();
    const csr = openssl(['req', '-in', 'csr.pem', '-outform', 'DER']);
    const name = DistinguishedName.fromDer(subjectOfCsr(csr));
    const text = shown.trim().replace(/^subject=/, '');
    expect(name.equals(parse(text))).toBe(true);
    // OpenSSL turns round the attributes within an RDN, too.
    expect(name.toString()).toBe(expected ?? text);
  });
});

function subjectOfCsr(csr: Uint8Array): Uint8Array {
  // SEQUENCE, SEQUENCE, INTEGER 0; then the Name: every length here is short or has one more octet.
  const headerLength = (at: number): number => (csr[at + 1]! < 0x80 ? 2 : 3);
  const info = headerLength(0);
  const start = info + headerLength(info) + 3;
  const length = csr[start + 1]! < 0x80 ? csr[start + 1]! : csr[start + 2]!;
  return csr.subarray(start, start + headerLength(start) + length);
}
