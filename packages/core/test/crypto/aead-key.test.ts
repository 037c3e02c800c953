import { createDecipheriv, webcrypto } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import { createWebCryptoProvider } from '../../src/crypto/webcrypto-provider.ts';
import { toHex } from '../../src/encoding/hex.ts';
import type { CryptoProvider } from '../../src/ports/crypto.ts';
import { codeOf } from '../support/expect-error.ts';

const providers: readonly [string, CryptoProvider][] = [
  ['node', nodeCrypto()],
  ['@peculiar/webcrypto', await createWebCryptoProvider()],
  ["Node's webcrypto", await createWebCryptoProvider({ webcrypto: webcrypto as never })],
];
const bytes = (length: number, first: number) => Uint8Array.from({ length }, (_, at) => first + at);

describe.each(providers)('an AeadKey of %s', (_, crypto) => {
  const key = bytes(32, 1);
  const nonce = bytes(12, 50);

  it.each([0, 1, 16_384])('seals %i bytes as aeadSeal does without AAD, into the place given', async (length) => {
    const plaintext = bytes(length, 3);
    const buffer = new Uint8Array(length + 16 + 7).fill(0xaa);
    await (await crypto.aeadKey(key)).seal(nonce, plaintext, buffer.subarray(3, 3 + length + 16));
    const expected = await crypto.aeadSeal(key, nonce, new Uint8Array(), plaintext);
    expect(toHex(buffer)).toBe(`aaaaaa${toHex(expected)}aaaaaaaa`);
    const decipher = createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 });
    decipher.setAuthTag(buffer.subarray(3 + length, 3 + length + 16));
    expect(toHex(decipher.update(buffer.subarray(3, 3 + length)))).toBe(toHex(plaintext));
    decipher.final();

    const opened = new Uint8Array(length + 2).fill(0xaa);
    await (await crypto.aeadKey(key)).open(nonce, expected, opened.subarray(1, 1 + length));
    expect(toHex(opened)).toBe(`aa${toHex(plaintext)}aa`);
  });

  it('outlives the bytes that it was made of', async () => {
    const given = key.slice();
    const imported = await crypto.aeadKey(given);
    given.fill(0);
    const sealed = new Uint8Array(20);
    await imported.seal(nonce, bytes(4, 9), sealed);
    const expected = await crypto.aeadSeal(key, nonce, new Uint8Array(), bytes(4, 9));
    expect(toHex(sealed)).toBe(toHex(expected));
  });

  it.each([
    ['text', 'x'.repeat(32)],
    ['a list', new Array(32).fill(7)],
    ['what only has a length', { length: 32 }],
    ['wider numbers', new Uint16Array(32)],
    ['nothing', undefined],
  ])('is made of bytes, and not of %s', async (_unused, given) => {
    const key32 = given as never;
    expect(await codeOf(() => crypto.aeadKey(key32))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => crypto.aeadSeal(key32, nonce, new Uint8Array(), bytes(4, 9)))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => crypto.aeadOpen(key32, nonce, new Uint8Array(), bytes(20, 9)))).toBe('INVALID_ARGUMENT');
  });

  it('is its own, however many others are made', async () => {
    const keys = Array.from({ length: 200 }, (_unused, at) => bytes(32, at));
    const imported = await Promise.all(keys.map((each) => crypto.aeadKey(each)));
    for (const [at, each] of keys.entries()) {
      const sealed = new Uint8Array(20);
      await imported[at]?.seal(nonce, bytes(4, at), sealed);
      expect(toHex(sealed)).toBe(toHex(await crypto.aeadSeal(each, nonce, new Uint8Array(), bytes(4, at))));
    }
  });

  it('opens nothing that was changed, and leaves the output as it was', async () => {
    const imported = await crypto.aeadKey(key);
    const sealed = new Uint8Array(21);
    await imported.seal(nonce, bytes(5, 9), sealed);
    for (let at = 0; at < sealed.length; at++) {
      const changed = sealed.slice();
      changed[at] = (changed[at] as number) ^ 1;
      const output = new Uint8Array(5).fill(0xaa);
      expect(await codeOf(async () => imported.open(nonce, changed, output))).toBe('SEAL_OPEN_FAILED');
      expect(toHex(output)).toBe('aaaaaaaaaa');
    }
    expect(await codeOf(async () => imported.open(nonce, sealed.subarray(0, 15), new Uint8Array()))).toBe(
      'SEAL_OPEN_FAILED',
    );
    expect(await codeOf(async () => imported.open(bytes(12, 51), sealed, new Uint8Array(5)))).toBe('SEAL_OPEN_FAILED');
  });

  it('refuses keys, nonces and outputs of another length', async () => {
    const imported = await crypto.aeadKey(key);
    const sealed = new Uint8Array(20);
    await imported.seal(nonce, bytes(4, 9), sealed);
    const wrong: (() => unknown)[] = [
      () => crypto.aeadKey(key.subarray(1)),
      () => crypto.aeadKey(new Uint8Array(33)),
      () => imported.seal(bytes(13, 0), bytes(4, 9), new Uint8Array(20)),
      () => imported.seal(nonce, bytes(4, 9), new Uint8Array(19)),
      () => imported.seal(nonce, bytes(4, 9), new Uint8Array(21)),
      () => imported.open(bytes(11, 0), sealed, new Uint8Array(4)),
      () => imported.open(nonce, sealed, new Uint8Array(3)),
      () => imported.open(nonce, sealed, new Uint8Array(5)),
    ];
    for (const use of wrong) expect(await codeOf(async () => use())).toBe('INVALID_ARGUMENT');
  });
});
