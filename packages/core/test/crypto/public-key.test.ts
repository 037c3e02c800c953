import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import { parseSpki } from '../../src/crypto/spki.ts';
import { createWebCryptoProvider } from '../../src/crypto/webcrypto-provider.ts';
import { concatBytes } from '../../src/encoding/bytes.ts';
import { derInteger, derNull, derOid, derSequence, derTagged } from '../../src/encoding/der/writer.ts';
import { fromHex } from '../../src/encoding/hex.ts';
import type { CryptoProvider } from '../../src/ports/crypto.ts';

const providers: readonly [string, CryptoProvider][] = [
  ['node', nodeCrypto()],
  ['webcrypto', await createWebCryptoProvider()],
];
const spkiOf = (type: string, options: object): Uint8Array =>
  Uint8Array.from(
    generateKeyPairSync(type as 'ec', { ...options, publicKeyEncoding: { format: 'der', type: 'spki' } } as never)
      .publicKey as unknown as Buffer,
  );
const rsaSpki = (modulus: Uint8Array, exponent: Uint8Array, parameters = derNull()): Uint8Array => {
  const key = derSequence(derTagged(0x02, modulus), derTagged(0x02, exponent));
  return derSequence(
    derSequence(derOid('1.2.840.113549.1.1.1'), parameters),
    derTagged(0x03, concatBytes([Uint8Array.of(0), key])),
  );
};
const flipLast = (bytes: Uint8Array): Uint8Array => {
  const flipped = Uint8Array.from(bytes);
  flipped[flipped.length - 1]! ^= 1;
  return flipped;
};
const p256 = spkiOf('ec', { namedCurve: 'P-256' });
const p384 = spkiOf('ec', { namedCurve: 'P-384' });
const ed25519 = spkiOf('ed25519', {});
const rsa = spkiOf('rsa', { modulusLength: 2048 });
const modulus = Uint8Array.of(0, 0xc1, ...new Uint8Array(255).fill(0x5b));
const exponent = Uint8Array.of(1, 0, 1);

// x = 5 has no point on P-256, so neither can its compression be opened; the order of the encoding is what counts here.
const compressed = derSequence(
  derSequence(derOid('1.2.840.10045.2.1'), derOid('1.2.840.10045.3.1.7')),
  derTagged(0x03, Uint8Array.of(0, 2, ...p256.subarray(27, 59))),
);

const invalid: readonly [string, Uint8Array][] = [
  ['nothing', new Uint8Array()],
  ['text', new TextEncoder().encode('-----BEGIN PUBLIC KEY-----')],
  ['a truncated key', p256.subarray(0, -1)],
  ['a key and a byte', Uint8Array.of(...p256, 0)],
  ['an off-curve P-256 point', flipLast(p256)],
  ['an off-curve P-384 point', flipLast(p384)],
  [
    'a P-256 coordinate past the field',
    Uint8Array.of(...p256.subarray(0, 27), ...new Uint8Array(32).fill(0xff), ...p256.subarray(59)),
  ],
  ['the P-256 point (0, 0)', Uint8Array.of(...p256.subarray(0, 27), ...new Uint8Array(64))],
  ['a hybrid point', Uint8Array.of(...p256.subarray(0, 26), 6, ...p256.subarray(27))],
  [
    'a P-384 point on P-256',
    derSequence(
      derSequence(derOid('1.2.840.10045.2.1'), derOid('1.2.840.10045.3.1.7')),
      derTagged(0x03, Uint8Array.of(0, ...p384.subarray(-97))),
    ),
  ],
  ['a BIT STRING with unused bits', Uint8Array.of(...p256.subarray(0, 25), 1, ...p256.subarray(26))],
  ['an indefinite length', Uint8Array.of(0x30, 0x80, ...p256.subarray(2), 0, 0)],
  ['a length in long form', Uint8Array.of(0x30, 0x81, p256[1]!, ...p256.subarray(2))],
  ['a short Ed25519 key', fromHex(`302906032b6570032200${'11'.repeat(33)}`)],
  [
    'Ed25519 with parameters',
    derSequence(derSequence(derOid('1.3.101.112'), derNull()), derTagged(0x03, new Uint8Array(33))),
  ],
  ['RSA without its NULL', rsaSpki(modulus, exponent, new Uint8Array())],
  ['a negative RSA modulus', rsaSpki(modulus.subarray(1), exponent)],
  ['an RSA modulus with a leading zero', rsaSpki(Uint8Array.of(0, ...modulus), exponent)],
  ['an RSA modulus of zero', rsaSpki(Uint8Array.of(0), exponent)],
  ['an RSA exponent of zero', rsaSpki(modulus, Uint8Array.of(0))],
  ['an RSA exponent above the modulus', rsaSpki(modulus, Uint8Array.of(1, ...modulus))],
];

