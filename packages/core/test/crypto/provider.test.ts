import { hkdfSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  KEY_ALGORITHMS,
  keyAlgorithmName,
  SIGNATURE_SCHEMES,
  signatureAlgorithmFor,
} from '../../src/crypto/algorithms.ts';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import { createWebCryptoProvider } from '../../src/crypto/webcrypto-provider.ts';
import { utf8 } from '../../src/encoding/bytes.ts';
import { fromHex, toHex } from '../../src/encoding/hex.ts';
import type { CryptoProvider, KeyAlgorithm, PrivateKey, SignatureAlgorithm } from '../../src/ports/crypto.ts';
import { expectRefused, HOSTILE_VALUES } from '../support/hostile-values.ts';

const providers: readonly [string, CryptoProvider][] = [
  ['node', nodeCrypto()],
  ['webcrypto', await createWebCryptoProvider()],
];

// RSA keys take long to make: one of each size, from OpenSSL, serves both providers.
const made = new Map<KeyAlgorithm, Promise<Uint8Array>>();
function pkcs8Of(algorithm: KeyAlgorithm): Promise<Uint8Array> {
  const make = async () => nodeCrypto().exportPrivateKey(await nodeCrypto().generateKey(algorithm));
  const pkcs8 = made.get(algorithm) ?? make();
  made.set(algorithm, pkcs8);
  return pkcs8;
}
const keyFor = async (crypto: CryptoProvider, algorithm: KeyAlgorithm): Promise<PrivateKey> =>
  crypto.importPrivateKey(await pkcs8Of(algorithm));

const generated: readonly KeyAlgorithm[] = ['ECDSA-P256', 'ECDSA-P384', 'RSA-2048', 'Ed25519'];
const uses: readonly [KeyAlgorithm, SignatureAlgorithm][] = generated.flatMap((key) =>
  (Object.keys(SIGNATURE_SCHEMES) as SignatureAlgorithm[])
    .filter((algorithm) =>
      key.startsWith(SIGNATURE_SCHEMES[algorithm].keyType === 'EC' ? 'ECDSA' : SIGNATURE_SCHEMES[algorithm].keyType),
    )
    .map((algorithm): [KeyAlgorithm, SignatureAlgorithm] => [key, algorithm]),
);
const message = utf8('what is signed');

