import { expectEqual } from '../assertions.ts';
import { asStored, type ConformanceTest, commit, idsOf, OTHERS, read, THINGS } from './test-bed.ts';

/** Several instances. */
export const instanceTests: readonly ConformanceTest[] = [
  {
    name: 'instances: two on one namespace see each other at once',
    async run(bed) {
      const [left, right] = [await bed.open(), await bed.open()];
      const put = bed.put('a', { rank: 1, owner: 'ann' });
      expectEqual(await read(right, 'a'), undefined, 'a document that is not there yet');
      await commit(left, put);
      expectEqual(await read(left, 'a'), asStored(put), 'get in the same instance');
      expectEqual(await read(right, 'a'), asStored(put), 'get in the other instance');
      expectEqual(await idsOf(right, { collection: 'things', index: 'byRank' }), ['a'], 'query in the other instance');
      await commit(right, { ...bed.put('a', { rank: 2 }), ifVersion: put.version });
      expectEqual(
        (await left.commit([{ ...bed.put('a'), ifVersion: put.version }])).committed,
        false,
        'a version that moved elsewhere',
      );
      expectEqual((await read(left, 'a'))?.data, { rank: 2 }, 'a document that was read before and changed elsewhere');
      await left.close();
      expectEqual((await read(right, 'a'))?.data, { rank: 2 }, 'after the other instance closed');
      await commit(right, { kind: 'delete', collection: 'things', id: 'a' });
    },
  },
  {
    name: 'instances: namespaces never see one another',
    async run(bed) {
      const [here, there] = [await bed.open(), await bed.instance('_b')];
      await there.open([THINGS, OTHERS]);
      await commit(here, bed.put('a', { rank: 1, email: 'e' }, { dueAt: 0, expiresAt: bed.clock.now() + 10 }));
      expectEqual(await read(there, 'a'), undefined, 'get in another namespace');
      expectEqual(await idsOf(there, { collection: 'things', index: 'byRank' }), [], 'query in another namespace');
      expectEqual(await there.claim({ collection: 'things', limit: 9, leaseMs: 1 }), [], 'claim in another namespace');
      await commit(there, { ...bed.put('a', { rank: 9, email: 'e' }), ifVersion: null });
      const request = { key: 'k', limit: 1, periodMs: 60_000 };
      expectEqual((await here.throttle([request])).allowed, true, 'a throttle key here');
      expectEqual((await there.throttle([request])).allowed, true, 'the same key there');
      bed.clock.advance(10);
      expectEqual(await there.sweep(9), { removed: 0, more: false }, 'a sweep in another namespace');
      expectEqual(await here.sweep(9), { removed: 1, more: false }, 'a sweep of its own');
      // The definitions of one namespace bind no other.
      const elsewhere = await bed.instance('_c');
      await elsewhere.open([{ name: 'things', indexes: { byRank: { orderBy: 'age' } } }]);
    },
  },
];
