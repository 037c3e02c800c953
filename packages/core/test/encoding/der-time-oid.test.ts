import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeOid, encodeOid } from '../../src/encoding/der/oid.ts';
import { DerReader } from '../../src/encoding/der/reader.ts';
import { MAX_TIME_MS } from '../../src/encoding/der/time.ts';
import { derGeneralizedTime, derTagged, derTime } from '../../src/encoding/der/writer.ts';
import { toHex } from '../../src/encoding/hex.ts';
import { seed } from '../support/soak.ts';

const options = { seed: seed(4), numRuns: 2000 };
const ascii = (text: string) => Uint8Array.from(Buffer.from(text, 'latin1'));
const utc = (text: string) => new DerReader(derTagged(0x17, ascii(text))).time();
const generalized = (text: string) => new DerReader(derTagged(0x18, ascii(text))).generalizedTime();
const refused = expect.objectContaining({ name: 'InvalidInputError', code: 'DER_INVALID' });

describe('times', () => {
  it('round-trip every second of the years 0 to 9999 in the form that RFC 5280 wants', () => {
    const seconds = fc.integer({ min: -62_167_219_200, max: MAX_TIME_MS / 1000 });
    fc.assert(
      fc.property(seconds, fc.integer({ min: 0, max: 999 }), (second, fraction) => {
        const ms = second * 1000;
        const element = derTime(ms + fraction);
        const year = new Date(ms).getUTCFullYear();
        expect(element[0]).toBe(year >= 1950 && year < 2050 ? 0x17 : 0x18);
        expect(new DerReader(element).time()).toBe(ms);
        expect(new DerReader(derGeneralizedTime(ms)).generalizedTime()).toBe(ms);
      }),
      options,
    );
  });

  it('spells a GeneralizedTime as Date does', () => {
    fc.assert(
      fc.property(fc.date({ min: new Date(0), max: new Date(MAX_TIME_MS), noInvalidDate: true }), (date) => {
        const text = Buffer.from(derGeneralizedTime(date.getTime()).subarray(2)).toString('latin1');
        expect(text).toBe(`${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`);
      }),
      options,
    );
  });

  it('puts the two digits of a UTCTime in 1950 to 2049', () => {
    expect(utc('500101000000Z')).toBe(Date.UTC(1950, 0, 1));
    expect(utc('491231235959Z')).toBe(Date.UTC(2049, 11, 31, 23, 59, 59));
  });

  it('knows leap years', () => {
    expect(generalized('20000229000000Z')).toBe(Date.UTC(2000, 1, 29));
    expect(generalized('20240229000000Z')).toBe(Date.UTC(2024, 1, 29));
    expect(() => generalized('21000229000000Z')).toThrow(refused);
    expect(() => generalized('20230229000000Z')).toThrow(refused);
  });

  it.each([
    '2501010000Z',
    '250101000000+0000',
    '250101000000',
    '25010100000Z ',
    '251301000000Z',
    '250001000000Z',
    '250132000000Z',
    '250100000000Z',
    '250431000000Z',
    '250101240000Z',
    '250101006000Z',
    '250101000060Z',
    '2501010000-1Z',
    '25010100000\u00b2Z',
    '250101000000z',
  ])('refuses the UTCTime %j', (text) => {
    expect(() => utc(text)).toThrow(refused);
  });

  it.each(['20500101000000.5Z', '205001010000Z', '20500101000000+0100', '20500101000000', '2050010100000aZ'])(
    'refuses the GeneralizedTime %j',
    (text) => {
      expect(() => generalized(text)).toThrow(refused);
    },
  );

  it('reads a GeneralizedTime where RFC 5280 wants a UTCTime, since a public root has one', () => {
    expect(new DerReader(derGeneralizedTime(Date.UTC(2049, 0, 1))).time()).toBe(Date.UTC(2049, 0, 1));
  });

  it.each([Number.NaN, Number.POSITIVE_INFINITY, MAX_TIME_MS + 1000, -62_167_219_200_001])('cannot write %d', (ms) => {
    expect(() => derTime(ms)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});

describe('object identifiers', () => {
  const arc = fc.oneof(fc.bigInt({ min: 0n, max: 200n }), fc.bigInt({ min: 0n, max: 2n ** 128n }));
  const oid = fc
    .tuple(fc.constantFrom(0n, 1n, 2n), arc, fc.array(arc, { maxLength: 5 }))
    .map(([first, second, rest]) => [first, first === 2n ? second : second % 40n, ...rest].join('.'));

  it('round-trip, with arcs of any size', () => {
    fc.assert(
      fc.property(oid, (dotted) => {
        const content = encodeOid(dotted);
        expect(decodeOid(content, 0, content.length)).toBe(dotted);
      }),
      options,
    );
  });

  it.each([
    ['2.5.29.17', '551d11'],
    ['1.2.840.113549.1.1.11', '2a864886f70d01010b'],
    ['2.999', '8837'],
    ['2.25.329800735698586629295641978511506172918', '6983f09da7ebcfdee0c7a1a7b2c0948cc8f9d776'],
  ])('%s is %s', (dotted, hex) => {
    expect(toHex(encodeOid(dotted))).toBe(hex);
  });

  it.each(['', '1', '3.1', '1.40', '1.2.', '.1.2', '1.02', '1.2.-1', '1.2.a', '1 .2', `1.2.${'9'.repeat(600)}`])(
    'cannot write %j',
    (dotted) => {
      expect(() => encodeOid(dotted)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    },
  );

  it.each([
    ['nothing', []],
    ['an arc that is cut off', [0x55, 0x9d]],
    ['an arc with a leading zero', [0x55, 0x80, 0x01]],
    ['a first arc with a leading zero', [0x80, 0x55]],
    ['a monster', new Array<number>(129).fill(1)],
  ])('refuses %s', (_, octets) => {
    expect(() => decodeOid(Uint8Array.from(octets), 0, octets.length)).toThrow(refused);
  });
});
