import { describe, expect, it } from 'vitest';
import { toBase32 } from '../../../src/accounts/second-factor/base32.ts';
import { otpauthUri, stepOfCode, totpCode, totpStep } from '../../../src/accounts/second-factor/totp.ts';
import { nodeCrypto } from '../../../src/crypto/node-provider.ts';
import { utf8 } from '../../../src/encoding/bytes.ts';

const crypto = nodeCrypto();
const secret = utf8('12345678901234567890');

describe('TOTP', () => {
  // RFC 6238 appendix B, the SHA-1 column, of whose eight digits the last six.
  it.each([
    [59, '287082'],
    [1_111_111_109, '081804'],
    [1_111_111_111, '050471'],
    [1_234_567_890, '005924'],
    [2_000_000_000, '279037'],
    [20_000_000_000, '353130'],
  ])('at second %i is %s', async (second, code) => {
    expect(await totpCode(crypto, secret, totpStep(second * 1000))).toBe(code);
  });

  it('is taken one step early and one late, no more', async () => {
    const now = 1_234_567_890_000;
    const present = totpStep(now);
    for (const [offset, taken] of [
      [-2, false],
      [-1, true],
      [0, true],
      [1, true],
      [2, false],
    ] as const) {
      const code = await totpCode(crypto, secret, present + offset);
      expect(await stepOfCode(crypto, secret, code, now)).toBe(taken ? present + offset : undefined);
    }
    expect(await stepOfCode(crypto, secret, '', now)).toBeUndefined();
    expect(await stepOfCode(crypto, secret, '00592', now)).toBeUndefined();
  });
});

describe('base32', () => {
  // RFC 4648 section 10, without padding.
  it.each([
    ['', ''],
    ['f', 'MY'],
    ['fo', 'MZXQ'],
    ['foo', 'MZXW6'],
    ['foob', 'MZXW6YQ'],
    ['fooba', 'MZXW6YTB'],
    ['foobar', 'MZXW6YTBOI'],
  ])('%j is %j', (text, encoded) => expect(toBase32(utf8(text))).toBe(encoded));
});

it('the address for an app escapes what it holds', () => {
  const uri = new URL(otpauthUri(secret, 'Ex&mple: One', 'ann@example.com'));
  expect(decodeURIComponent(uri.pathname)).toContain('Ex&mple: One:ann@example.com');
  expect(uri.searchParams.get('issuer')).toBe('Ex&mple: One');
  expect(uri.searchParams.get('secret')).toBe('GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ');
});
