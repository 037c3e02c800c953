import { describe, expect, it } from 'vitest';
import { concatBytes } from '../../src/encoding/bytes.ts';
import { derInteger, derSequence, derTime } from '../../src/encoding/der/writer.ts';
import { CrlIndex } from '../../src/x509/crl/crl-index.ts';

const entry = (serial: Uint8Array) => derSequence(derInteger(serial), derTime(0));
const serialOf = (index: number) => Uint8Array.of(1, index >> 16, index >> 8, index);

describe('CrlIndex', () => {
  it('finds each entry where it starts, and no other serial number', () => {
    const serials = Array.from({ length: 3000 }, (_, index) => serialOf(index));
    const encoded = serials.map(entry);
    const index = new CrlIndex(concatBytes(encoded), serials.length);
    let start = 0;
    for (const [at, serial] of serials.entries()) {
      expect(index.find(serial)).toBe(start);
      start += (encoded[at] as Uint8Array).length;
    }
    for (let other = 3000; other < 6000; other++) expect(index.find(serialOf(other))).toBeUndefined();
    expect(index.find(new Uint8Array(0))).toBeUndefined();
    expect(index.find(serialOf(0).subarray(0, 3))).toBeUndefined();
  });

  it('refuses serial numbers that were chosen to share one slot, rather than search for ever', () => {
    const count = 200;
    const slots = 512;
    const colliding: Uint8Array[] = [];
    for (let index = 0; colliding.length < count; index++) {
      if (hash(serialOf(index)) % slots === 0) colliding.push(serialOf(index));
    }
    expect(() => new CrlIndex(concatBytes(colliding.map(entry)), count)).toThrow(
      expect.objectContaining({ name: 'InvalidInputError', code: 'CRL_INVALID' }),
    );
  });
});

/** The hash as an attacker would know it: FNV-1a and a final mix. */
function hash(bytes: Uint8Array): number {
  let value = 0x811c9dc5;
  for (const octet of bytes) value = Math.imul(value ^ octet, 0x01000193);
  value ^= value >>> 16;
  value = Math.imul(value, 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