describe.each(providers)('CryptoProvider %s', (name, crypto) => {
  it('says its name', () => {
    expect(crypto.name).toBe(name);
  });

  it('gives random bytes of any length, also past the quota of getRandomValues', () => {
    expect(crypto.randomBytes(0)).toHaveLength(0);
    const long = crypto.randomBytes(70_000);
    expect(long).toHaveLength(70_000);
    expect(long.subarray(66_000).some((byte) => byte !== 0)).toBe(true);
    expect(toHex(crypto.randomBytes(32))).not.toBe(toHex(crypto.randomBytes(32)));
  });

  it.each([
    ['SHA-1', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
    ['SHA-256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
    ['SHA-384', 'cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7'],
    [
      'SHA-512',
      'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
    ],
  ] as const)('digests by %s (FIPS 180-4)', async (algorithm, expected) => {
    expect(toHex(await crypto.digest(algorithm, utf8('abc')))).toBe(expected);
  });

  it.each(HOSTILE_VALUES)('refuses %s as an algorithm', async (_unused, value) => {
    const bad = value as never;
    await expectRefused(async () => crypto.digest(bad, utf8('abc')));
    await expectRefused(async () => crypto.generateKey(bad));
  });

  it('authenticates by HMAC (RFC 4231 case 2)', async () => {
    const [key, data] = [utf8('Jefe'), utf8('what do ya want for nothing?')];
    expect(toHex(await crypto.hmac('SHA-256', key, data))).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
    expect(toHex(await crypto.hmac('SHA-512', key, data))).toMatch(
      /^164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea2505549758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737$/,
    );
  });

  it('derives by HKDF (RFC 5869 case 1)', async () => {
    const derived = await crypto.hkdf(
      'SHA-256',
      new Uint8Array(22).fill(0x0b),
      fromHex('000102030405060708090a0b0c'),
      fromHex('f0f1f2f3f4f5f6f7f8f9'),
      42,
    );
    expect(toHex(derived)).toBe('3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865');
  });

  it('derives by HKDF what node:crypto derives, of any length', async () => {
    const [key, salt, info] = [utf8('key'), utf8('salt'), utf8('info')];
    for (const algorithm of ['SHA-256', 'SHA-512'] as const) {
      const size = algorithm === 'SHA-256' ? 32 : 64;
      for (const length of [0, 1, size - 1, size, size + 1, 255 * size]) {
        // Some versions of OpenSSL refuse to derive nothing.
        const expected = length === 0 ? '' : toHex(new Uint8Array(hkdfSync(algorithm, key, salt, info, length)));
        expect(toHex(await crypto.hkdf(algorithm, key, salt, info, length))).toBe(expected);
      }
      const bare = toHex(new Uint8Array(hkdfSync(algorithm, key, new Uint8Array(), new Uint8Array(), 40)));
      expect(toHex(await crypto.hkdf(algorithm, key, new Uint8Array(), new Uint8Array(), 40))).toBe(bare);
      for (const length of [255 * size + 1, -1, 1.5]) {
        await expect((async () => crypto.hkdf(algorithm, key, salt, info, length))()).rejects.toMatchObject({
          code: 'INVALID_ARGUMENT',
        });
      }
    }
  });

  it('derives by scrypt (RFC 7914 section 12), and refuses a cost that is none', async () => {
    const cost = { cost: 1024, blockSize: 8, parallelization: 16 };
    const derived = await crypto.scrypt(utf8('password'), utf8('NaCl'), cost, 64);
    expect(toHex(derived)).toBe(
      'fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b3731622eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640',
    );
    await expect(
      (async () => crypto.scrypt(utf8('password'), utf8('NaCl'), { ...cost, cost: 1000 }, 64))(),
    ).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining('N=1000'),
    });
  });

  it('seals by AES-256-GCM (the GCM specification, case 16), and opens nothing that was changed', async () => {
    const key = fromHex('feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308');
    const nonce = fromHex('cafebabefacedbaddecaf888');
    const aad = fromHex('feedfacedeadbeeffeedfacedeadbeefabaddad2');
    const plaintext = fromHex(
      'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39',
    );
    const sealed = await crypto.aeadSeal(key, nonce, aad, plaintext);
    expect(toHex(sealed)).toBe(
      '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f66276fc6ece0f4e1768cddf8853bb2d551b',
    );
    expect(toHex(await crypto.aeadOpen(key, nonce, aad, sealed))).toBe(toHex(plaintext));
    const refused = { name: 'SealError', code: 'SEAL_OPEN_FAILED' };
    for (let at = 0; at < sealed.length; at++) {
      const changed = Uint8Array.from(sealed);
      changed[at]! ^= 0x01;
      await expect((async () => crypto.aeadOpen(key, nonce, aad, changed))()).rejects.toMatchObject(refused);
    }
    for (const short of [sealed.subarray(0, 15), sealed.subarray(0, -1), new Uint8Array()]) {
      await expect((async () => crypto.aeadOpen(key, nonce, aad, short))()).rejects.toMatchObject(refused);
    }
    await expect((async () => crypto.aeadOpen(key, nonce, aad.subarray(1), sealed))()).rejects.toMatchObject(refused);
  });

  it('seals nothing at all, and refuses keys and nonces of another length', async () => {
    const [key, nonce, none] = [new Uint8Array(32), new Uint8Array(12), new Uint8Array()];
    expect(await crypto.aeadOpen(key, nonce, none, await crypto.aeadSeal(key, nonce, none, none))).toHaveLength(0);
    const wrong = { code: 'INVALID_ARGUMENT' };
    await expect((async () => crypto.aeadSeal(new Uint8Array(16), nonce, none, none))()).rejects.toMatchObject(wrong);
    await expect((async () => crypto.aeadSeal(key, new Uint8Array(16), none, none))()).rejects.toMatchObject(wrong);
    await expect(
      (async () => crypto.aeadOpen(new Uint8Array(31), nonce, none, new Uint8Array(16)))(),
    ).rejects.toMatchObject(wrong);
  });

  it.each(generated)('generates %s keys that survive export and import', async (algorithm) => {
    const key = await crypto.generateKey(algorithm);
    expect(keyAlgorithmName(key.publicKey.kind)).toBe(algorithm);
    expect(KEY_ALGORITHMS).toContain(algorithm);
    const again = await crypto.importPrivateKey(await crypto.exportPrivateKey(key));
    expect(toHex(again.publicKey.spki)).toBe(toHex(key.publicKey.spki));
    const use = signatureAlgorithmFor(key.publicKey.kind);
    expect(
      await crypto.verify(
        await crypto.importPublicKey(key.publicKey.spki),
        use,
        message,
        await crypto.sign(again, use, message),
      ),
    ).toBe(true);
  });

  it.each(uses)('signs with %s by %s, and verifies nothing else', async (algorithm, use) => {
    const key = await keyFor(crypto, algorithm);
    const { publicKey } = key;
    const signature = await crypto.sign(key, use, message);
    expect(await crypto.verify(publicKey, use, message, signature)).toBe(true);
    expect(await crypto.verify(publicKey, use, utf8('what is singed'), signature)).toBe(false);
    const changed = Uint8Array.from(signature);
    changed[changed.length - 1]! ^= 0x01;
    const malformed = [
      changed,
      signature.subarray(0, -1),
      new Uint8Array(),
      new Uint8Array(64),
      Uint8Array.of(0x30),
      new Uint8Array(10_000),
    ];
    if (publicKey.kind.type === 'EC')
      malformed.push(Uint8Array.of(...signature, 0), fromHex('3006020100020100'), fromHex('300602010102017f'));
    for (const each of malformed) expect(await crypto.verify(publicKey, use, message, each)).toBe(false);
  });

  it('verifies Ed25519 (RFC 8032 section 7.1, test 2)', async () => {
    const key = await crypto.importPrivateKey(
      fromHex('302e020100300506032b6570042204204ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb'),
    );
    expect(toHex(key.publicKey.spki)).toBe(
      '302a300506032b65700321003d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    );
    const signature =
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00';
    expect(toHex(await crypto.sign(key, 'Ed25519', fromHex('72')))).toBe(signature);
    expect(await crypto.verify(key.publicKey, 'Ed25519', fromHex('72'), fromHex(signature))).toBe(true);
  });

  it('refuses an algorithm that does not fit the key', async () => {
    const ec = await keyFor(crypto, 'ECDSA-P256');
    const refused = { name: 'InvalidInputError', code: 'SIGNATURE_ALGORITHM_UNSUPPORTED' };
    for (const algorithm of ['RSA-PKCS1-SHA256', 'Ed25519', 'toString'] as SignatureAlgorithm[]) {
      await expect((async () => crypto.sign(ec, algorithm, message))()).rejects.toMatchObject(refused);
      await expect((async () => crypto.verify(ec.publicKey, algorithm, message, message))()).rejects.toMatchObject(
        refused,
      );
    }
  });

  it('refuses unknown algorithms and foreign keys', async () => {
    await expect((async () => crypto.generateKey('DSA' as KeyAlgorithm))()).rejects.toMatchObject({
      code: 'KEY_UNSUPPORTED',
    });
    await expect((async () => crypto.digest('MD5' as 'SHA-1', message))()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
    const { publicKey } = await keyFor(crypto, 'Ed25519');
    const foreign = { publicKey: { ...publicKey } };
    await expect((async () => crypto.sign(foreign, 'Ed25519', message))()).rejects.toMatchObject({
      code: 'KEY_INVALID',
    });
    await expect((async () => crypto.exportPrivateKey(foreign))()).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });

  it('refuses private keys that are none, without quoting them', async () => {
    const pkcs8 = await pkcs8Of('ECDSA-P256');
    const broken = [
      new Uint8Array(),
      utf8('hunter2 hunter2 hunter2'),
      pkcs8.subarray(0, -1),
      Uint8Array.of(...pkcs8, 0),
    ];
    for (const each of broken) {
      const error = await (async () => crypto.importPrivateKey(each))().catch((caught: unknown) => caught);
      expect(error).toMatchObject({ name: 'InvalidInputError', code: 'KEY_INVALID' });
      expect(JSON.stringify(error) + String(error) + String((error as Error).cause)).not.toContain('hunter2');
    }
  });

  it('refuses a private key whose public half is of another key', async () => {
    const [one, other] = [await crypto.generateKey('ECDSA-P256'), await crypto.generateKey('ECDSA-P256')];
    const pkcs8 = Uint8Array.from(await crypto.exportPrivateKey(one));
    const point = one.publicKey.spki.subarray(-65);
    const at = toHex(pkcs8).indexOf(toHex(point)) / 2;
    expect(at).toBeGreaterThan(0);
    pkcs8.set(other.publicKey.spki.subarray(-65), at);
    await expect((async () => crypto.importPrivateKey(pkcs8))()).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });
});

describe('the providers understand one another', () => {
  it.each(uses)('%s by %s', async (algorithm, use) => {
    for (const [, signer] of providers) {
      const signature = await signer.sign(await keyFor(signer, algorithm), use, message);
      for (const [, verifier] of providers) {
        const { publicKey } = await keyFor(verifier, algorithm);
        expect(await verifier.verify(publicKey, use, message, signature)).toBe(true);
      }
    }
  });
});
