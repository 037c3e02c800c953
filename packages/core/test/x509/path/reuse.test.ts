import { describe, expect, it } from 'vitest';
import { PathValidator } from '../../../src/index.ts';
import type { CryptoProvider } from '../../../src/ports/crypto.ts';
import { AT, crypto, issue } from './path-pki.ts';

/** Where its first octet lies: behind the headers of two SEQUENCEs, the version and a header of its own. */
const SERIAL_NUMBER = 4 + 4 + 5 + 2;

/** The provider, and how many signatures it was asked to verify. */
function counting() {
  let count = 0;
  const provider: CryptoProvider = Object.create(crypto, {
    importPublicKey: { value: crypto.importPublicKey.bind(crypto) },
    digest: { value: crypto.digest.bind(crypto) },
    verify: {
      value: (...args: Parameters<CryptoProvider['verify']>) => {
        count++;
        return crypto.verify(...args);
      },
    },
  });
  return { provider, count: () => count };
}

describe('a PathValidator that is used again', () => {
  it('verifies an intermediate that keeps coming no more than twice, and one that differs by an octet anew', async () => {
    const root = await issue({ subject: 'CN=Root', ca: true });
    const ca = await issue({ subject: 'CN=CA', issuer: root, ca: true });
    const leaf = await issue({ subject: 'CN=Leaf', issuer: ca });
    const { provider, count } = counting();
    const validator = new PathValidator({ trustAnchors: root.der, crypto: provider });
    const validate = (intermediate: Uint8Array) =>
      validator.validate(leaf.der, { intermediates: intermediate, at: AT });
    const asked: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      const before = count();
      expect(await validate(ca.der.slice())).toMatchObject({ valid: true, path: [leaf.pem, ca.pem, root.pem] });
      asked.push(count() - before);
    }
    expect(asked).toEqual([2, 2, 1, 1, 1]);
    // In the signature, and in what it covers: the one in the serial number ends in the very same octets.
    for (const at of [ca.der.length - 1, SERIAL_NUMBER]) {
      const forged = ca.der.slice();
      forged[at] = (forged[at] as number) ^ 1;
      for (let turn = 0; turn < 3; turn++) {
        expect(await validate(forged.slice())).toMatchObject({
          valid: false,
          error: { code: 'PATH_SIGNATURE_INVALID' },
        });
      }
    }
    expect(await validate(ca.der)).toMatchObject({ valid: true });
  });
});
