import type { CollectionDefinition, StorageBackend } from '../../ports/storage.ts';
import { expectEqual, expectStorageError } from '../assertions.ts';
import { asStored, type ConformanceTest, commit, idsOf, OTHERS, read, THINGS } from './test-bed.ts';

const PLAIN: CollectionDefinition = { name: 'things', indexes: { byRank: { orderBy: 'rank' } } };
const WITH_OWNER: CollectionDefinition = {
  name: 'things',
  indexes: { byRank: { orderBy: 'rank' }, byOwner: { equals: ['owner'], orderBy: 'rank' } },
};

/** Rule 12: definitions. */
export const openTests: readonly ConformanceTest[] = [
  {
    name: 'rule 12: open is idempotent, cumulative, and safe when instances race',
    async run(bed) {
      const instances = await Promise.all(Array.from({ length: 6 }, () => bed.instance()));
      await Promise.all(
        instances.map((backend, at) => backend.open(at % 2 === 0 ? [THINGS, OTHERS] : [OTHERS, THINGS])),
      );
      const [first, second] = instances as [StorageBackend, StorageBackend];
      const put = bed.put('a', { rank: 1, owner: 'ann' });
      await commit(first, put);
      await Promise.all(instances.map((backend) => backend.open([THINGS])));
      await first.open([]);
      await second.open([{ name: 'third' }]);
      for (const backend of instances)
        expectEqual(await read(backend, 'a'), asStored(put), 'the document after racing opens');
      await commit(second, bed.put('x', {}, { collection: 'third' }), bed.put('y', {}, { collection: 'others' }));
    },
  },
  {
    name: 'rule 12: instances that race to add indexes add them all',
    async run(bed) {
      const first = await bed.open([PLAIN]);
      await commit(first, bed.put('before', { rank: 1, f0: 'x', f1: 'x', f2: 'x', f3: 'x' }));
      const indexOf = (at: number) => ({ [`by${at}`]: { equals: [`f${at}`], orderBy: 'rank' } });
      const instances = await Promise.all([0, 1, 2, 3].map(() => bed.instance()));
      await Promise.all(instances.map((backend, at) => backend.open([{ name: 'things', indexes: indexOf(at) }])));
      await first.open([PLAIN]);
      await commit(first, bed.put('after', { rank: 2, f0: 'x', f1: 'x', f2: 'x', f3: 'x' }));
      for (const [at, backend] of instances.entries()) {
        const query = { collection: 'things', index: `by${at}`, equals: { [`f${at}`]: 'x' } };
        expectEqual(await idsOf(backend, query), ['before', 'after'], `the index that instance ${at} added`);
      }
    },
  },
  {
    name: 'rule 12: a new index is filled before open resolves',
    async run(bed) {
      const backend = await bed.open([PLAIN]);
      const puts = Array.from({ length: 30 }, (_unused, rank) =>
        bed.put(
          `d${String(rank).padStart(2, '0')}`,
          rank % 3 === 0 ? { rank } : { rank, owner: rank % 2 === 0 ? 'ann' : 'bob' },
          { dueAt: 100 - rank },
        ),
      );
      await commit(backend, ...puts, bed.put('gone', { rank: 0, owner: 'ann' }, { expiresAt: bed.clock.now() + 1 }));
      bed.clock.advance(1);
      const byDue = { orderBy: '$dueAt' };
      await backend.open([{ ...WITH_OWNER, indexes: { ...WITH_OWNER.indexes, byDue } }]);
      const expected = puts.filter(({ data }) => data.owner === 'ann').map(({ id }) => id);
      const byOwner = { collection: 'things', index: 'byOwner', equals: { owner: 'ann' } };
      expectEqual(await idsOf(backend, byOwner), expected, 'old documents in the new index');
      const due = await idsOf(backend, { collection: 'things', index: 'byDue', limit: 7 });
      expectEqual(due, puts.map(({ id }) => id).toReversed(), 'old documents by $dueAt');
      await commit(backend, bed.put('d99', { rank: 99, owner: 'ann' }), {
        kind: 'delete',
        collection: 'things',
        id: expected[0] as string,
      });
      expectEqual(await idsOf(backend, byOwner), [...expected.slice(1), 'd99'], 'the new index under writes');
    },
  },
  {
    name: 'rule 12: a new index or constraint that stored documents contradict is refused, and nothing changes',
    async run(bed) {
      const backend = await bed.open([PLAIN]);
      await commit(
        backend,
        bed.put('a', { rank: 1, email: 'same', owner: 5 }),
        bed.put('b', { rank: 2, email: 'same' }),
      );
      const contradicted: readonly CollectionDefinition[] = [
        { name: 'things', unique: { email: ['email'] } },
        { name: 'things', indexes: { byEmail: { orderBy: 'email' } } },
        WITH_OWNER,
      ];
      for (const definition of contradicted) {
        const call = () => backend.open([{ name: 'fresh' }, definition]);
        await expectStorageError(call, 'STORAGE_INVALID', `opening ${JSON.stringify(definition)}`);
      }
      await commit(backend, bed.put('c', { rank: 3, email: 'same' }));
      expectEqual(await idsOf(backend, { collection: 'things', index: 'byRank' }), ['a', 'b', 'c'], 'the old index');
      await commit(backend, bed.put('a', { rank: 1 }), bed.put('b', { rank: 2, email: 'other' }));
      // What has expired contradicts nothing, swept or not.
      await commit(backend, bed.put('gone', { rank: 4, email: 'other', owner: 5 }, { expiresAt: bed.clock.now() + 1 }));
      bed.clock.advance(1);
      await backend.open([WITH_OWNER]);
      await backend.open([{ name: 'things', unique: { email: ['email'] } }]);
      const conflict = { write: 0, reason: 'unique', constraint: 'email' };
      const taken = await backend.commit([bed.put('d', { email: 'same' })]);
      expectEqual(taken, { committed: false, conflict }, 'a value that was there before the constraint');
      await commit(backend, bed.put('c', { email: 'moved' }), bed.put('d', { email: 'same' }));
    },
  },
  {
    name: 'rule 12: an instance that does not know a new index cannot write until it opens again',
    async run(bed) {
      const old = await bed.open([PLAIN, OTHERS]);
      const job = bed.put('job', { rank: 1, owner: 'ann' }, { dueAt: 0 });
      await commit(old, job);
      const current = await bed.open([WITH_OWNER]);
      const stale = 'STORAGE_SCHEMA_STALE';
      await expectStorageError(() => old.commit([bed.put('x', { rank: 2, owner: 'ann' })]), stale, 'a put');
      await expectStorageError(
        () => old.commit([{ kind: 'delete', collection: 'things', id: 'job' }]),
        stale,
        'a delete',
      );
      await expectStorageError(() => old.claim({ collection: 'things', limit: 1, leaseMs: 1 }), stale, 'a claim');
      const mixed = [bed.put('y', {}, { collection: 'others' }), bed.put('x', { rank: 2 })];
      await expectStorageError(() => old.commit(mixed), stale, 'a commit over two collections');
      expectEqual(await read(old, 'y', 'others'), undefined, 'the other collection of a refused commit');
      expectEqual(await read(old, 'job'), asStored(job), 'reading goes on');
      await commit(old, bed.put('y', {}, { collection: 'others' }));
      await old.open([PLAIN]);
      await commit(old, bed.put('x', { rank: 2, owner: 'ann' }));
      const byOwner = { collection: 'things', index: 'byOwner', equals: { owner: 'ann' } };
      expectEqual(await idsOf(current, byOwner), ['job', 'x'], 'the index that the older definitions lack');
      await current.open([PLAIN]);
      await commit(current, bed.put('z', { rank: 3, owner: 'ann' }));
      expectEqual(await idsOf(current, byOwner), ['job', 'x', 'z'], 'nothing is dropped');
    },
  },
  {
    name: 'rule 12: a stored index or constraint cannot be redefined under its name',
    async run(bed) {
      const backend = await bed.open();
      const other = await bed.instance();
      const redefined: readonly CollectionDefinition[] = [
        { name: 'things', indexes: { byRank: { orderBy: 'age' } } },
        { name: 'things', indexes: { byOwner: { equals: ['kind'], orderBy: 'rank' } } },
        { name: 'things', indexes: { byOwnerAndKind: { equals: ['kind', 'owner'], orderBy: 'rank' } } },
        { name: 'things', unique: { pair: ['right', 'left'] } },
      ];
      for (const definition of redefined) {
        const claim = `opening ${JSON.stringify(definition)}`;
        await expectStorageError(() => backend.open([definition]), 'STORAGE_INVALID', claim);
        await expectStorageError(() => other.open([definition]), 'STORAGE_INVALID', `${claim} in another instance`);
      }
      await commit(backend, bed.put('a', { rank: 1 }));
    },
  },
  {
    name: 'rule 12: malformed definitions are refused',
    async run(bed) {
      const backend = await bed.instance();
      const nine = Object.fromEntries(Array.from({ length: 9 }, (_unused, at) => [`i${at}`, { orderBy: 'rank' }]));
      const malformed: readonly unknown[] = [
        { name: '' },
        { name: 'Things' },
        { name: '1things' },
        { name: 'with-dash' },
        { name: 'a'.repeat(41) },
        { name: 'things', indexes: { 'by rank': { orderBy: 'rank' } } },
        { name: 'things', indexes: { byRank: { orderBy: '' } } },
        { name: 'things', indexes: { byRank: { orderBy: '$expiresAt' } } },
        { name: 'things', indexes: { byRank: { orderBy: 'a.b' } } },
        { name: 'things', indexes: { byRank: { equals: ['a', 'b', 'c', 'd', 'e'], orderBy: 'rank' } } },
        { name: 'things', indexes: { byRank: { equals: ['a', 'a'], orderBy: 'rank' } } },
        { name: 'things', indexes: { byRank: { equals: ['$dueAt'], orderBy: 'rank' } } },
        { name: 'things', indexes: nine },
        { name: 'things', unique: { email: [] } },
        { name: 'things', unique: { email: ['a', 'b', 'c', 'd', 'e'] } },
        { name: 'things', unique: { 'e-mail': ['email'] } },
      ];
      for (const definition of malformed) {
        const call = () => backend.open([definition as CollectionDefinition]);
        await expectStorageError(call, 'STORAGE_INVALID', `opening ${JSON.stringify(definition).slice(0, 100)}`);
      }
      await expectStorageError(() => backend.open([PLAIN, PLAIN]), 'STORAGE_INVALID', 'one collection twice');
      await backend.open([{ name: 'a'.repeat(40), indexes: { ['i'.repeat(40)]: { orderBy: 'f'.repeat(63) } } }]);
    },
  },
  {
    name: 'rule 12: a schema that a later version of the adapter laid out is refused',
    async run(bed) {
      if (bed.storeNewerLayout === undefined) return bed.skip('the factory has no storeNewerLayout');
      await commit(await bed.open(), bed.put('a'));
      await bed.storeNewerLayout();
      const older = await bed.instance();
      await expectStorageError(() => older.open([THINGS]), 'STORAGE_SCHEMA_NEWER', 'opening a newer layout');
    },
  },
];
