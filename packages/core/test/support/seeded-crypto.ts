import { fromHex } from '../../src/encoding/hex.ts';
import { type CryptoProvider, nodeCrypto } from '../../src/index.ts';
import type { SeededRandom } from '../../src/testing/random.ts';

/** Node's cryptography with random bytes that a seed repeats: serial numbers and ids, but not the keys that OpenSSL generates. */
export function seededCrypto(random: SeededRandom): CryptoProvider {
  return new Proxy(nodeCrypto(), {
    get(target, property) {
      if (property === 'randomBytes') return (length: number) => fromHex(random.hex(length * 2));
      const value: unknown = Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
