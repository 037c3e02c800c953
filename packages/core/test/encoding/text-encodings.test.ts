import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fromBase64, fromBase64Url, toBase64, toBase64Url } from '../../src/encoding/base64.ts';
import { fromHex, toHex } from '../../src/encoding/hex.ts';
import { seed } from '../support/soak.ts';

const bytes = fc.uint8Array({ maxLength: 100 });
const options = { seed: seed(2) };
const refused = (code: string) => expect.objectContaining({ name: 'InvalidInputError', code });

describe('hex', () => {
  it('round-trips and agrees with Buffer', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        const text = toHex(value);
        expect(text).toBe(Buffer.from(value).toString('hex'));
        expect(fromHex(text)).toEqual(value);
        expect(fromHex(text.toUpperCase())).toEqual(value);
      }),
      options,
    );
  });

  it('reads a view, not the buffer behind it', () => {
    expect(toHex(Uint8Array.of(1, 2, 3).subarray(1, 2))).toBe('02');
    expect(toHex(new Uint8Array(200).fill(7).subarray(100, 140))).toBe('07'.repeat(40));
  });

  it.each([
    '0',
    '0g',
    'g0',
    '0x',
    ' 00',
    '00 ',
    '0\u0130',
    '\uff10\uff10',
    `${'00'.repeat(40)}0g`,
    `${'00'.repeat(40)}g0`,
  ])('refuses %j', (text) => {
    expect(() => fromHex(text)).toThrow(refused('HEX_INVALID'));
  });

  it('says where another character is', () => {
    expect(() => fromHex('00112x')).toThrow('position 4 or 5');
    expect(() => fromHex(`${'00'.repeat(40)}2x`)).toThrow('position 80 or 81');
  });

  it('refuses what is not text', () => {
    expect(() => fromHex(12 as unknown as string)).toThrow(refused('HEX_INVALID'));
  });
});

describe('base64', () => {
  it('round-trips both alphabets and agrees with Buffer', () => {
    fc.assert(
      fc.property(bytes, (value) => {
        expect(toBase64(value)).toBe(Buffer.from(value).toString('base64'));
        expect(toBase64Url(value)).toBe(Buffer.from(value).toString('base64url'));
        expect(fromBase64(toBase64(value))).toEqual(value);
        expect(fromBase64Url(toBase64Url(value))).toEqual(value);
      }),
      options,
    );
  });

  it('gives arrays that own their memory, so that none keeps a shared pool alive', () => {
    expect(fromBase64('AQID').buffer.byteLength).toBe(3);
    expect(fromBase64Url('AQID').buffer.byteLength).toBe(3);
  });

  // RFC 4648 section 10 gives the first seven.
  it.each([
    ['', ''],
    ['f', 'Zg=='],
    ['fo', 'Zm8='],
    ['foo', 'Zm9v'],
    ['foob', 'Zm9vYg=='],
    ['fooba', 'Zm9vYmE='],
    ['foobar', 'Zm9vYmFy'],
    ['\u00fb\u00ff', '+/8='],
  ])('encodes %j as %j', (text, encoded) => {
    const value = Uint8Array.from(text, (character) => character.charCodeAt(0));
    expect(toBase64(value)).toBe(encoded);
    expect(toBase64Url(value)).toBe(encoded.replace(/=+$/, '').replace('+', '-').replace('/', '_'));
  });

  it.each(['Zg', 'Zg=', 'Zh==', 'Zm9=', 'Zm8 ', 'Zm 8', 'Zm8=\n', '-_8=', '====', 'Z===', '=Zg=', 'Zg==Zg=='])(
    'refuses %j as base64',
    (text) => {
      expect(() => fromBase64(text)).toThrow(refused('BASE64_INVALID'));
    },
  );

  it.each(['Zg==', 'Z', 'Zh', 'Zm9', '+/8', 'Zm8\n', 'Zm 8', 'Zm8='])('refuses %j as base64url', (text) => {
    expect(() => fromBase64Url(text)).toThrow(refused('BASE64_INVALID'));
  });
});
