import type { JsonObject, JsonValue, StorageBackend, Write } from '../../ports/storage.ts';
import { expectEqual, expectStorageError } from '../assertions.ts';
import { asStored, type ConformanceTest, commit, idsOf, read, type TestBed } from './test-bed.ts';

const KIB = 1024;
const MIB = 1024 * KIB;

/** Rule 11: the limits, at them and one past them. The figures stand here once more, so that the kit is no mirror of the code. */
export const limitTests: readonly ConformanceTest[] = [
  {
    name: 'rule 11: an id takes 400 bytes, a version 128, an indexed or unique string and a queue 512',
    async run(bed) {
      const backend = await bed.open();
      for (const filler of ['a', 'é', '漢', '\u{1f511}']) {
        const width = new TextEncoder().encode(filler).length;
        const text = (bytes: number) => filler.repeat(Math.floor(bytes / width)) + 'x'.repeat(bytes % width);
        const cases: readonly (readonly [string, number, (value: string) => Write])[] = [
          ['id', 400, (id) => bed.put(id, { rank: 1 })],
          ['version', 128, (version) => bed.put('version', {}, { version })],
          ['pinned string', 512, (owner) => bed.put('pinned', { owner, rank: 1 })],
          ['unique string', 512, (email) => bed.put('unique', { email })],
          ['queue', 512, (dueQueue) => bed.put('queue', {}, { dueAt: 1, dueQueue })],
        ];
        for (const [what, limit, write] of cases) {
          const call = () => backend.commit([bed.put('beside'), write(text(limit + 1))]);
          await expectStorageError(call, 'STORAGE_TOO_LARGE', `a ${what} of ${limit + 1} bytes of ${filler}`);
          await commit(backend, write(text(limit)));
        }
        const owner = text(512);
        const found = await idsOf(backend, { collection: 'things', index: 'byOwner', equals: { owner } });
        expectEqual(found, ['pinned'], 'a document by the longest pinned string');
        const claimed = await backend.claim({ collection: 'things', queue: owner, limit: 1, leaseMs: 1 });
        expectEqual(claimed.length, 1, 'a document from the queue with the longest name');
        expectEqual(
          (await backend.throttle([{ key: owner, limit: 1, periodMs: 1 }])).allowed,
          true,
          'the longest throttle key',
        );
        const long = () => backend.throttle([{ key: text(513), limit: 1, periodMs: 1 }]);
        await expectStorageError(long, 'STORAGE_TOO_LARGE', 'a throttle key of 513 bytes');
      }
      expectEqual(await read(backend, 'beside'), undefined, 'what stood beside a write that was too large');
    },
  },
  {
    name: 'rule 11: data takes 256 KiB of JSON in UTF-8 as JSON.stringify gives it',
    async run(bed) {
      const backend = await bed.open();
      const shapes: readonly (readonly [string, (filling: string) => JsonObject])[] = [
        ['plain text', (text) => ({ text })],
        ['quotes and backslashes', (text) => ({ escaped: '"\\'.repeat(1000), text })],
        ['control characters', (text) => ({ escaped: '\n\t\b\f\r\u0001\u001f\u007f'.repeat(500), text })],
        ['two, three and four bytes a character', (text) => ({ wide: 'é漢\u{1f511}\u2028'.repeat(700), text })],
        ['numbers', (text) => ({ list: [0, -0, -1, 0.1, 1e21, 1e-7, 999, 1000, 123456789012, -1e15, 2 ** 53], text })],
        ['nesting', (text) => ({ a: [{}, [], [[]], { b: { c: [true, false, null] } }], '"key"\n': 1, text })],
      ];
      for (const [name, shape] of shapes) {
        const room = 256 * KIB - jsonSize(shape(''));
        const largest = bed.put('large', shape('x'.repeat(room)));
        await commit(backend, largest);
        expectEqual((await read(backend, 'large'))?.version, largest.version, `data of exactly 256 KiB: ${name}`);
        const past = () => backend.commit([bed.put('past', shape('x'.repeat(room + 1)))]);
        await expectStorageError(past, 'STORAGE_TOO_LARGE', `data of one byte more: ${name}`);
      }
      expectEqual(await read(backend, 'past'), undefined, 'data that was too large');
    },
  },
  {
    name: 'rule 10: data is nested 32 levels deep at most',
    async run(bed) {
      const backend = await bed.open();
      const nested = (levels: number, wrap: (inner: JsonValue) => JsonValue) => {
        let value: JsonValue = 1;
        for (let level = 2; level <= levels; level++) value = wrap(value);
        return { value };
      };
      for (const [name, wrap] of [
        ['arrays', (inner: JsonValue) => [inner]],
        ['objects', (inner: JsonValue) => ({ inner })],
      ] as const) {
        const deepest = bed.put('deep', nested(32, wrap));
        await commit(backend, deepest);
        expectEqual(await read(backend, 'deep'), asStored(deepest), `32 levels of ${name}`);
        const deeper = () => backend.commit([bed.put('deeper', nested(33, wrap))]);
        await expectStorageError(deeper, 'STORAGE_INVALID', `33 levels of ${name}`);
      }
    },
  },
  {
    name: 'rule 11: bytes take 1 MiB, a commit 4 MiB and 256 writes',
    async run(bed) {
      const backend = await bed.open();
      const bytes = Uint8Array.from({ length: MIB }, (_unused, at) => (at * 31) & 255);
      const large = bed.put('large', {}, { bytes });
      await commit(backend, large);
      expectEqual(await read(backend, 'large'), asStored(large), 'a document with 1 MiB');
      const past = () => backend.commit([bed.put('past', {}, { bytes: new Uint8Array(MIB + 1) })]);
      await expectStorageError(past, 'STORAGE_TOO_LARGE', 'bytes of 1 MiB and one');
      await commitOfSize(bed, backend, 4 * MIB);
      await expectStorageError(
        () => commitOfSize(bed, backend, 4 * MIB + 1),
        'STORAGE_TOO_LARGE',
        'a commit of 4 MiB and one',
      );
      const writes = Array.from({ length: 257 }, (_unused, at) => bed.put(`w${at}`, { rank: at }));
      await expectStorageError(() => backend.commit(writes), 'STORAGE_TOO_LARGE', 'a commit of 257 writes');
      expectEqual(
        await backend.count({ collection: 'things', index: 'byRank', upTo: 300 }),
        0,
        'documents of a refused commit',
      );
      await commit(backend, ...writes.slice(1));
      expectEqual(
        await backend.count({ collection: 'things', index: 'byRank', upTo: 300 }),
        256,
        'documents of 256 writes',
      );
    },
  },
  {
    name: 'rule 11: a get takes 1,000 references, a page and a claim 1,000 documents, a throttle 100 requests',
    async run(bed) {
      const backend = await bed.open();
      await commit(backend, bed.put('a', { rank: 1 }));
      const refs = (count: number) => Array.from({ length: count }, () => ({ collection: 'things', id: 'a' }));
      expectEqual((await backend.get(refs(1000))).filter(Boolean).length, 1000, 'documents for 1,000 references');
      await expectStorageError(() => backend.get(refs(1001)), 'STORAGE_TOO_LARGE', '1,001 references');
      const query = { collection: 'things', index: 'byRank' };
      expectEqual((await backend.query({ ...query, limit: 1000 })).documents.length, 1, 'a page of limit 1,000');
      await expectStorageError(
        () => backend.query({ ...query, limit: 1001 }),
        'STORAGE_TOO_LARGE',
        'a page of limit 1,001',
      );
      const claim = { collection: 'things', leaseMs: 1 };
      expectEqual(await backend.claim({ ...claim, limit: 1000 }), [], 'a claim of limit 1,000');
      await expectStorageError(
        () => backend.claim({ ...claim, limit: 1001 }),
        'STORAGE_TOO_LARGE',
        'a claim of limit 1,001',
      );
      const requests = Array.from({ length: 101 }, (_unused, at) => ({ key: `key ${at}`, limit: 2, periodMs: 1000 }));
      await expectStorageError(() => backend.throttle(requests), 'STORAGE_TOO_LARGE', '101 throttle requests');
      const hundred = await backend.throttle(requests.slice(1));
      expectEqual(hundred.remaining, new Array(100).fill(1), 'what 100 throttle requests leave');
    },
  },
];

/** Four documents with 1 MiB of bytes less their data, and then exactly what is missing. */
function commitOfSize(bed: TestBed, backend: StorageBackend, size: number): Promise<void> {
  const empty = jsonSize({});
  const share = size / 4 - empty;
  const lengths = [Math.floor(share), Math.floor(share), Math.floor(share)];
  const last = size - 4 * empty - 3 * Math.floor(share);
  return commit(
    backend,
    ...[...lengths, last].map((length, at) => bed.put(`c${at}`, {}, { bytes: new Uint8Array(length) })),
  );
}

function jsonSize(data: JsonObject): number {
  return new TextEncoder().encode(JSON.stringify(data)).length;
}
