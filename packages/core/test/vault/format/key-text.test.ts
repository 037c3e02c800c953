import { describe, expect, it } from 'vitest';
import { toHex } from '../../../src/encoding/hex.ts';
import { fromBech32m, toBech32m } from '../../../src/vault/format/bech32m.ts';
import { formatKey, parseKey } from '../../../src/vault/format/key-text.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';
import { crypto, key } from './sealed-record.ts';

const ALPHABET = 'qpzry9x8gf2tvdw0s3jn54khce6mua7l';
const text = formatKey(key);

describe("a record's key as text", () => {
  it('is 64 characters, and read back', () => {
    expect(text).toMatch(/^chkey1[02-9ac-hj-np-z]{58}$/);
    for (let count = 0; count < 200; count++) {
      const random = crypto.randomBytes(32);
      expect(toHex(parseKey(formatKey(random)))).toBe(toHex(random));
    }
    expect(toHex(parseKey(formatKey(new Uint8Array(32))))).toBe('00'.repeat(32));
    expect(toHex(parseKey(formatKey(new Uint8Array(32).fill(255))))).toBe('ff'.repeat(32));
  });

  it('may be written in upper case, and have white space around it', () => {
    expect(toHex(parseKey(text.toUpperCase()))).toBe(toHex(key));
    expect(toHex(parseKey(` \n${text}\r\n`))).toBe(toHex(key));
  });

  it('is refused with any one character wrong, left out, repeated or exchanged with its neighbor', async () => {
    const wrong = new Set<string>();
    for (let at = 0; at < text.length; at++) {
      for (const letter of `${ALPHABET}1bio-`) wrong.add(text.slice(0, at) + letter + text.slice(at + 1));
      wrong.add(text.slice(0, at) + text.slice(at + 1));
      wrong.add(text.slice(0, at) + text[at] + text.slice(at));
      wrong.add(text.slice(0, at) + (text[at + 1] ?? '') + text[at] + text.slice(at + 2));
    }
    wrong.delete(text);
    expect(wrong.size).toBeGreaterThan(2_000);
    for (const one of wrong) expect(await codeOf(() => parseKey(one))).toBe('VAULT_KEY_INVALID');
  });

  it('is refused with any four characters wrong', async () => {
    const letters = [...text];
    for (let count = 0; count < 2_000; count++) {
      const changed = [...letters];
      const draws = crypto.randomBytes(8);
      for (let error = 0; error < 4; error++) {
        changed[6 + ((draws[error] as number) % 58)] = ALPHABET[(draws[4 + error] as number) % 32] as string;
      }
      if (changed.join('') === text) continue;
      expect(await codeOf(() => parseKey(changed.join('')))).toBe('VAULT_KEY_INVALID');
    }
  });

  it.each([
    ['chkey', /does not begin with chkey1/],
    ['', /does not begin/],
    [toHex(key), /does not begin/],
    [`age${text}`, /does not begin/],
    [text.slice(0, -1), /63 characters, not 64/],
    [`${text}q`, /65 characters, not 64/],
    [`${text.slice(0, 20)}b${text.slice(21)}`, /character 21 /],
    [`${text.slice(0, 20)} ${text.slice(21)}`, /character 21 /],
    [text.slice(0, 20) + text.slice(20).toUpperCase(), /mixes upper and lower case/],
    [text.slice(0, -1) + (text.endsWith('q') ? 'p' : 'q'), /checksum/],
    [undefined, /undefined, not a string/],
    [7, /number, not a string/],
    [key, /object, not a string/],
  ])('says what is wrong, and tells nothing of the key: %#', async (wrong, message) => {
    const error = await rejection(() => parseKey(wrong as string));
    expect(error.code).toBe('VAULT_KEY_INVALID');
    expect(error.message).toMatch(message);
    const told = `${error.message} ${JSON.stringify(error)} ${error.stack}`.toLowerCase();
    for (let at = 6; at + 5 <= text.length; at++) expect(told).not.toContain(text.slice(at, at + 5));
  });

  it('is refused when its last characters could be written in another way', async () => {
    // 256 bits leave four over in the last of 52 characters, and only zeros may be there.
    const spare = toBech32m('chkey', Uint8Array.of(...key, 0xf0)).slice(0, 6 + 52);
    const checksums = new Set<string>();
    for (let count = 0; count < 50; count++) checksums.add(await codeOf(() => parseKey(`${spare}qqqqqq`)));
    expect([...checksums]).toEqual(['VAULT_KEY_INVALID']);
  });

  it.each([0, 31, 33])('is not made of %i bytes', async (length) => {
    expect(await codeOf(() => formatKey(new Uint8Array(length)))).toBe('INVALID_ARGUMENT');
  });
});

describe('Bech32m', () => {
  // Strings from BIP 350, "Test vectors for Bech32m".
  it.each([
    ['A1LQFN3A', 'a', 0],
    ['a1lqfn3a', 'a', 0],
    ['abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx', 'abcdef', 20],
    [
      'an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6',
      'an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber1',
      0,
    ],
  ])('reads %s', (vector, prefix, length) => {
    const bytes = fromBech32m(prefix, length, vector);
    expect(bytes).toBeInstanceOf(Uint8Array);
    expect(toBech32m(prefix, bytes as Uint8Array)).toBe(vector.toLowerCase());
  });

  it.each([
    ['M1VUXWEZ', 'm', 0],
    ['a1lqfn3q', 'a', 0],
    // Bech32 of BIP 173, which has another constant.
    ['a12uel5l', 'a', 0],
  ])('refuses %s', (vector, prefix, length) => {
    expect(fromBech32m(prefix, length, vector)).toEqual({ fault: 'checksum' });
  });
});
