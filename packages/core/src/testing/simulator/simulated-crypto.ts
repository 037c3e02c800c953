import { nodeCrypto } from '../../crypto/node-provider.ts';
import type { CryptoProvider, PrivateKey } from '../../ports/crypto.ts';
import type { SeededRandom } from '../random.ts';

const KEYS = 8;

/**
 * Cryptography that costs next to nothing, for simulations alone: keys are taken from a small stock, every signature is the same, and each
 * is taken for valid. Random bytes come from a seed. Sealing and digests are Node's own.
 */
export async function simulatedCrypto(random: SeededRandom): Promise<CryptoProvider> {
  const real = nodeCrypto();
  const keys: PrivateKey[] = [];
  for (let at = 0; at < KEYS; at++) keys.push(await real.generateKey('ECDSA-P256'));
  const signature = await real.sign(keys[0] as PrivateKey, 'ECDSA-SHA256', new Uint8Array());
  const pkcs8 = new Map<PrivateKey, Uint8Array>();
  for (const key of keys) pkcs8.set(key, await real.exportPrivateKey(key));
  const simulated: Partial<CryptoProvider> = {
    name: 'simulated',
    randomBytes: (length) => randomBytes(random, length),
    generateKey: () => random.pick(keys),
    exportPrivateKey: (key) => (pkcs8.get(key) as Uint8Array).slice(),
    sign: () => signature,
    verify: () => true,
  };
  const members = new Map<PropertyKey, unknown>();
  return new Proxy(real, {
    get(target, property) {
      if (members.has(property)) return members.get(property);
      const value: unknown = Reflect.get(simulated, property) ?? Reflect.get(target, property, target);
      const member: unknown = typeof value === 'function' ? value.bind(target) : value;
      members.set(property, member);
      return member;
    },
  });
}

function randomBytes(random: SeededRandom, length: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let at = 0; at < words.length; at++) words[at] = random.next() * 2 ** 32;
  return new Uint8Array(words.buffer, 0, length);
}
