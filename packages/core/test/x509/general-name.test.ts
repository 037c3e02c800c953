import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DerReader } from '../../src/encoding/der/reader.ts';
import { fromHex, toHex } from '../../src/encoding/hex.ts';
import { DistinguishedName } from '../../src/x509/name/distinguished-name.ts';
import {
  formatGeneralName,
  type GeneralName,
  parseGeneralNameText,
  parseSubtreeText,
} from '../../src/x509/name/general-name.ts';
import { encodeGeneralName, readGeneralName } from '../../src/x509/name/general-name-der.ts';
import { rejection } from '../support/expect-error.ts';
import { seed } from '../support/soak.ts';

const decode = (der: Uint8Array): GeneralName => {
  const reader = new DerReader(der);
  const name = readGeneralName(reader);
  reader.finish();
  return name;
};

describe('text', () => {
  it.each<[string, string, unknown]>([
    ['a.example', 'a.example', { kind: 'dns', value: 'a.example' }],
    ['dns:a.example', 'a.example', { kind: 'dns', value: 'a.example' }],
    ['DNS:A.example', 'A.example', { kind: 'dns', value: 'A.example' }],
    ['dns:odd:name', 'dns:odd:name', { kind: 'dns', value: 'odd:name' }],
    ['ip:10.0.0.1', 'ip:10.0.0.1', { kind: 'ip', value: '10.0.0.1' }],
    ['IP:2001:DB8::0:1', 'ip:2001:db8::1', { kind: 'ip', value: '2001:db8::1' }],
    ['email:a@b.example', 'email:a@b.example', { kind: 'email', value: 'a@b.example' }],
    ['uri:spiffe://td/x:y', 'uri:spiffe://td/x:y', { kind: 'uri', value: 'spiffe://td/x:y' }],
    ['registeredId:1.2.3', 'registeredId:1.2.3', { kind: 'registeredId', value: '1.2.3' }],
    ['x400Address:0500', 'x400Address:0500', { kind: 'x400Address', value: fromHex('0500') }],
    [
      'ediPartyName:a10413022d31',
      'ediPartyName:a10413022d31',
      { kind: 'ediPartyName', value: fromHex('a10413022d31') },
    ],
    [
      'otherName:1.3.6.1.4.1.311.20.2.3;0c0161',
      'otherName:1.3.6.1.4.1.311.20.2.3;0c0161',
      { kind: 'otherName', type: '1.3.6.1.4.1.311.20.2.3', value: fromHex('0c0161') },
    ],
  ])('%s', (text, formatted, expected) => {
    const name = parseGeneralNameText(text);
    expect(name).toEqual(expected);
    expect(formatGeneralName(name)).toBe(formatted);
    expect(parseGeneralNameText(formatted)).toEqual(expected);
    expect(decode(encodeGeneralName(name))).toEqual(expected);
  });

  it('reads directory names as RFC 4514', () => {
    const name = parseGeneralNameText('directoryName:CN=a,O=b');
    expect(formatGeneralName(name)).toBe('directoryName:CN=a,O=b');
    expect(formatGeneralName(decode(encodeGeneralName(name)))).toBe('directoryName:CN=a,O=b');
  });

  it.each([
    ['', 'empty'],
    ['ip:10.0.0.01', 'not an IPv4 or IPv6 address'],
    ['ip:10.0.0.0/8', 'not an IPv4 or IPv6 address'],
    ['::1', 'write "ip:" before it'],
    ['2001:db8::1', 'write "ip:" before it'],
    ['https://a.example', 'write "uri:" before it'],
    ['nope:x', 'the prefix is none of dns, ip'],
    ['email:', 'empty'],
    ['uri:a\nb', 'control characters'],
    ['a\0b', 'control characters'],
    ['registeredId:1.x', '"1.x" is not an OID'],
    ['otherName:1.2', 'the value is not DER'],
    ['otherName:1.2;0c', 'the value is not DER'],
    ['otherName:1.2;0500;', 'more than one ";"'],
    ['x400Address:zz', 'not hex'],
  ])('%j is refused: %s', (text, problem) => {
    expect(() => parseGeneralNameText(text)).toThrowError(
      expect.objectContaining({ code: 'GENERAL_NAME_INVALID', message: expect.stringContaining(problem) }),
    );
  });

  it.each(['https://ada:hunter2@a.example/', 'uri:https://ada:hunter2@a.example/\n', 'URI://ada:hunter2@a.example/\n'])(
    'is refused without telling what may be a password (%#)',
    async (text) => {
      const refused = await rejection(() => parseGeneralNameText(text));
      expect(refused.code).toBe('GENERAL_NAME_INVALID');
      expect(refused.message).toContain('//…@a.example/');
      expect(JSON.stringify([refused.message, refused.facts])).not.toMatch(/ada|hunter2/);
    },
  );

  it('reads the subtrees of name constraints', () => {
    expect(parseSubtreeText('ip:10.0.0.0/8')).toEqual({ kind: 'ip', value: '10.0.0.0/8' });
    expect(parseSubtreeText('uri:.example')).toEqual({ kind: 'uri', value: '.example' });
    expect(parseSubtreeText('dns:')).toEqual({ kind: 'dns', value: '' });
    expect(() => parseSubtreeText('ip:10.0.0.1')).toThrowError(
      expect.objectContaining({ code: 'GENERAL_NAME_INVALID' }),
    );
  });
});

