import type { JsonObject, PutWrite } from '../../ports/storage.ts';
import { expect, expectEqual, expectStorageError } from '../assertions.ts';
import { asStored, type ConformanceTest, commit, idsOf, read, readAll } from './test-bed.ts';

/** `__proto__` as a key that the object owns, as JSON.parse makes it. */
const PROTOTYPE_KEYS = JSON.parse(
  '{"__proto__":{"polluted":true},"constructor":{"prototype":1},"toString":"x","hasOwnProperty":false}',
) as JsonObject;

/** U+0001 to U+001F. */
const CONTROLS = Array.from({ length: 31 }, (_unused, at) => String.fromCharCode(at + 1)).join('');

const FAITHFUL: readonly (readonly [string, JsonObject])[] = [
  ['empty', {}],
  ['emptiness', { object: {}, array: [], text: '', nothing: null, nested: [[], [{}]] }],
  ['scalars', { yes: true, no: false, zero: 0, text: 'null' }],
  [
    'numbers',
    { list: [0.1, -0.5, 1e21, 1e-7, 5e-324, 1.7976931348623157e308, 2 ** 53, -(2 ** 53), 123456.789, 1e300] },
  ],
  ['dates as integers', { at: 8_640_000_000_000_000, before: -8_640_000_000_000_000, ms: 1_767_225_600_123 }],
  ['unicode', { text: 'é\u0301ß漢字\u{1f511}\u{10ffff}\u2028\u2029\ufeff\ufffe', 'ключ\u{1f511}': 'значение' }],
  ['unnormalized', { composed: '\u00e9', decomposed: 'e\u0301' }],
  ['controls', { text: `${CONTROLS}\u007f\u0085"\\/` }],
  ['prototype keys', PROTOTYPE_KEYS],
  ['odd keys', { '': 1, ' ': 2, '0': 3, '10': 4, 'a.b': 5, "a'b": 6, $dueAt: 7, 'a"b': 8, '{}': 9 }],
  ['long integers', { list: [9_007_199_254_740_991, 9_007_199_254_740_990, 4_294_967_296] }],
  ['wide', { list: Array.from({ length: 2000 }, (_unused, at) => at % 7) }],
];

