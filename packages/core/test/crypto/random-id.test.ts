import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import { passphraseBytes } from '../../src/crypto/passphrase.ts';
import { uuidv7 } from '../../src/crypto/random-id.ts';
import { toHex } from '../../src/encoding/hex.ts';

describe('uuidv7', () => {
  it('has the layout of RFC 9562 (its appendix A.6)', () => {
    const crypto = {
      ...nodeCrypto(),
      randomBytes: () => Uint8Array.from(Buffer.from('000000000000fcc398c4dc0c0c07398f', 'hex')),
    };
    expect(uuidv7({ now: () => 0x017f22e279b0 }, crypto)).toBe('017f22e2-79b0-7cc3-98c4-dc0c0c07398f');
  });

  it('sorts by time and never repeats', () => {
    let now = 1_800_000_000_000;
    const ids = Array.from({ length: 2_000 }, () => uuidv7({ now: () => now++ }, nodeCrypto()));
    expect([...ids].sort()).toEqual(ids);
    const sameInstant = new Set(Array.from({ length: 2_000 }, () => uuidv7({ now: () => now }, nodeCrypto())));
    expect(sameInstant.size).toBe(2_000);
  });
});

describe('passphraseBytes', () => {
  it('counts characters, not code units, and tells how many there were', () => {
    expect(() => passphraseBytes('😀'.repeat(14))).toThrow(
      expect.objectContaining({ code: 'PASSPHRASE_TOO_SHORT', facts: { minimum: 15, length: 14 } }),
    );
    expect(passphraseBytes('😀'.repeat(15))).toHaveLength(60);
    expect(() => passphraseBytes('correct horse')).toThrow(
      expect.objectContaining({ message: expect.not.stringContaining('horse') }),
    );
    expect(() => passphraseBytes(undefined as never)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });

  it('reads a composed and a decomposed accent alike', () => {
    expect(toHex(passphraseBytes('caf\u00e9 caf\u00e9 caf\u00e9 caf\u00e9'))).toBe(
      toHex(passphraseBytes('cafe\u0301 cafe\u0301 cafe\u0301 cafe\u0301')),
    );
  });
});
