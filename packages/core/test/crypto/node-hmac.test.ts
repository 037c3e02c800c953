import { createHmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { nodeHmac } from '../../src/crypto/node-hmac.ts';

const bytes = (length: number, first: number) => Uint8Array.from({ length }, (_, at) => (first + at * 7) % 256);
const KEY_LENGTHS = [0, 1, 20, 32, 63, 64, 65, 127, 128, 129, 300];
const DATA_LENGTHS = [0, 1, 64, 200, 1_023, 1_024, 1_025, 5_000];

describe.each(['sha1', 'sha256', 'sha384', 'sha512'] as const)('HMAC with %s', (digest) => {
  // The longest first: what is left over of one must not show in the next.
  it.each(KEY_LENGTHS.toReversed())("of any data under a key of %i bytes is OpenSSL's", (keyLength) => {
    for (const dataLength of DATA_LENGTHS.toReversed()) {
      const [key, data] = [bytes(keyLength, 3), bytes(dataLength, 200)];
      const expected = createHmac(digest, key).update(data).digest('hex');
      expect(nodeHmac(digest, key, data).toString('hex')).toBe(expected);
    }
  });

  it('takes nothing for bytes that is none', () => {
    for (const wrong of [undefined, null, 7, [1, 2]] as never[]) {
      expect(() => nodeHmac(digest, wrong, bytes(4, 1))).toThrow(TypeError);
      expect(() => nodeHmac(digest, bytes(4, 1), wrong)).toThrow(TypeError);
    }
  });

  it('gives a code that later ones leave alone', () => {
    const codes = [1, 2, 3].map((first) => nodeHmac(digest, bytes(32, first), bytes(50, first)));
    const expected = [1, 2, 3].map((first) => createHmac(digest, bytes(32, first)).update(bytes(50, first)).digest());
    expect(codes).toEqual(expected);
  });
});
