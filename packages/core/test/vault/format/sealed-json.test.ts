import { describe, expect, it } from 'vitest';
import { decodeJson, encodeJson } from '../../../src/vault/sealed-json.ts';

describe('JSON that is to be sealed', () => {
  it.each([
    ['nothing', '', 256],
    ['what fills a step', 'a'.repeat(256 - 11), 256],
    ['a character more', 'a'.repeat(256 - 10), 512],
    ['two bytes a character', 'é'.repeat(122), 256],
    ['two bytes a character, over a step', 'é'.repeat(123), 512],
    ['three bytes a character', '€'.repeat(245), 768],
    ['four bytes for two units', '😀'.repeat(200), 1_024],
    ['what JSON escapes', '"\n\u0000'.repeat(40), 512],
  ])('comes in steps of 256 bytes, and back as it was: %s', (_, text, length) => {
    const encoded = encodeJson({ text });
    expect(encoded).toHaveLength(length);
    expect(decodeJson(encoded)).toEqual({ text });
    expect(Buffer.from(encoded).toString().trimEnd()).toBe(JSON.stringify({ text }));
  });
});
