import { expectEqual, expectStorageError } from '../assertions.ts';
import { asStored, type ConformanceTest, commit, read, THINGS } from './test-bed.ts';

/** Rule 9: a backend that is closed says so, and what it wrote is there for the next. */
export const closingTests: readonly ConformanceTest[] = [
  {
    name: 'rule 9: after close every call rejects with STORAGE_CLOSED',
    async run(bed) {
      const backend = await bed.open();
      await commit(backend, bed.put('a', { rank: 1 }, { dueAt: 0 }));
      await backend.close();
      const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
        ['open', () => backend.open([THINGS])],
        ['get', () => backend.get([{ collection: 'things', id: 'a' }])],
        ['get of nothing', () => backend.get([])],
        ['query', () => backend.query({ collection: 'things', index: 'byRank', limit: 1 })],
        ['count', () => backend.count({ collection: 'things', index: 'byRank', upTo: 1 })],
        ['commit', () => backend.commit([bed.put('b')])],
        ['an empty commit', () => backend.commit([])],
        ['claim', () => backend.claim({ collection: 'things', limit: 1, leaseMs: 1 })],
        ['throttle', () => backend.throttle([{ key: 'k', limit: 1, periodMs: 1 }])],
        ['sweep', () => backend.sweep(1)],
        ['health', () => backend.health()],
        ...(backend.watch
          ? [['watch', () => backend.watch?.('things', () => undefined)] as [string, () => Promise<unknown>]]
          : []),
      ];
      for (const [method, call] of calls) await expectStorageError(call, 'STORAGE_CLOSED', `${method} after close`);
      await backend.close();
    },
  },
  {
    name: 'rule 9: what was committed before close is there when it is opened again',
    async run(bed) {
      const first = await bed.open();
      const put = bed.put('a', { rank: 1, email: 'e' }, { bytes: Uint8Array.of(1), dueAt: 0, dueQueue: 'q' });
      await commit(first, put);
      await first.throttle([{ key: 'k', limit: 2, periodMs: 60_000 }]);
      await first.close();
      const second = await bed.open();
      expectEqual(await read(second, 'a'), asStored(put), 'the document');
      const conflict = { write: 0, reason: 'unique', constraint: 'email' };
      const taken = await second.commit([bed.put('b', { email: 'e' })]);
      expectEqual(taken, { committed: false, conflict }, 'its unique value');
      expectEqual(await second.count({ collection: 'things', index: 'byRank', upTo: 9 }), 1, 'its index entry');
      const claimed = await second.claim({ collection: 'things', queue: 'q', limit: 9, leaseMs: 1 });
      expectEqual(claimed.length, 1, 'its place in the queue');
      const { remaining } = await second.throttle([{ key: 'k', limit: 2, periodMs: 60_000 }]);
      expectEqual(remaining, [0], 'what was charged');
      const third = await bed.instance();
      const unopened = () => third.get([{ collection: 'things', id: 'a' }]);
      await expectStorageError(unopened, 'STORAGE_UNDECLARED', 'a collection that this instance has not opened');
    },
  },
];
