import { describe, expect, it } from 'vitest';
import {
  chunkCount,
  MAX_MESSAGE_LENGTH,
  messageLength,
  sealedLength,
} from '../../../../src/vault/format/cobblestone/sizes.ts';
import { codeOf } from '../../../support/expect-error.ts';

describe('sizes of sealed messages', () => {
  it.each([
    [0, 1, 72],
    [1, 1, 73],
    [16_383, 1, 16_455],
    [16_384, 2, 16_472],
    [16_385, 2, 16_473],
    [32_768, 3, 32_872],
    [MAX_MESSAGE_LENGTH, 2 ** 38, 2 ** 38 * 16_400 + 55],
  ])('of %i bytes: %i chunks, %i bytes', (length, chunks, sealed) => {
    expect(chunkCount(length)).toBe(chunks);
    expect(sealedLength(length)).toBe(sealed);
    expect(messageLength(sealed)).toBe(length);
  });

  it('belong to one message each, or to none', async () => {
    const lengths = new Map(Array.from({ length: 33_000 }, (_, length) => [sealedLength(length), length]));
    for (let sealed = 0; sealed <= 33_000; sealed++) {
      const length = lengths.get(sealed);
      if (length !== undefined) expect(messageLength(sealed)).toBe(length);
      else expect(await codeOf(() => messageLength(sealed))).toBe('SEAL_TRUNCATED');
    }
  });

  it('end at 2^38 chunks', async () => {
    expect(await codeOf(() => sealedLength(MAX_MESSAGE_LENGTH + 1))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => messageLength(56 + 2 ** 38 * 16_400 + 16))).toBe('SEAL_INVALID');
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('are no %d', async (length) => {
    expect(await codeOf(() => sealedLength(length))).toBe('INVALID_ARGUMENT');
  });
});
