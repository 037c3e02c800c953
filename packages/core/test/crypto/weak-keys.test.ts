import { createPublicKey, generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { integerSqrt, isPerfectSquare, primesUpTo } from '../../src/crypto/primes.ts';
import { parseSpki } from '../../src/crypto/spki.ts';
import { findWeakness, type KeyWeakness } from '../../src/crypto/weak-keys.ts';

const base64Url = (value: bigint): string => {
  const hex = value.toString(16);
  return Buffer.from(hex.length % 2 ? `0${hex}` : hex, 'hex').toString('base64url');
};
function weaknessOf(modulus: bigint, exponent = 65537n): KeyWeakness | undefined {
  const key = createPublicKey({ format: 'jwk', key: { kty: 'RSA', n: base64Url(modulus), e: base64Url(exponent) } });
  const spki = Uint8Array.from(key.export({ format: 'der', type: 'spki' }));
  return findWeakness(parseSpki(spki).kind, spki);
}
function modulusOf(bits: number): bigint {
  const { n } = generateKeyPairSync('rsa', { modulusLength: bits }).publicKey.export({ format: 'jwk' });
  return BigInt(`0x${Buffer.from(n as string, 'base64url').toString('hex')}`);
}
const sound = modulusOf(2048);

// Deterministic numbers of a size, without a factor below 1,000: a linear congruential generator, then the next that fits.
const smallProduct = primesUpTo(1000).reduce((product, prime) => product * BigInt(prime), 1n);
function gcd(a: bigint, b: bigint): bigint {
  return b === 0n ? a : gcd(b, a % b);
}
function roughNumber(bits: number, seed: bigint): bigint {
  let state = seed;
  let value = 1n;
  while (value < 2n ** BigInt(bits)) {
    state = (state * 6364136223846793005n + 1442695040888963407n) % 2n ** 64n;
    value = (value << 32n) | (state >> 32n);
  }
  value = (value % 2n ** BigInt(bits - 1)) | (1n << BigInt(bits - 1)) | 1n;
  while (gcd(value, smallProduct) !== 1n) value += 2n;
  return value;
}

describe('findWeakness', () => {
  it('finds none in sound keys', () => {
    for (const bits of [2048, 3072]) expect(weaknessOf(modulusOf(bits))).toBeUndefined();
    expect(weaknessOf(sound, 2n ** 256n - 1n)).toBeUndefined();
    for (const type of ['P-256', 'P-384']) {
      const spki = generateKeyPairSync('ec', { namedCurve: type }).publicKey.export({ format: 'der', type: 'spki' });
      expect(findWeakness(parseSpki(spki).kind, spki)).toBeUndefined();
    }
  });

  it.each([
    [1024, 'key.rsa.too-small'],
    [2047, 'key.rsa.too-small'],
    [8193, 'key.rsa.too-large'],
  ])('names the size of a modulus of %d bits', (bits, rule) => {
    const weakness = weaknessOf((1n << BigInt(bits - 1)) + 1n);
    expect(weakness).toMatchObject({ rule, value: `RSA-${bits}` });
    expect(weakness?.message).toContain(String(bits));
  });

  it.each([
    [1n, '1'],
    [3n, '3'],
    [17n, '17'],
    [65535n, '65535'],
    [65538n, '65538'],
    [2n ** 256n + 1n, 'of 257 bits'],
  ])('refuses the exponent %d', (exponent, value) => {
    expect(weaknessOf(sound, exponent)).toMatchObject({ rule: 'key.rsa.exponent', value });
  });

  it.each([2, 3, 11, 101, 701])('finds the factor %d', (factor) => {
    const cofactor = roughNumber(2050, 7n);
    expect(weaknessOf(cofactor * BigInt(factor))).toMatchObject({
      rule: 'key.rsa.small-factor',
      value: String(factor),
    });
  });

  it('finds the fingerprint of ROCA: a power of 65537 modulo the product of the first 126 primes', () => {
    const product = primesUpTo(701).reduce((total, prime) => total * BigInt(prime), 1n);
    let power = 1n;
    for (let step = 0; step < 12_345; step++) power = (power * 65537n) % product;
    const modulus = (2n ** 2048n / product - 1_000_003n) * product + power;
    expect(modulus.toString(2)).toHaveLength(2048);
    expect(weaknessOf(modulus)).toMatchObject({ rule: 'key.rsa.roca', value: 'RSA-2048' });
    expect(weaknessOf(modulus - 2n)?.rule).not.toBe('key.rsa.roca');
  });

  it('knows the primes of the published ROCA test as those where 65537 does not generate everything', () => {
    const proper = primesUpTo(167).filter((prime) => {
      const powers = new Set<number>();
      for (let power = 1 % prime; !powers.has(power); power = (power * 65537) % prime) powers.add(power);
      return powers.size < prime - 1;
    });
    expect(proper).toEqual(
      expect.arrayContaining([11, 13, 17, 19, 37, 53, 61, 71, 73, 79, 97, 103, 107, 109, 127, 151, 157]),
    );
  });

  it('finds primes that Fermat finds within 100 rounds, and not much further ones', () => {
    const p = roughNumber(1030, 42n);
    let near = p + 2n;
    while (gcd(near, smallProduct) !== 1n) near += 2n;
    expect(weaknessOf(p * near)).toMatchObject({ rule: 'key.rsa.fermat', value: 'RSA-2059' });
    expect(weaknessOf(p * p)).toMatchObject({ rule: 'key.rsa.fermat' });
    let far = p + 2n ** 600n;
    while (gcd(far, smallProduct) !== 1n) far += 2n;
    expect(weaknessOf(p * far)).toBeUndefined();
  });

  it('takes milliseconds for the largest modulus', () => {
    const modulus = roughNumber(4096, 1n) * roughNumber(4096, 2n);
    expect(modulus.toString(2).length).toBeGreaterThan(8190);
    const started = process.cpuUsage();
    expect(weaknessOf(modulus)).toBeUndefined();
    const { user } = process.cpuUsage(started);
    expect(user / 1000).toBeLessThan(200);
  });
});

describe('integerSqrt', () => {
  it('is exact beside squares of every size', () => {
    for (let bits = 1; bits <= 1100; bits += bits < 130 ? 1 : 37) {
      const root = bits < 8 ? BigInt(bits) : roughNumber(bits, BigInt(bits));
      for (const [value, expected] of [
        [root * root, root],
        [root * root - 1n, root - 1n],
        [root * root + 2n * root, root],
      ] as const) {
        expect(integerSqrt(value)).toBe(expected);
      }
      expect(isPerfectSquare(root * root)).toBe(true);
      expect(isPerfectSquare(root * root + 1n)).toBe(false);
    }
    expect(integerSqrt(0n)).toBe(0n);
    expect(isPerfectSquare(0n)).toBe(true);
  });
});

describe('Ed25519', () => {
  const ED25519_SPKI = '302a300506032b6570032100';
  const spkiOf = (point: string) => Uint8Array.from(Buffer.from(`${ED25519_SPKI}${point}`, 'hex'));
  const ruleOf = (spki: Uint8Array) => findWeakness({ type: 'Ed25519' }, spki)?.rule;
  const IDENTITY = `01${'00'.repeat(31)}`;

  it.each([
    ['1', IDENTITY],
    ['2', `ec${'ff'.repeat(30)}7f`],
    ['4', '00'.repeat(32)],
    ['4, the other sign', `${'00'.repeat(31)}80`],
    ['8', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05'],
    ['8, the other sign', '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85'],
    ['8, the negative', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a'],
    ['8, the negative, the other sign', 'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa'],
  ])('refuses a key of order %s, for which one signature fits many messages', (_, point) => {
    // OpenSSL 3.0 verifies an all-zero signature by such a key for one message in eight; later ones do not.
    expect(ruleOf(spkiOf(point))).toBe('key.ed25519.small-order');
  });

  it.each([
    ['y without an x', `02${'00'.repeat(31)}`],
    ['y that is not reduced', `ee${'ff'.repeat(30)}7f`],
    ['ones', 'ff'.repeat(32)],
  ])('refuses %s', (_, point) => {
    expect(ruleOf(spkiOf(point))).toBe('key.ed25519.off-curve');
  });

  it('takes every key that is one', () => {
    for (let round = 0; round < 64; round++) {
      const { publicKey } = generateKeyPairSync('ed25519');
      expect(ruleOf(Uint8Array.from(publicKey.export({ format: 'der', type: 'spki' })))).toBeUndefined();
    }
  });
});
