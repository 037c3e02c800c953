import {
  assertIndexable,
  compareUtf8,
  declareCollections,
  indexKey,
  joinKey,
  normalizeJson,
  prepareWrites,
  STORAGE_LIMITS,
  storableLength,
  type Write,
} from '@chancery/core/ports';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { expectRefused, HOSTILE_VALUES } from '../support/hostile-values.ts';

const RUNS = { seed: 20_261_122, numRuns: 2000 };
const utf8 = new TextEncoder();
const anyText = fc.string({ unit: 'binary' });
const storable = anyText.map((text) => text.toWellFormed().replaceAll('\0', ''));
const json = fc.letrec<{ value: unknown; object: Record<string, unknown> }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 6 },
    storable,
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.integer(),
    fc.maxSafeInteger(),
    fc.boolean(),
    fc.constant(null),
    fc.array(tie('value')),
    tie('object'),
  ),
  object: fc.dictionary(fc.oneof(storable, fc.constant('__proto__')), tie('value')),
}));

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('normalizeJson', () => {
  it('copies what JSON copies, and measures what JSON.stringify writes', () => {
    fc.assert(
      fc.property(json.object, (data) => {
        const { value, size } = normalizeJson(data, 'data');
        const text = JSON.stringify(data);
        expect(size).toBe(utf8.encode(text).length);
        expect(JSON.stringify(value)).toBe(text);
        expect(value).toEqual(JSON.parse(text));
      }),
      RUNS,
    );
  });

  it('gives a copy that is frozen at every level', () => {
    const source = { list: [{ a: 1 }], nested: { b: [2] } };
    const { value } = normalizeJson(source, 'data');
    source.list.push({ a: 9 });
    source.nested.b[0] = 9;
    expect(value).toEqual({ list: [{ a: 1 }], nested: { b: [2] } });
    const { list, nested } = value as unknown as typeof source;
    for (const part of [value, list, list[0], nested, nested.b]) expect(Object.isFrozen(part)).toBe(true);
  });

  it('reads every property once, so that what was checked is what is kept', () => {
    let reads = 0;
    const data = {
      get text() {
        reads += 1;
        return reads === 1 ? 'first' : '\0';
      },
    };
    expect(normalizeJson(data, 'data').value).toEqual({ text: 'first' });
  });

  it('names the place of a fault and not the value', () => {
    const error = thrownBy(() => normalizeJson({ user: { tags: ['fine', 'secret\0'] } }, 'accounts/7 data'));
    expect(error).toMatchObject({
      code: 'STORAGE_INVALID',
      message: 'accounts/7 data.user.tags[1] must be well-formed Unicode without NUL',
    });
    const tooLarge = thrownBy(() => normalizeJson({ text: 'secret'.repeat(50_000) }, 'accounts/7 data'));
    expect(tooLarge).toMatchObject({ code: 'STORAGE_TOO_LARGE', facts: { limit: STORAGE_LIMITS.dataBytes } });
    expect(String((tooLarge as Error).message)).not.toContain('secret');
  });
});

describe('text', () => {
  it('storableLength is the UTF-8 length, or undefined', () => {
    fc.assert(
      fc.property(
        fc.oneof(anyText, fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) })),
        (text) => {
          const valid = text.isWellFormed() && !text.includes('\0');
          expect(storableLength(text)).toBe(valid ? utf8.encode(text).length : undefined);
        },
      ),
      RUNS,
    );
  });

  it('compareUtf8 is the order of the bytes', () => {
    const near = fc.string({
      unit: fc.constantFrom('a', 'b', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{10ffff}'),
      maxLength: 4,
    });
    fc.assert(
      fc.property(fc.oneof(near, storable), fc.oneof(near, storable), (left, right) => {
        const expected = Buffer.compare(utf8.encode(left), utf8.encode(right));
        expect(Math.sign(compareUtf8(left, right))).toBe(expected);
      }),
      RUNS,
    );
  });

  it('joinKey never joins different values to one key', () => {
    const values = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', ' '), maxLength: 2 }), {
      minLength: 2,
      maxLength: 2,
    });
    fc.assert(
      fc.property(values, values, (left, right) => {
        expect(joinKey(left) === joinKey(right)).toBe(left.join('|') === right.join('|'));
      }),
      RUNS,
    );
  });
});

describe('index keys', () => {
  const [collection] = declareCollections([
    { name: 'things', indexes: { byRank: { equals: ['constructor'], orderBy: 'toString' } } },
  ]);

  it('inherited properties are no fields', () => {
    expect(collection && thrownBy(() => assertIndexable(collection, {}, 'things/a'))).toBeUndefined();
    const [index] = collection?.indexes ?? [];
    expect(index && indexKey(index, { data: {} })).toBeUndefined();
    const data = { constructor: 'own', toString: 5 } as unknown as Record<string, string>;
    expect(index && indexKey(index, { data })).toEqual({ pinned: ['own'], order: 5 });
  });
});

describe('prepareWrites', () => {
  const [collection] = declareCollections([{ name: 'things' }]);
  const lookup = (name: string) => (name === 'things' ? collection : undefined);
  const put: Write = { kind: 'put', collection: 'things', id: 'a', version: 'v', data: {} };

  it('takes a Uint8Array of another realm, and copies a view only', () => {
    const buffer = Uint8Array.of(1, 2, 3, 4);
    const [prepared] = prepareWrites([{ ...put, bytes: buffer.subarray(1, 3) }], lookup);
    buffer.fill(9);
    expect(prepared).toMatchObject({ bytes: Uint8Array.of(2, 3), dataSize: 2, dueQueue: '' });
    const node = prepareWrites([{ ...put, bytes: Buffer.from('ab') }], lookup)[0];
    expect(node?.kind === 'put' && node.bytes?.constructor).toBe(Uint8Array);
  });

  it.each(HOSTILE_VALUES)('refuses %s as the kind of a write, briefly', async (_, value) => {
    await expectRefused(() => prepareWrites([{ ...put, kind: value } as never], lookup));
  });

  it('names the document at fault', () => {
    const long = 'x'.repeat(129);
    expect(thrownBy(() => prepareWrites([{ ...put, version: long }], lookup))).toMatchObject({
      code: 'STORAGE_TOO_LARGE',
      message: 'things/a version takes 129 bytes, more than 128',
    });
    expect(thrownBy(() => prepareWrites([put, { ...put, collection: 'nowhere' }], lookup))).toMatchObject({
      code: 'STORAGE_UNDECLARED',
      message: expect.stringContaining('"nowhere"'),
    });
  });
});
