import { expectEqual, expectStorageError } from '../assertions.ts';
import { asStored, type ConformanceTest, commit, idsOf, read } from './test-bed.ts';

/** Rules 1 and 2: what one caller at a time sees of `commit`. */
export const commitTests: readonly ConformanceTest[] = [
  {
    name: 'rule 1: a put is read back whole, and absence is undefined',
    async run(bed) {
      const backend = await bed.open();
      const full = bed.put(
        'full',
        { rank: 1, owner: 'ann', nested: { list: [1, 'two', null, true] } },
        { bytes: Uint8Array.of(0, 1, 254, 255), expiresAt: bed.clock.now() + 1000, dueAt: 5, dueQueue: 'mail' },
      );
      const bare = bed.put('bare');
      await commit(backend, full, bare);
      const refs = ['full', 'none', 'bare', 'full'].map((id) => ({ collection: 'things', id }));
      const expected = [asStored(full), undefined, asStored(bare), asStored(full)];
      expectEqual(await backend.get(refs), expected, 'documents in the order of the references');
      expectEqual(await backend.get([]), [], 'no references');
    },
  },
  {
    name: 'rule 1: a put replaces the whole document and its index entries',
    async run(bed) {
      const backend = await bed.open();
      const first = { rank: 1, owner: 'ann', extra: 'x' };
      await commit(backend, bed.put('a', first, { bytes: Uint8Array.of(1), expiresAt: 1e15, dueAt: 1, dueQueue: 'q' }));
      const second = bed.put('a', { rank: 2, owner: 'bob' });
      await commit(backend, second);
      expectEqual(await read(backend, 'a'), asStored(second), 'the second put');
      const byOwner = { collection: 'things', index: 'byOwner' };
      expectEqual(await idsOf(backend, { ...byOwner, equals: { owner: 'ann' } }), [], 'the old index entry');
      expectEqual(
        await idsOf(backend, { ...byOwner, equals: { owner: 'bob' } }),
        ['a'],
        'the index entry that follows',
      );
      expectEqual(await idsOf(backend, { collection: 'things', index: 'byDue' }), [], 'the old dueAt in an index');
      const claimed = await backend.claim({ collection: 'things', queue: 'q', limit: 1, leaseMs: 1 });
      expectEqual(claimed, [], 'the old dueAt in its queue');
      await commit(backend, { kind: 'delete', collection: 'things', id: 'a' });
      expectEqual(await read(backend, 'a'), undefined, 'a deleted document');
      expectEqual(await idsOf(backend, { collection: 'things', index: 'byRank' }), [], 'its index entries');
    },
  },
  {
    name: 'rule 1: a put, a delete and a check judge the version',
    async run(bed) {
      const backend = await bed.open();
      const stored = bed.put('a', { rank: 1 });
      await commit(backend, { ...stored, ifVersion: null });
      const here = { collection: 'things', id: 'a' };
      const gone = { collection: 'things', id: 'gone' };
      const actual = stored.version;
      const refused = [
        [{ ...bed.put('a'), ifVersion: null }, actual],
        [{ ...bed.put('a'), ifVersion: 'other' }, actual],
        [{ ...bed.put('gone'), ifVersion: 'other' }, null],
        [{ kind: 'delete', ...here, ifVersion: 'other' }, actual],
        [{ kind: 'delete', ...gone, ifVersion: 'other' }, null],
        [{ kind: 'check', ...here, ifVersion: 'other' }, actual],
        [{ kind: 'check', ...gone, ifVersion: 'other' }, null],
      ] as const;
      for (const [write, found] of refused) {
        const conflict = { write: 0, reason: 'version', actual: found };
        const claim = `a ${write.kind} of ${write.id} with ifVersion ${write.ifVersion}`;
        expectEqual(await backend.commit([write]), { committed: false, conflict }, claim);
      }
      expectEqual(await read(backend, 'a'), asStored(stored), 'the document after refused writes');
      await commit(backend, { kind: 'check', ...here, ifVersion: actual });
      const next = { ...bed.put('a', { rank: 2 }), ifVersion: actual };
      await commit(backend, next, { kind: 'delete', ...gone });
      await commit(backend, { kind: 'delete', ...here, ifVersion: next.version });
      expectEqual(await read(backend, 'a'), undefined, 'the document after its delete');
    },
  },
  {
    name: 'rule 1: a commit whose condition fails writes nothing, in no collection',
    async run(bed) {
      const backend = await bed.open();
      const kept = bed.put('kept', { rank: 1, email: 'kept@example' });
      await commit(backend, kept);
      const result = await backend.commit([
        bed.put('new', { rank: 2 }),
        bed.put('other', { rank: 2 }, { collection: 'others' }),
        { kind: 'delete', collection: 'things', id: 'kept' },
        { kind: 'check', collection: 'others', id: 'absent', ifVersion: 'some' },
      ]);
      const conflict = { write: 3, reason: 'version', actual: null };
      expectEqual(result, { committed: false, conflict }, 'a commit with a failing check at its end');
      expectEqual(await read(backend, 'new'), undefined, 'a put of a refused commit');
      expectEqual(await read(backend, 'other', 'others'), undefined, 'its put in another collection');
      expectEqual(await read(backend, 'kept'), asStored(kept), 'a document that it would have deleted');
      expectEqual(await idsOf(backend, { collection: 'things', index: 'byRank' }), ['kept'], 'the index');
      const rival = { ...kept, id: 'rival', version: bed.version() };
      const unique = { committed: false, conflict: { write: 0, reason: 'unique', constraint: 'email' } };
      expectEqual(await backend.commit([rival]), unique, 'the unique value of a document that stayed');
    },
  },
  {
    name: 'rule 1: of several failed conditions the lowest write is reported, versions before uniques',
    async run(bed) {
      const backend = await bed.open();
      const holder = bed.put('holder', { email: 'taken', left: 'l', right: 'r' });
      await commit(backend, holder);
      const clash = bed.put('clash', { email: 'taken' });
      const stale = { ...bed.put('holder2'), ifVersion: 'other' };
      const conflictOf = async (...writes: Parameters<typeof backend.commit>[0]) => {
        const result = await backend.commit(writes);
        return result.committed ? 'committed' : result.conflict;
      };
      const version = { reason: 'version', actual: null };
      expectEqual(await conflictOf(clash, stale), { write: 1, ...version }, 'a version behind a unique');
      const late = { ...bed.put('a-first-by-id'), ifVersion: 'other' };
      expectEqual(
        await conflictOf(bed.put('z'), stale, late),
        { write: 1, ...version },
        'two versions, not in id order',
      );
      const both = bed.put('both', { email: 'taken', left: 'l', right: 'r' });
      const unique = { reason: 'unique', constraint: 'email' };
      expectEqual(await conflictOf(both), { write: 0, ...unique }, 'two constraints of one write: the first by name');
      const pair = bed.put('pair', { left: 'l', right: 'r' });
      expectEqual(await conflictOf(pair, clash), { write: 0, reason: 'unique', constraint: 'pair' }, 'two uniques');
    },
  },
  {
    name: 'rule 1: one document twice in a commit is refused, and no writes at all are committed',
    async run(bed) {
      const backend = await bed.open();
      const twice = [bed.put('a'), { kind: 'check', collection: 'things', id: 'a', ifVersion: 'x' }] as const;
      await expectStorageError(() => backend.commit(twice), 'STORAGE_INVALID', 'one document twice');
      expectEqual(await read(backend, 'a'), undefined, 'the document that was named twice');
      await commit(backend, bed.put('a'), bed.put('a', {}, { collection: 'others' }));
      await commit(backend);
    },
  },
  {
    name: 'rule 2: a commit that landed and is sent again conflicts with its own version and changes nothing',
    async run(bed) {
      const backend = await bed.open();
      const created = { ...bed.put('a', { rank: 1, email: 'a' }), ifVersion: null };
      const along = bed.put('b', { rank: 2 });
      await commit(backend, created, along);
      await commit(backend, bed.put('b', { rank: 3 }));
      const again = { committed: false, conflict: { write: 0, reason: 'version', actual: created.version } };
      expectEqual(await backend.commit([created, along]), again, 'the same commit again');
      expectEqual((await read(backend, 'b'))?.data, { rank: 3 }, 'what was written since');
      const changed = { ...bed.put('a', { rank: 5 }), ifVersion: created.version };
      await commit(backend, changed);
      const resent = { committed: false, conflict: { write: 0, reason: 'version', actual: changed.version } };
      expectEqual(await backend.commit([changed]), resent, 'the same update again');
    },
  },
];
