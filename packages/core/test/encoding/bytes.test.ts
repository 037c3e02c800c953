import { runInNewContext } from 'node:vm';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import {
  compareBytes,
  concatBytes,
  equalBytes,
  fromUtf8,
  isBytes,
  unfilledBytes,
  utf8,
} from '../../src/encoding/bytes.ts';
import { seed } from '../support/soak.ts';

const bytes = fc.uint8Array({ maxLength: 40 });
const options = { seed: seed(1) };

describe('isBytes', () => {
  it('accepts a Uint8Array of this realm, of another one, and a Buffer', () => {
    expect(isBytes(new Uint8Array(1))).toBe(true);
    expect(isBytes(Buffer.alloc(1))).toBe(true);
    expect(isBytes(runInNewContext('new Uint8Array(1)'))).toBe(true);
  });

  it('refuses other views, and an object that claims to be one', () => {
    const imitation = { [Symbol.toStringTag]: 'Uint8Array', length: 1, 0: 1 };
    const values = [
      imitation,
      new Uint8ClampedArray(1),
      new DataView(new ArrayBuffer(1)),
      new ArrayBuffer(1),
      [1],
      '1',
      null,
    ];
    for (const value of [...values, undefined]) expect(isBytes(value)).toBe(false);
  });
});

describe('unfilledBytes', () => {
  const lengths = [0, 1, 400, 2_047, 2_048, 200_000];

  it.each(lengths)('gives %i bytes with a buffer of their own', (length) => {
    const [one, other] = [unfilledBytes(length), unfilledBytes(length)];
    expect(one.length).toBe(length);
    expect(one.byteOffset).toBe(0);
    expect(one.buffer.byteLength).toBe(length);
    expect(one.buffer).not.toBe(other.buffer);
    // No Buffer: their slices share memory.
    expect(one.constructor).toBe(Uint8Array);
  });

  it('takes nothing from the pool that Buffers share, however large that is', () => {
    const { poolSize } = Buffer;
    Buffer.poolSize = 4_000_000;
    try {
      expect(unfilledBytes(20_000).buffer.byteLength).toBe(20_000);
    } finally {
      Buffer.poolSize = poolSize;
    }
  });

  it('gives zeros where there is no Buffer', () => {
    const buffer = globalThis.Buffer;
    vi.stubGlobal('Buffer', undefined);
    try {
      for (const length of lengths) {
        const given = unfilledBytes(length);
        expect(given.length).toBe(length);
        expect(given.every((byte) => byte === 0)).toBe(true);
      }
    } finally {
      vi.stubGlobal('Buffer', buffer);
    }
  });
});

describe('comparisons', () => {
  it('order and equate as Buffer does', () => {
    fc.assert(
      fc.property(bytes, bytes, (a, b) => {
        expect(Math.sign(compareBytes(a, b))).toBe(Buffer.compare(a, b));
        expect(equalBytes(a, b)).toBe(Buffer.compare(a, b) === 0);
        expect(equalBytes(a, Uint8Array.from(a))).toBe(true);
      }),
      options,
    );
  });

  it('puts a prefix before what it begins', () => {
    expect(compareBytes(Uint8Array.of(1), Uint8Array.of(1, 0))).toBeLessThan(0);
  });
});

describe('concatBytes', () => {
  it('copies, so that its result shares nothing with the parts', () => {
    const part = Uint8Array.of(1, 2);
    const joined = concatBytes([part, new Uint8Array(0), Uint8Array.of(3)]);
    part[0] = 9;
    expect(joined).toEqual(Uint8Array.of(1, 2, 3));
  });
});

describe('UTF-8', () => {
  it('round-trips text, short or long, ASCII or not, with a byte order mark', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 100 }), (text) => {
        expect(fromUtf8(utf8(text))).toBe(text);
        expect(utf8(text)).toEqual(new TextEncoder().encode(text));
      }),
      options,
    );
    expect(fromUtf8(utf8('\ufeffa'))).toBe('\ufeffa');
  });

  it.each([[[0xff]], [[0xc0, 0x80]], [[0xe2, 0x82]], [[0xed, 0xa0, 0x80]]])('refuses %j', (octets) => {
    expect(() => fromUtf8(Uint8Array.from(octets))).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
  });
});