/** Rule 10: what is stored comes back exactly; what cannot is refused. */
export const valueTests: readonly ConformanceTest[] = [
  {
    name: 'rule 10: JSON survives a round trip, by get and by query',
    async run(bed) {
      const backend = await bed.open();
      for (const [name, value] of FAITHFUL) {
        const put = bed.put(name, { rank: 1, value });
        await commit(backend, put);
        expectEqual(await read(backend, name), asStored(put), `${name} by get`);
      }
      await commit(backend, bed.put('top', PROTOTYPE_KEYS));
      const top = (await read(backend, 'top'))?.data;
      expectEqual(top, PROTOTYPE_KEYS, 'prototype keys at the top');
      expect(top !== undefined && Object.hasOwn(top, '__proto__'), '__proto__ is a property of its own');
      expect(({} as { polluted?: unknown }).polluted === undefined, 'no prototype was polluted');
      const found = await readAll(backend, { collection: 'things', index: 'byRank' });
      const values = new Map(found.map(({ id, data }) => [id, data.value]));
      for (const [name, value] of FAITHFUL) expectEqual(values.get(name), value, `${name} by query`);
    },
  },
  {
    name: 'rule 10: -0 reads back as 0, in data and in an index',
    async run(bed) {
      const backend = await bed.open();
      await commit(backend, bed.put('minus', { rank: -0, list: [-0], nested: { zero: -0 } }));
      const expected = { rank: 0, list: [0], nested: { zero: 0 } };
      expectEqual((await read(backend, 'minus'))?.data, expected, 'negative zero');
      expectEqual(
        await idsOf(backend, { collection: 'things', index: 'byRank', from: 0, to: 1 }),
        ['minus'],
        'its index entry',
      );
    },
  },
  {
    name: 'rule 10: bytes are exact, every value and length, and empty is not absent',
    async run(bed) {
      const backend = await bed.open();
      const every = Uint8Array.from({ length: 256 }, (_unused, at) => at);
      const view = new Uint8Array(every.buffer, 128, 64);
      const cases = { every, view, empty: new Uint8Array(0), one: Uint8Array.of(0) };
      for (const [id, bytes] of Object.entries(cases)) {
        await commit(backend, bed.put(id, {}, { bytes }));
        const stored = await read(backend, id);
        expectEqual(stored?.bytes, bytes, `${id} bytes`);
        expect(stored?.bytes instanceof Uint8Array, `${id} comes back as a Uint8Array`);
      }
      await commit(backend, bed.put('none'));
      const none = await read(backend, 'none');
      expect(none !== undefined && none.bytes === undefined, 'a document without bytes has none');
    },
  },
  {
    name: 'rule 10: ids and versions are exact: case, accents, spaces and separators tell documents apart',
    async run(bed) {
      const backend = await bed.open();
      const ids = [
        'a',
        'A',
        'a ',
        ' a',
        'á',
        'a\u0301',
        'a/b',
        'a:b',
        'a\tb',
        '{a}',
        '__proto__',
        'constructor',
        '%00',
        '\u{1f511}',
        '0',
        '00',
      ];
      const puts = ids.map((id, at) => bed.put(id, { at, rank: 1 }, { version: `v ${id}`, ifVersion: null }));
      await commit(backend, ...puts);
      for (const put of puts)
        expectEqual(await read(backend, put.id), asStored(put), `the id ${JSON.stringify(put.id)}`);
      expectEqual(await read(backend, 'b'), undefined, 'an id that was not put');
      expectEqual(
        (await idsOf(backend, { collection: 'things', index: 'byRank', limit: 1 })).sort(),
        [...ids].sort(),
        'ids by query',
      );
    },
  },
  {
    name: 'rule 10: an indexed field is what data holds itself, whatever it is called',
    async run(bed) {
      const odd = { equals: ['constructor'], orderBy: 'valueOf' };
      const backend = await bed.open([
        { name: 'things', indexes: { odd }, unique: { odd: ['toString', 'hasOwnProperty'] } },
      ]);
      const own = JSON.parse('{"constructor":"c","valueOf":3,"toString":"t","hasOwnProperty":"h"}') as JsonObject;
      await commit(backend, bed.put('none'), bed.put('nothing'), bed.put('own', own));
      const query = { collection: 'things', index: 'odd', equals: { constructor: 'c' } };
      expectEqual(await idsOf(backend, query), ['own'], 'documents by fields that every object inherits');
      const conflict = { write: 0, reason: 'unique', constraint: 'odd' };
      const twin = await backend.commit([bed.put('twin', own)]);
      expectEqual(twin, { committed: false, conflict }, 'the same values under a constraint');
    },
  },
  {
    name: 'rule 10: what was read or written shares nothing with its caller',
    async run(bed) {
      const backend = await bed.open();
      const data = { rank: 1, list: [1, 2], nested: { text: 'kept' } };
      const bytes = Uint8Array.of(1, 2, 3);
      const pending = backend.commit([bed.put('a', data, { bytes })]);
      tamper(data, bytes);
      await pending;
      const expected = { data: { rank: 1, list: [1, 2], nested: { text: 'kept' } }, bytes: Uint8Array.of(1, 2, 3) };
      const byQuery = async () =>
        (await readAll(backend, { collection: 'things', index: 'byRank', withBytes: true }))[0];
      for (const [way, load] of [
        ['get', () => read(backend, 'a')],
        ['query', byQuery],
      ] as const) {
        for (let again = 0; again < 2; again++) {
          const document = await load();
          expectEqual(
            document && { data: document.data, bytes: document.bytes },
            expected,
            `a document by ${way}, read ${again + 1}`,
          );
          if (document?.bytes !== undefined) tamper(document.data as Record<string, unknown>, document.bytes);
        }
      }
    },
  },
  {
    name: 'rule 10: what JSON or a database cannot hold is refused',
    async run(bed) {
      const backend = await bed.open();
      const cyclic: Record<string, unknown> = {};
      cyclic.self = cyclic;
      const bad: readonly (readonly [string, unknown])[] = [
        ['no object', null],
        ['an array', [1]],
        ['a text', 'text'],
        ['undefined', { a: undefined }],
        ['undefined in an array', { a: [1, undefined] }],
        ['a hole', { a: new Array(2) }],
        ['NaN', { a: Number.NaN }],
        ['Infinity', { a: [Number.POSITIVE_INFINITY] }],
        ['a bigint', { a: 1n }],
        ['a function', { a: () => 1 }],
        ['a symbol', { a: Symbol('s') }],
        ['a symbol key', { [Symbol('s')]: 1 }],
        ['a Date', { a: new Date(0) }],
        ['a Map', { a: new Map() }],
        ['bytes', { a: Uint8Array.of(1) }],
        ['a boxed number', { a: new Object(1) }],
        ['NUL', { a: 'x\0y' }],
        ['NUL in a key', { 'x\0y': 1 }],
        ['a lone high surrogate', { a: ['\ud83d'] }],
        ['a lone low surrogate', { a: '\udd11x' }],
        ['surrogates the wrong way round', { a: '\udd11\ud83d' }],
        ['a lone surrogate in a key', { '\ud83d': 1 }],
        ['a cycle', cyclic],
        ['a rank that is no integer', { rank: 1.5 }],
        ['a rank past the safe integers', { rank: 2 ** 53 }],
        ['a rank that is a text', { rank: '1' }],
        ['a rank that is null', { rank: null }],
        ['an owner that is a number', { owner: 1 }],
        ['an owner that is null', { owner: null }],
        ['a unique field that is a number', { email: 1 }],
        ['a unique field that is an object', { left: {} }],
      ];
      for (const [name, data] of bad) {
        const call = () => backend.commit([bed.put('good'), bed.put('bad', data as JsonObject)]);
        await expectStorageError(call, 'STORAGE_INVALID', name);
      }
      const rest: readonly (readonly [string, Record<string, unknown>])[] = [
        ['an empty id', { id: '' }],
        ['an id with NUL', { id: 'a\0' }],
        ['an id with a lone surrogate', { id: '\ud800' }],
        ['an id that is a number', { id: 1 }],
        ['an empty version', { version: '' }],
        ['a version that is missing', { version: undefined }],
        ['an expiry that is a Date', { expiresAt: new Date(0) }],
        ['an expiry that is no integer', { expiresAt: 0.5 }],
        ['a negative expiry', { expiresAt: -1 }],
        ['a dueAt that is no integer', { dueAt: Number.NaN }],
        ['a queue with NUL', { dueAt: 1, dueQueue: '\0' }],
        ['bytes that are an array', { bytes: [1, 2] }],
        ['bytes that are a text', { bytes: 'AQI=' }],
        ['an ifVersion that is a number', { ifVersion: 1 }],
        ['a check without a version', { kind: 'check' }],
        ['a kind that is unknown', { kind: 'merge' }],
      ];
      for (const [name, fields] of rest) {
        const write = { ...bed.put('bad'), ...fields } as PutWrite;
        await expectStorageError(() => backend.commit([bed.put('good'), write]), 'STORAGE_INVALID', name);
      }
      expectEqual(await read(backend, 'good'), undefined, 'the write that stood beside');
    },
  },
];

/** Changes what a caller can reach; what is frozen is as good as a copy. */
function tamper(data: Record<string, unknown>, bytes: Uint8Array): void {
  bytes[0] = 99;
  for (const change of [
    () => (data.list as number[]).push(99),
    () => Object.assign(data.nested as object, { text: 'changed' }),
    () => Object.assign(data, { rank: 99 }),
  ]) {
    try {
      change();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
    }
  }
}
