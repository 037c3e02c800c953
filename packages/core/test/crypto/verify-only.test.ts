import { constants, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createWebCryptoProvider, nodeCrypto } from '../../src/index.ts';

const data = new TextEncoder().encode('to be signed');
const p521 = generateKeyPairSync('ec', { namedCurve: 'P-521' });
const ed448 = generateKeyPairSync('ed448');
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const spki = (key: KeyObject) => new Uint8Array(key.export({ format: 'der', type: 'spki' }));
const changed = (bytes: Uint8Array) =>
  Uint8Array.from(bytes, (byte, at) => (at === bytes.length - 1 ? byte ^ 1 : byte));

const node = nodeCrypto();
const webcrypto = await createWebCryptoProvider();

describe.each([node, webcrypto])('what others sign with, verified by $name', (crypto) => {
  it('ECDSA on P-521', async () => {
    const key = await crypto.importPublicKey(spki(p521.publicKey));
    const signature = sign('sha512', data, p521.privateKey);
    expect(await crypto.verify(key, 'ECDSA-SHA512', data, signature)).toBe(true);
    expect(await crypto.verify(key, 'ECDSA-SHA512', data, changed(signature))).toBe(false);
  });

  it('refuses a point off P-521', async () => {
    const bytes = changed(spki(p521.publicKey));
    await expect(async () => crypto.importPublicKey(bytes)).rejects.toMatchObject({ code: 'KEY_INVALID' });
  });

  it.each([0, 20, 222])('RSASSA-PSS with a salt of %i bytes, and no other', async (saltLength) => {
    const key = await crypto.importPublicKey(spki(rsa.publicKey));
    const padding = constants.RSA_PKCS1_PSS_PADDING;
    const signature = sign('sha256', data, { key: rsa.privateKey, padding, saltLength });
    expect(await crypto.verify(key, 'RSA-PSS-SHA256', data, signature, saltLength)).toBe(true);
    expect(await crypto.verify(key, 'RSA-PSS-SHA256', data, signature)).toBe(false);
  });
});

describe('Ed448', () => {
  it('is verified by node', async () => {
    const key = await node.importPublicKey(spki(ed448.publicKey));
    const signature = sign(null, data, ed448.privateKey);
    expect(await node.verify(key, 'Ed448', data, signature)).toBe(true);
    expect(await node.verify(key, 'Ed448', data, changed(signature))).toBe(false);
    await expect(async () => node.verify(key, 'Ed25519', data, signature)).rejects.toMatchObject({
      code: 'SIGNATURE_ALGORITHM_UNSUPPORTED',
    });
  });

  it('is refused by webcrypto, which does not have it', async () => {
    await expect(async () => webcrypto.importPublicKey(spki(ed448.publicKey))).rejects.toMatchObject({
      code: 'KEY_UNSUPPORTED',
    });
  });
});
