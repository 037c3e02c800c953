import { expect, expectEqual, expectStorageError } from '../assertions.ts';
import { type ConformanceTest, commit } from './test-bed.ts';

const BY_RANK = { collection: 'things', index: 'byRank' };
const PAGE_BYTES = 4 * 1024 * 1024;

/** Rule 5: pages. */
export const pagingTests: readonly ConformanceTest[] = [
  {
    name: 'rule 5: under writes between pages a document that stays put is seen exactly once',
    async run(bed) {
      const backend = await bed.open();
      for (const direction of ['ascending', 'descending'] as const) {
        const stays = Array.from({ length: 40 }, (_unused, at) => `${direction}-stay-${String(at).padStart(2, '0')}`);
        const moves = stays.map((id) => id.replace('stay', 'move'));
        const rank = () => bed.random.integer(0, 6);
        await commit(backend, ...stays.map((id) => bed.put(id, { rank: rank() })));
        await commit(backend, ...moves.map((id) => bed.put(id, { rank: rank() })));
        const seen: string[] = [];
        let cursor: string | undefined;
        do {
          const page = await backend.query({ ...BY_RANK, direction, limit: 3, ...(cursor && { cursor }) });
          seen.push(...page.documents.map(({ id }) => id));
          cursor = page.cursor;
          const touched = [bed.random.pick(moves), `${direction}-new-${seen.length}`];
          const last = page.documents.at(-1)?.id;
          // The very document that the cursor names may go.
          const gone = last?.includes('move') ? last : bed.random.pick(moves);
          if (!touched.includes(gone)) await commit(backend, { kind: 'delete', collection: 'things', id: gone });
          await commit(backend, ...touched.map((id) => bed.put(id, { rank: rank() })));
        } while (cursor !== undefined && seen.length < 2000);
        const counted = stays.map((id) => seen.filter((other) => other === id).length);
        expect(
          counted.every((count) => count === 1),
          `${bed.seedNote}: ${direction}, documents that stayed were seen ${counted.join(' ')} times`,
        );
        await commit(backend, ...stays.map((id) => ({ kind: 'delete', collection: 'things', id }) as const));
      }
    },
  },
  {
    name: 'rule 5: a page ends at its limit, and only a missing cursor means that it was the last',
    async run(bed) {
      const backend = await bed.open();
      const ids = Array.from({ length: 20 }, (_unused, at) => `d${String(at).padStart(2, '0')}`);
      await commit(backend, ...ids.map((id) => bed.put(id, { rank: 1 })));
      for (const limit of [1, 7, 19, 20, 21]) {
        const seen: string[] = [];
        let cursor: string | undefined;
        for (let pages = 0; pages < 50; pages++) {
          const page = await backend.query({ ...BY_RANK, limit, ...(cursor && { cursor }) });
          expect(page.documents.length <= limit, `a page of limit ${limit} holds ${page.documents.length}`);
          seen.push(...page.documents.map(({ id }) => id));
          cursor = page.cursor;
          if (cursor === undefined) break;
        }
        expectEqual(seen, ids, `all pages of limit ${limit}`);
      }
    },
  },
  {
    name: 'rule 5: a page ends at 4 MiB, and the next goes on behind it',
    async run(bed) {
      const backend = await bed.open();
      const bytes = new Uint8Array(1024 * 1024);
      const ids = Array.from({ length: 9 }, (_unused, at) => `d${at}`);
      for (const [at, id] of ids.entries()) await commit(backend, bed.put(id, { rank: at }, { bytes }));
      const seen: string[] = [];
      let cursor: string | undefined;
      do {
        const page = await backend.query({ ...BY_RANK, limit: 100, withBytes: true, ...(cursor && { cursor }) });
        const sizes = page.documents.map(({ data, bytes: own }) => JSON.stringify(data).length + (own?.length ?? 0));
        const size = sizes.reduce((sum, one) => sum + one, 0);
        expect(size <= PAGE_BYTES, `a page of ${size} bytes`);
        seen.push(...page.documents.map(({ id }) => id));
        cursor = page.cursor;
      } while (cursor !== undefined && seen.length < 100);
      expectEqual(seen, ids, 'all pages together');
    },
  },
  {
    name: 'rule 5: a cursor fits its own query only',
    async run(bed) {
      const backend = await bed.open();
      const data = (rank: number) => ({ rank, owner: 'ann', kind: 'x' });
      const puts = [1, 2, 3].map((rank) => bed.put(`d${rank}`, data(rank)));
      await commit(backend, ...puts, ...puts.map((put) => ({ ...put, collection: 'others' })));
      const { cursor } = await backend.query({ ...BY_RANK, limit: 1 });
      expect(cursor !== undefined, 'a first page of three has a cursor');
      const foreign = [
        { ...BY_RANK, direction: 'descending' },
        { collection: 'things', index: 'byOwner', equals: { owner: 'ann' } },
        { collection: 'others', index: 'byRank' },
      ] as const;
      for (const query of foreign) {
        const call = () => backend.query({ ...query, limit: 1, cursor });
        await expectStorageError(call, 'STORAGE_INVALID', `a cursor of byRank with ${JSON.stringify(query)}`);
      }
      for (const broken of ['', 'x', `${cursor}x.`, cursor.slice(1), 'a'.repeat(5000)]) {
        const call = () => backend.query({ ...BY_RANK, limit: 1, cursor: broken });
        // What still happens to be a cursor of this query may be taken for one.
        const taken = await call().then(
          () => broken.startsWith(cursor),
          () => false,
        );
        if (!taken) await expectStorageError(call, 'STORAGE_INVALID', `the cursor ${broken.slice(0, 40)}`);
      }
      const rest = await backend.query({ ...BY_RANK, from: 3, limit: 5, cursor });
      expectEqual(
        rest.documents.map(({ id }) => id),
        ['d3'],
        'a cursor with a narrower range',
      );
    },
  },
];
