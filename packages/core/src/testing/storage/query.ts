import type { StorageBackend } from '../../ports/storage.ts';
import { expectEqual, expectStorageError } from '../assertions.ts';
import { asStored, type ConformanceTest, commit, idsOf, readAll, type TestBed } from './test-bed.ts';

const BY_RANK = { collection: 'things', index: 'byRank' };

/** What a query selects and in which order. */
export const queryTests: readonly ConformanceTest[] = [
  {
    name: 'query: from is inclusive, to exclusive, in both directions',
    async run(bed) {
      const backend = await bed.open();
      const ranks = [-5, 0, 1, 2, 10];
      await commit(backend, ...ranks.map((rank) => bed.put(`rank${rank}`, { rank })));
      const cases = [
        [{}, [-5, 0, 1, 2, 10]],
        [{ from: 0 }, [0, 1, 2, 10]],
        [{ to: 2 }, [-5, 0, 1]],
        [{ from: -5, to: 10 }, [-5, 0, 1, 2]],
        [{ from: 3, to: 10 }, []],
        [{ from: 2, to: 2 }, []],
        [{ from: 5, to: 1 }, []],
      ] as const;
      for (const [range, expected] of cases) {
        const ids = expected.map((rank) => `rank${rank}`);
        const claim = `range ${JSON.stringify(range)}`;
        expectEqual(await idsOf(backend, { ...BY_RANK, ...range }), ids, claim);
        expectEqual(await idsOf(backend, { ...BY_RANK, ...range, limit: 2 }), ids, `${claim} by twos`);
        const backwards = { ...BY_RANK, ...range, direction: 'descending' } as const;
        expectEqual(await idsOf(backend, backwards), ids.toReversed(), `${claim} backwards`);
        expectEqual(await idsOf(backend, { ...backwards, limit: 1 }), ids.toReversed(), `${claim} backwards by ones`);
        expectEqual(await backend.count({ ...BY_RANK, ...range, upTo: 100 }), ids.length, `${claim} counted`);
      }
    },
  },
  {
    name: 'query: integers of the whole safe range keep their order',
    async run(bed) {
      const backend = await bed.open();
      const { MAX_SAFE_INTEGER: max, MIN_SAFE_INTEGER: min } = Number;
      const ranks = [min, min + 1, -(2 ** 32), -256, -1, 0, 1, 255, 256, 2 ** 31, 2 ** 32, max - 1, max];
      await commit(backend, ...bed.random.shuffle(ranks).map((rank) => bed.put(`r${rank}`, { rank })));
      const found = await readAll(backend, { ...BY_RANK, limit: 3 });
      expectEqual(
        found.map(({ data }) => data.rank),
        ranks,
        'ranks in order',
      );
      expectEqual(await idsOf(backend, { ...BY_RANK, from: max }), [`r${max}`], 'from the largest');
    },
  },
  {
    name: 'query: ties break by the UTF-8 bytes of the id',
    async run(bed) {
      const backend = await bed.open();
      // JavaScript's < puts the surrogates of the last before U+E000 and U+FFFD.
      const ids = [
        'A',
        'a',
        'a0',
        'a\u00e9',
        'b',
        '\u00e9',
        '\u07ff',
        '\u0800',
        '\ud7ff',
        '\ue000',
        '\ufffd',
        '\u{10000}',
        '\u{1f511}',
      ];
      await commit(backend, ...bed.random.shuffle(ids).map((id) => bed.put(id, { rank: 1 })));
      expectEqual(await idsOf(backend, BY_RANK), ids, 'ids of one rank');
      expectEqual(await idsOf(backend, { ...BY_RANK, limit: 1 }), ids, 'ids of one rank by ones');
      const backwards = { ...BY_RANK, direction: 'descending', limit: 2 } as const;
      expectEqual(await idsOf(backend, backwards), ids.toReversed(), 'ids of one rank backwards');
    },
  },
  {
    name: 'query: pinned fields select exactly, and a document that lacks a field is not in the index',
    async run(bed) {
      const backend = await bed.open();
      await pinnedDocuments(bed, backend);
      const select = (owner: string, kind: string) =>
        idsOf(backend, { collection: 'things', index: 'byOwnerAndKind', equals: { owner, kind } });
      expectEqual(await select('ann', 'x'), ['ann-x1', 'ann-x2'], 'two pinned fields');
      expectEqual(await select('ann', ''), ['ann-empty'], 'an empty pinned value');
      expectEqual(await select('an', 'nx'), [], 'values that join to the same text');
      expectEqual(await select('Ann', 'x'), [], 'values of another case');
      const byOwner = { collection: 'things', index: 'byOwner', equals: { owner: 'ann' } };
      expectEqual(await idsOf(backend, byOwner), ['no-kind', 'ann-x1', 'ann-x2', 'ann-empty'], 'one pinned field');
      expectEqual(await backend.count({ ...byOwner, upTo: 100 }), 4, 'one pinned field counted');
      expectEqual(
        await idsOf(backend, { ...BY_RANK, to: 100 }),
        ['no-kind', 'no-owner', 'ann-x1', 'ann-x2', 'bob-x', 'ann-empty'],
        'no pinned field',
      );
    },
  },
  {
    name: 'query: equals names exactly the declared fields',
    async run(bed) {
      const backend = await bed.open();
      const cases: readonly (readonly [string, Record<string, unknown> | undefined])[] = [
        ['byOwner', undefined],
        ['byOwner', {}],
        ['byOwner', { owner: 'a', kind: 'b' }],
        ['byOwner', { owner: 1 }],
        ['byOwner', { owner: 'a\0' }],
        ['byRank', { owner: 'a' }],
        ['byOwnerAndKind', { owner: 'a' }],
      ];
      for (const [index, equals] of cases) {
        const query = {
          collection: 'things',
          index,
          limit: 1,
          ...(equals && { equals: equals as Record<string, string> }),
        };
        const claim = `index ${index} with equals ${JSON.stringify(equals)}`;
        await expectStorageError(() => backend.query(query), 'STORAGE_INVALID', claim);
        await expectStorageError(() => backend.count({ ...query, upTo: 1 }), 'STORAGE_INVALID', `${claim} counted`);
      }
    },
  },
  {
    name: 'query: count goes no further than upTo',
    async run(bed) {
      const backend = await bed.open();
      await commit(backend, ...Array.from({ length: 12 }, (_unused, rank) => bed.put(`d${rank}`, { rank })));
      for (const upTo of [1, 11, 12, 13]) {
        expectEqual(await backend.count({ ...BY_RANK, upTo }), Math.min(upTo, 12), `count up to ${upTo}`);
      }
      expectEqual(await backend.count({ ...BY_RANK, from: 3, to: 6, upTo: 100 }), 3, 'count of a stretch');
    },
  },
  {
    name: 'query: bytes come on request, everything else always',
    async run(bed) {
      const backend = await bed.open();
      const put = bed.put(
        'a',
        { rank: 1 },
        { bytes: Uint8Array.of(1, 2, 3), dueAt: 7, dueQueue: 'q', expiresAt: 1e15 },
      );
      await commit(backend, put);
      const { bytes: _bytes, ...bare } = asStored(put);
      expectEqual(await readAll(backend, BY_RANK), [bare], 'a query by default');
      expectEqual(await readAll(backend, { ...BY_RANK, withBytes: true }), [asStored(put)], 'a query with bytes');
      const weak = { ...BY_RANK, consistency: { maxStaleMs: 0 } };
      expectEqual(await readAll(backend, weak), [bare], 'a query that allows no staleness');
    },
  },
];

async function pinnedDocuments(bed: TestBed, backend: StorageBackend): Promise<void> {
  await commit(
    backend,
    bed.put('ann-x1', { owner: 'ann', kind: 'x', rank: 1 }),
    bed.put('ann-x2', { owner: 'ann', kind: 'x', rank: 2 }),
    bed.put('ann-empty', { owner: 'ann', kind: '', rank: 5 }),
    bed.put('bob-x', { owner: 'bob', kind: 'x', rank: 3 }),
    bed.put('no-kind', { owner: 'ann', rank: -1 }),
    bed.put('no-owner', { kind: 'x', rank: 0 }),
    bed.put('no-rank', { owner: 'ann', kind: 'x' }),
  );
}
