import type { CommitResult } from '../../ports/storage.ts';
import { expect, expectEqual } from '../assertions.ts';
import { asStored, type ConformanceTest, commit, idsOf, read } from './test-bed.ts';

const LIFE_MS = 5000;

/** Rule 4: a document is there until the millisecond before `expiresAt`, and absent from `expiresAt` on, for everything. */
export const expiryTests: readonly ConformanceTest[] = [
  {
    name: 'rule 4: expiry is exact to the millisecond for get, query, count and claim',
    async run(bed) {
      const backend = await bed.open();
      const expiresAt = bed.clock.now() + LIFE_MS;
      const put = bed.put('a', { rank: 1 }, { expiresAt, dueAt: 0 });
      await commit(backend, put, bed.put('kept', { rank: 2 }));
      const byRank = { collection: 'things', index: 'byRank' };
      bed.clock.advance(LIFE_MS - 1);
      expectEqual(await read(backend, 'a'), asStored(put), 'get one millisecond before expiry');
      expectEqual(await idsOf(backend, byRank), ['a', 'kept'], 'query one millisecond before expiry');
      expectEqual(await backend.count({ ...byRank, upTo: 9 }), 2, 'count one millisecond before expiry');
      bed.clock.advance(1);
      expectEqual(await read(backend, 'a'), undefined, 'get at expiresAt');
      expectEqual(await idsOf(backend, byRank), ['kept'], 'query at expiresAt');
      expectEqual(await idsOf(backend, { ...byRank, direction: 'descending' }), ['kept'], 'backwards at expiresAt');
      expectEqual(await backend.count({ ...byRank, upTo: 9 }), 1, 'count at expiresAt');
      expectEqual(await backend.claim({ collection: 'things', limit: 9, leaseMs: 1 }), [], 'claim at expiresAt');
    },
  },
  {
    name: 'rule 4: a claim takes a document in its last millisecond and keeps its expiry',
    async run(bed) {
      const backend = await bed.open();
      const expiresAt = bed.clock.now() + LIFE_MS;
      await commit(backend, bed.put('job', {}, { expiresAt, dueAt: 0 }));
      bed.clock.advance(LIFE_MS - 1);
      const claimed = await backend.claim({ collection: 'things', limit: 1, leaseMs: 1000 });
      expectEqual(
        claimed.map((document) => document.expiresAt),
        [expiresAt],
        'expiry of a claimed document',
      );
      bed.clock.advance(1);
      expectEqual(await read(backend, 'job'), undefined, 'a leased document at its expiry');
    },
  },
  {
    name: 'rule 4: to conditions an expired document is absent',
    async run(bed) {
      const backend = await bed.open();
      const expiresAt = bed.clock.now() + LIFE_MS;
      const puts = ['put', 'delete', 'check'].map((id) => bed.put(id, { rank: 1 }, { expiresAt }));
      await commit(backend, ...puts);
      bed.clock.advance(LIFE_MS - 1);
      const [created] = puts;
      const early = await backend.commit([{ ...bed.put('put'), ifVersion: null }]);
      const present = { write: 0, reason: 'version', actual: created?.version };
      expectEqual(early, { committed: false, conflict: present }, 'ifVersion null one millisecond before expiry');
      bed.clock.advance(1);
      const absent: CommitResult = { committed: false, conflict: { write: 0, reason: 'version', actual: null } };
      const version = (at: number) => puts[at]?.version as string;
      expectEqual(await backend.commit([{ ...bed.put('put'), ifVersion: version(0) }]), absent, 'a put at its version');
      const place = { collection: 'things' } as const;
      const deletion = { kind: 'delete', ...place, id: 'delete', ifVersion: version(1) } as const;
      expectEqual(await backend.commit([deletion]), absent, 'a delete at its version');
      const check = { kind: 'check', ...place, id: 'check', ifVersion: version(2) } as const;
      expectEqual(await backend.commit([check]), absent, 'a check at its version');
      const next = { ...bed.put('put', { rank: 2 }), ifVersion: null };
      await commit(backend, next, { kind: 'delete', ...place, id: 'delete' });
      expectEqual(await read(backend, 'put'), asStored(next), 'a document that was created again');
      expectEqual(await idsOf(backend, { collection: 'things', index: 'byRank' }), ['put'], 'its only index entry');
    },
  },
  {
    name: 'rule 4: a put that is expired on arrival leaves the document absent',
    async run(bed) {
      const backend = await bed.open();
      await commit(backend, bed.put('a', { rank: 1 }), bed.put('holder', { email: 'e' }));
      const expiresAt = bed.clock.now();
      await commit(backend, bed.put('a', { rank: 2 }, { expiresAt }), bed.put('b', { email: 'e' }, { expiresAt }));
      expectEqual(await read(backend, 'a'), undefined, 'a document put with an expiry that has come');
      const rival = await backend.commit([bed.put('c', { email: 'e' })]);
      const conflict = { write: 0, reason: 'unique', constraint: 'email' };
      expectEqual(rival, { committed: false, conflict }, 'the unique value, still with its live holder');
    },
  },
  {
    name: 'rule 4: sweep removes what has expired and nothing else, and changes no answer',
    async run(bed) {
      const backend = await bed.open();
      const now = bed.clock.now();
      const expired = Array.from({ length: 7 }, (_unused, at) =>
        bed.put(`x${at}`, { rank: at }, { expiresAt: now + 10 }),
      );
      const kept = [bed.put('kept', { rank: 50 }), bed.put('later', { rank: 51 }, { expiresAt: now + 11 })];
      await commit(backend, ...expired, ...kept, bed.put('x', {}, { collection: 'others', expiresAt: now + 10 }));
      expectEqual(await backend.sweep(100), { removed: 0, more: false }, 'a sweep before expiry');
      bed.clock.advance(10);
      let removed = 0;
      for (let rounds = 0; rounds < 20; rounds++) {
        const swept = await backend.sweep(3);
        expect(swept.removed <= 3, `a sweep of limit 3 removed ${swept.removed}`);
        removed += swept.removed;
        if (!swept.more) break;
      }
      expectEqual(removed, 8, 'documents swept, in both collections');
      expectEqual(await backend.sweep(3), { removed: 0, more: false }, 'a sweep with nothing left');
      expectEqual(await idsOf(backend, { collection: 'things', index: 'byRank' }), ['kept', 'later'], 'what is left');
      bed.clock.advance(1);
      expectEqual(await backend.sweep(1), { removed: 1, more: false }, 'a sweep one millisecond on');
    },
  },
];