describe('DER', () => {
  it.each([
    ['dns:a.b', '8203612e62'],
    ['email:a@b', '8103614062'],
    ['uri:a:b', '8603613a62'],
    ['ip:1.2.3.4', '870401020304'],
    ['ip:::1', `8710${'00'.repeat(15)}01`],
    ['registeredId:1.2.3', '88022a03'],
    ['directoryName:CN=a', 'a40e300c310a300806035504030c0161'],
    ['otherName:1.2.3;0500', 'a00806022a03a0020500'],
  ])('%s is %s', (text, hex) => {
    expect(toHex(encodeGeneralName(parseGeneralNameText(text)))).toBe(hex);
  });

  it.each([
    ['five octets of address', '87050102030405'],
    ['an empty host', '8200'],
    ['a NUL in a host', '8203610062'],
    ['a space in a host', '8203612062'],
    ['eight bits in a URI', '8601e4'],
    ['a malformed OID', '880180'],
    ['an unknown tag', '890100'],
    ['a UNIVERSAL tag', '0c0161'],
    ['an otherName without its EXPLICIT tag', 'a00606022a030500'],
    ['two values in an otherName', 'a00a06022a03a00405000500'],
    ['a directoryName without its EXPLICIT tag', 'a40c310a300806035504030c0161'],
    ['nothing', ''],
  ])('%s is refused', (_, hex) => {
    expect(() => decode(fromHex(hex))).toThrowError(
      expect.objectContaining({ code: expect.stringMatching(/^(GENERAL_NAME|DER|NAME)_INVALID$/) }),
    );
  });

  it('refuses to write what is not ASCII', () => {
    expect(() => encodeGeneralName({ kind: 'dns', value: 'bücher.example' })).toThrowError(
      /"bücher.example" is invalid: not plain ASCII/,
    );
  });

  it('writes and reads ranges only where they belong', () => {
    const der = encodeGeneralName({ kind: 'ip', value: '10.0.0.0/8' }, 'constraint');
    expect(toHex(der)).toBe('87080a000000ff000000');
    expect(readGeneralName(new DerReader(der), 'constraint')).toEqual({ kind: 'ip', value: '10.0.0.0/8' });
    expect(() => decode(der)).toThrowError(/8 octets are not an address/);
    expect(() => readGeneralName(new DerReader(fromHex('87080a000000ff00ff00')), 'constraint')).toThrowError(
      /not contiguous/,
    );
    expect(() => readGeneralName(new DerReader(fromHex('87040a000000')), 'constraint')).toThrowError(
      /4 octets are not an address range/,
    );
  });

  it('every name survives', () => {
    const ascii = fc.string({
      unit: fc.integer({ min: 0x21, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
    });
    const oid = fc
      .array(fc.bigInt({ min: 0n, max: 2n ** 70n }), { minLength: 1, maxLength: 5 })
      .map((arcs) => `1.3.${arcs.join('.')}`);
    const name: fc.Arbitrary<GeneralName> = fc.oneof(
      fc.record({ kind: fc.constantFrom('dns' as const, 'email' as const, 'uri' as const), value: ascii }),
      fc.record({ kind: fc.constant('registeredId' as const), value: oid }),
      fc.record({
        kind: fc.constant('otherName' as const),
        type: oid,
        value: fc.uint8Array({ maxLength: 100 }).map((bytes) => Uint8Array.of(4, bytes.length, ...bytes)),
      }),
      fc.record({
        kind: fc.constant('directoryName' as const),
        value: fc
          .string({ minLength: 1, maxLength: 64 })
          .map((value) => DistinguishedName.fromRdns([[{ type: 'CN', value }]])),
      }),
    );
    fc.assert(
      fc.property(name, (given) => {
        expect(formatGeneralName(decode(encodeGeneralName(given)))).toBe(formatGeneralName(given));
        expect(formatGeneralName(parseGeneralNameText(formatGeneralName(given)))).toBe(formatGeneralName(given));
      }),
      { seed: seed(20261122), numRuns: 500 },
    );
  });
});
