import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import { createWebCryptoProvider } from '../../src/crypto/webcrypto-provider.ts';
import { fromHex, toHex } from '../../src/encoding/hex.ts';
import { codeOf } from '../support/expect-error.ts';

const IV = fromHex('000102030405060708090a0b0c0d0e0f');
const PLAIN = fromHex('6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51');
/** NIST SP 800-38A sections F.2.1, F.2.3 and F.2.5: the first two blocks. */
const VECTORS = [
  ['2b7e151628aed2a6abf7158809cf4f3c', '7649abac8119b246cee98e9b12e9197d5086cb9b507219ee95db113a917678b2'],
  [
    '8e73b0f7da0e6452c810f32b809079e562f8ead2522c6b7b',
    '4f021db243bc633d7178183a9fa071e8b4d9ada9ad7dedf4e5e738763f69145a',
  ],
  [
    '603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4',
    'f58c4c04d6e5f1ba779eabfb5f7bfbd69cfc4e967edb808d679f777bc6702c7d',
  ],
] as const;

describe.each([
  ['node', nodeCrypto()],
  ['webcrypto', await createWebCryptoProvider()],
] as const)('AES-CBC of the provider %s', (_, crypto) => {
  it.each(VECTORS)('with the key %s is that of NIST, and back', async (key, expected) => {
    const ciphertext = await crypto.aesCbcEncrypt(fromHex(key), IV, PLAIN);
    expect(ciphertext).toHaveLength(48);
    expect(toHex(ciphertext.subarray(0, 32))).toBe(expected);
    expect(await crypto.aesCbcDecrypt(fromHex(key), IV, ciphertext)).toEqual(PLAIN);
  });

  it('refuses what is not padded, and sizes that AES does not know', async () => {
    const key = new Uint8Array(32);
    expect(await codeOf(async () => crypto.aesCbcDecrypt(key, IV, new Uint8Array(15)))).toBe('SEAL_OPEN_FAILED');
    expect(await codeOf(async () => crypto.aesCbcDecrypt(key, IV, new Uint8Array(0)))).toBe('SEAL_OPEN_FAILED');
    expect(await codeOf(async () => crypto.aesCbcDecrypt(key, IV, fromHex('00'.repeat(32))))).toBe('SEAL_OPEN_FAILED');
    expect(await codeOf(async () => crypto.aesCbcEncrypt(new Uint8Array(20), IV, PLAIN))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(async () => crypto.aesCbcEncrypt(key, IV.subarray(1), PLAIN))).toBe('INVALID_ARGUMENT');
  });
});