const p521 = spkiOf('ec', { namedCurve: 'P-521' });

const unsupported: readonly [string, Uint8Array][] = [
  ['secp256k1', spkiOf('ec', { namedCurve: 'secp256k1' })],
  ['a spelled-out curve', spkiOf('ec', { namedCurve: 'P-256', paramEncoding: 'explicit' })],
  ['a compressed point', compressed],
  ['X25519', spkiOf('x25519', {})],
  ['id-RSASSA-PSS', spkiOf('rsa-pss', { modulusLength: 2048 })],
  ['RSA past 16,384 bits', rsaSpki(Uint8Array.of(1, ...new Uint8Array(2048)), exponent)],
];

describe.each(providers)('importing a public key by %s', (_, crypto) => {
  it.each([
    ['P-256', p256, { type: 'EC', curve: 'P-256' }],
    ['P-384', p384, { type: 'EC', curve: 'P-384' }],
    ['P-521', p521, { type: 'EC', curve: 'P-521' }],
    ['Ed25519', ed25519, { type: 'Ed25519' }],
    ['RSA', rsa, { type: 'RSA', modulusBits: 2048, publicExponent: 65537n }],
    [
      'RSA with exponent 3',
      spkiOf('rsa', { modulusLength: 1024, publicExponent: 3 }),
      { type: 'RSA', modulusBits: 1024, publicExponent: 3n },
    ],
  ])('takes %s', async (__, spki, kind) => {
    const key = await crypto.importPublicKey(spki);
    expect(key.kind).toEqual(kind);
    expect(key.spki).toEqual(spki);
  });

  it('keeps a copy of its own', async () => {
    const given = Uint8Array.from(p256);
    const key = await crypto.importPublicKey(given);
    given.fill(0);
    expect(key.spki).toEqual(p256);
    expect(Object.isFrozen(key)).toBe(true);
  });

  it.each(invalid)('refuses %s as invalid', async (__, spki) => {
    await expect((async () => crypto.importPublicKey(spki))()).rejects.toMatchObject({
      name: 'InvalidInputError',
      code: 'KEY_INVALID',
    });
  });

  it.each(unsupported)('refuses %s as unsupported', async (__, spki) => {
    await expect((async () => crypto.importPublicKey(spki))()).rejects.toMatchObject({
      name: 'InvalidInputError',
      code: 'KEY_UNSUPPORTED',
    });
  });
});

describe('a P-256 point with a small x', () => {
  // The first point whose x leaves room for the field's size in 32 bytes: y is a root of x³ - 3x + b.
  const p = 2n ** 256n - 2n ** 224n + 2n ** 192n + 2n ** 96n - 1n;
  const b = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
  const power = (base: bigint, exponent: bigint): bigint => {
    if (exponent === 0n) return 1n;
    const half = power((base * base) % p, exponent >> 1n);
    return exponent & 1n ? (half * base) % p : half;
  };
  let x = 1n;
  let y = 0n;
  for (; ; x++) {
    const square = (((x * x * x - 3n * x + b) % p) + p) % p;
    y = power(square, (p + 1n) / 4n);
    if ((y * y) % p === square) break;
  }
  const spki = (px: bigint, py: bigint): Uint8Array =>
    Uint8Array.of(
      ...p256.subarray(0, 27),
      ...fromHex(px.toString(16).padStart(64, '0')),
      ...fromHex(py.toString(16).padStart(64, '0')),
    );

  it.each(providers)('is taken by %s, and refused with x unreduced', async (_, crypto) => {
    expect((await crypto.importPublicKey(spki(x, y))).kind).toEqual({ type: 'EC', curve: 'P-256' });
    expect((await crypto.importPublicKey(spki(x, p - y))).kind).toEqual({ type: 'EC', curve: 'P-256' });
    await expect((async () => crypto.importPublicKey(spki(x + p, y)))()).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });
});

describe('parseSpki', () => {
  it.each([1024, 1030, 2047, 2048])('counts the bits of an RSA modulus of %d', (bits) => {
    const bytes = new Uint8Array(Math.floor(bits / 8) + 1);
    bytes[bytes.length - 1 - Math.floor((bits - 1) / 8)] = 1 << ((bits - 1) % 8);
    const magnitude = bytes.subarray(bytes.findIndex((byte) => byte !== 0));
    const spki = derSequence(
      derSequence(derOid('1.2.840.113549.1.1.1'), derNull()),
      derTagged(0x03, concatBytes([Uint8Array.of(0), derSequence(derInteger(magnitude), derInteger(65537))])),
    );
    expect(parseSpki(spki).kind).toEqual({ type: 'RSA', modulusBits: bits, publicExponent: 65537n });
  });
});
