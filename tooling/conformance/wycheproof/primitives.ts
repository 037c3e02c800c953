import {
  type CryptoProvider,
  createWebCryptoProvider,
  InvalidInputError,
  nodeCrypto,
  SealError,
} from '../../../packages/core/src/index.ts';
import type { Judge } from './run.ts';
import { hexOf, type Vector, type VectorGroup } from './suite.ts';

const providers: readonly CryptoProvider[] = [nodeCrypto(), await createWebCryptoProvider()];

/** AES-GCM by every provider. Sizes that the SDK does not use must be refused, whatever the vector says of them. */
export const judgeAesGcm: Judge = async (group, vector) => {
  const isOurs = group.ivSize === 96 && group.keySize === 256 && group.tagSize === 128;
  for (const crypto of providers) {
    const accepted = await aesGcm(crypto, vector);
    const expected = isOurs && vector.result === 'valid';
    if (accepted !== expected) return `${crypto.name} ${accepted ? 'accepts' : 'refuses'} it`;
  }
  return undefined;
};

async function aesGcm(crypto: CryptoProvider, vector: Vector): Promise<boolean> {
  const [key, iv, aad] = [hexOf(vector, 'key'), hexOf(vector, 'iv'), hexOf(vector, 'aad')];
  const sealed = Buffer.concat([hexOf(vector, 'ct'), hexOf(vector, 'tag')]);
  try {
    const opened = await crypto.aeadOpen(key, iv, aad, sealed);
    if (Buffer.compare(opened, hexOf(vector, 'msg')) !== 0) throw new Error(`vector ${vector.tcId}: another plaintext`);
    const again = await crypto.aeadSeal(key, iv, aad, opened);
    if (Buffer.compare(again, sealed) !== 0) throw new Error(`vector ${vector.tcId}: another ciphertext`);
    if (aad.length === 0) await throughKey(crypto, key, iv, opened, sealed);
    return true;
  } catch (error) {
    if (error instanceof SealError || error instanceof InvalidInputError) return false;
    throw error;
  }
}

async function throughKey(
  crypto: CryptoProvider,
  raw: Uint8Array,
  iv: Uint8Array,
  plaintext: Uint8Array,
  sealed: Uint8Array,
) {
  const key = await crypto.aeadKey(raw);
  const again = new Uint8Array(sealed.length);
  await key.seal(iv, plaintext, again);
  const opened = new Uint8Array(plaintext.length);
  await key.open(iv, sealed, opened);
  if (Buffer.compare(again, sealed) !== 0 || Buffer.compare(opened, plaintext) !== 0)
    throw new Error('an AeadKey differs');
}

/** HKDF with SHA-512 by every provider. */
export const judgeHkdf: Judge = async (_: VectorGroup, vector) => {
  for (const crypto of providers) {
    const accepted = await hkdf(crypto, vector);
    if (accepted !== (vector.result === 'valid')) return `${crypto.name} ${accepted ? 'derives' : 'refuses'} it`;
  }
  return undefined;
};

async function hkdf(crypto: CryptoProvider, vector: Vector): Promise<boolean> {
  try {
    const [ikm, salt, info] = [hexOf(vector, 'ikm'), hexOf(vector, 'salt'), hexOf(vector, 'info')];
    const derived = await crypto.hkdf('SHA-512', ikm, salt, info, Number(vector.size));
    return Buffer.compare(derived, hexOf(vector, 'okm')) === 0;
  } catch (error) {
    if (error instanceof InvalidInputError) return false;
    throw error;
  }
}
