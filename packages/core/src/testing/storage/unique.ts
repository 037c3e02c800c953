import type { StorageBackend } from '../../ports/storage.ts';
import { expect, expectEqual } from '../assertions.ts';
import { type ConformanceTest, commit, read } from './test-bed.ts';

/** Rule 6: unique constraints. */
export const uniqueTests: readonly ConformanceTest[] = [
  {
    name: 'rule 6: a taken value is refused, and is free again by delete, by expiry and by a put that changes it',
    async run(bed) {
      const backend = await bed.open();
      const expiresAt = bed.clock.now() + 100;
      await commit(
        backend,
        bed.put('deleted', { email: 'd' }),
        bed.put('expiring', { email: 'e' }, { expiresAt }),
        bed.put('changed', { email: 'c' }),
        bed.put('dropped', { email: 'f' }),
      );
      const take = (email: string) => backend.commit([bed.put(`taker-${email}`, { email })]);
      for (const email of 'decf') await expectTaken(take(email), `the value ${email} of a live document`);
      bed.clock.advance(99);
      await expectTaken(take('e'), 'a value one millisecond before expiry');
      bed.clock.advance(1);
      await commit(backend, { kind: 'delete', collection: 'things', id: 'deleted' });
      await commit(backend, bed.put('changed', { email: 'c2' }), bed.put('dropped', {}));
      for (const email of 'decf') expectEqual(await take(email), { committed: true }, `the freed value ${email}`);
      await expectTaken(backend.commit([bed.put('x', { email: 'c2' })]), 'the value that was changed to');
      await backend.sweep(100);
      await expectTaken(backend.commit([bed.put('x', { email: 'e' })]), 'a value taken over, after the sweep');
    },
  },
  {
    name: 'rule 6: a constraint is judged on the state that the commit leaves',
    async run(bed) {
      const backend = await bed.open();
      await commit(backend, ...['a', 'b', 'c'].map((id) => bed.put(id, { email: id })));
      await commit(backend, bed.put('a', { email: 'b' }), bed.put('b', { email: 'a' }));
      expectEqual((await read(backend, 'a'))?.data, { email: 'b' }, 'one side of a swap');
      expectEqual((await read(backend, 'b'))?.data, { email: 'a' }, 'its other side');
      await commit(backend, bed.put('a', { email: 'a' }), bed.put('b', { email: 'c' }), bed.put('c', { email: 'b' }));
      await commit(backend, bed.put('d', { email: 'a' }), { kind: 'delete', collection: 'things', id: 'a' });
      const late = await backend.commit([
        bed.put('e', { email: 'x' }),
        bed.put('f', { email: 'y' }),
        bed.put('g', { email: 'x' }),
      ]);
      const conflict = { write: 0, reason: 'unique', constraint: 'email' };
      expectEqual(
        late,
        { committed: false, conflict },
        'two puts of one commit with the same value: the lowest is named',
      );
      const b = await read(backend, 'b');
      const check = { kind: 'check', collection: 'things', id: 'b', ifVersion: b?.version ?? '' } as const;
      await expectTaken(
        backend.commit([bed.put('e', { email: 'c' }), check]),
        'the value of a document that is only checked',
      );
      await commit(backend, bed.put('b', { email: 'c', other: true }));
      await commit(backend, bed.put('d', { email: 'd' }), bed.put('again', { email: 'a' }));
    },
  },
  {
    name: 'rule 6: several fields are unique together, and a document that lacks one is not constrained',
    async run(bed) {
      const backend = await bed.open();
      await commit(
        backend,
        bed.put('ab', { left: 'a', right: 'b' }),
        bed.put('ac', { left: 'a', right: 'c' }),
        bed.put('shifted', { left: 'ab', right: '' }),
        bed.put('half-1', { left: 'a' }),
        bed.put('half-2', { left: 'a' }),
        bed.put('none-1'),
        bed.put('none-2'),
        bed.put('case', { left: 'A', right: 'b' }),
      );
      const twin = await backend.commit([bed.put('twin', { left: 'a', right: 'b' })]);
      expectEqual(
        twin,
        { committed: false, conflict: { write: 0, reason: 'unique', constraint: 'pair' } },
        'the same pair',
      );
      await commit(backend, bed.put('elsewhere', { left: 'a', right: 'b', email: 'x' }, { collection: 'others' }));
    },
  },
  {
    name: 'rule 6: of racers for one value exactly one wins, and crossing swaps do not deadlock',
    async run(bed) {
      const instances = [await bed.open(), await bed.open()] as [StorageBackend, StorageBackend];
      const racers = Array.from({ length: 12 }, (_unused, at) => bed.put(`racer-${at}`, { email: 'prize' }));
      const results = await Promise.all(racers.map((put, at) => (instances[at % 2] as StorageBackend).commit([put])));
      expectEqual(results.filter(({ committed }) => committed).length, 1, 'winners of a unique value');
      await commit(instances[0], bed.put('p', { email: 'p' }), bed.put('q', { email: 'q' }));
      const cross = (first: string, second: string, backend: StorageBackend) =>
        backend.commit([bed.put(first, { email: 'q' }), bed.put(second, { email: 'p' })]);
      for (let round = 0; round < 10; round++) {
        const swaps = await Promise.all([cross('p', 'q', instances[0]), cross('q', 'p', instances[1])]);
        expect(
          swaps.every(({ committed }) => committed),
          'unconditional swaps land one after the other',
        );
        const [p, q] = await instances[0].get(['p', 'q'].map((id) => ({ collection: 'things', id })));
        expectEqual([p?.data.email, q?.data.email].sort(), ['p', 'q'], 'values after crossing swaps');
      }
    },
  },
];

async function expectTaken(commitment: Promise<unknown>, claim: string): Promise<void> {
  const conflict = { write: 0, reason: 'unique', constraint: 'email' };
  expectEqual(await commitment, { committed: false, conflict }, claim);
}
