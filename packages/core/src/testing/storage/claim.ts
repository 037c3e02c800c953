import type { StorageBackend } from '../../ports/storage.ts';
import { expect, expectEqual } from '../assertions.ts';
import { asStored, type ConformanceTest, commit, idsOf, read } from './test-bed.ts';

const LEASE_MS = 60_000;

/** Rule 3: leases. */
export const claimTests: readonly ConformanceTest[] = [
  {
    name: 'rule 3: a claim takes what is due, earliest first, and neither early nor from another queue',
    async run(bed) {
      const backend = await bed.open();
      const now = bed.clock.now();
      const dues: readonly (readonly [string, number, string?])[] = [
        ['later', now + 1],
        ['second-b', now - 10],
        ['second-a', now - 10],
        ['first', now - 50],
        ['just', now],
        ['elsewhere', now - 100, 'mail'],
      ];
      await commit(backend, ...dues.map(([id, dueAt, dueQueue = '']) => bed.put(id, {}, { dueAt, dueQueue })));
      await commit(backend, bed.put('never'));
      expectEqual(await claimIds(backend, 2), ['first', 'second-a'], 'the first two');
      expectEqual(await claimIds(backend, 10), ['second-b', 'just'], 'the rest');
      expectEqual(await claimIds(backend, 10), [], 'nothing left');
      expectEqual(await claimIds(backend, 10, 'mail'), ['elsewhere'], 'the other queue');
      bed.clock.advance(1);
      expectEqual(await claimIds(backend, 10), ['later'], 'one millisecond on');
    },
  },
  {
    name: 'rule 3: a claim sets a lease and a fresh version, and leaves the rest',
    async run(bed) {
      const backend = await bed.open();
      const rest = {
        bytes: Uint8Array.of(7),
        dueAt: bed.clock.now(),
        dueQueue: 'mail',
        expiresAt: bed.clock.now() + 1e9,
      };
      const put = bed.put('job', { rank: 4, owner: 'ann' }, rest);
      await commit(backend, put);
      const request = { collection: 'things', queue: 'mail', limit: 5, leaseMs: LEASE_MS };
      const [claimed] = await backend.claim(request);
      expect(claimed !== undefined, 'a due document is claimed');
      expect(claimed.version !== put.version, 'a claim gives a fresh version');
      const leased = { ...asStored(put), version: claimed.version, dueAt: bed.clock.now() + LEASE_MS };
      expectEqual(claimed, leased, 'the claimed document');
      expectEqual(await read(backend, 'job'), leased, 'the stored document');
      const from = bed.clock.now() + LEASE_MS;
      expectEqual(await idsOf(backend, { collection: 'things', index: 'byDue', from }), ['job'], 'an index by $dueAt');
      const stale = { ...bed.put('job'), ifVersion: put.version };
      const conflict = { write: 0, reason: 'version', actual: claimed.version };
      expectEqual(await backend.commit([stale]), { committed: false, conflict }, 'a write at the version before');
    },
  },
  {
    name: 'rule 3: a lease that ran out is claimed again, and its first owner is fenced off',
    async run(bed) {
      const [crashed, successor] = [await bed.open(), await bed.open()];
      await commit(crashed, bed.put('job', { done: false }, { dueAt: bed.clock.now() }));
      const request = { collection: 'things', limit: 1, leaseMs: LEASE_MS };
      const [first] = await crashed.claim(request);
      bed.clock.advance(LEASE_MS - 1);
      expectEqual(await successor.claim(request), [], 'a claim one millisecond before the lease ends');
      bed.clock.advance(1);
      const [second] = await successor.claim(request);
      expect(first !== undefined && second !== undefined, 'both claims got the document');
      expect(first.version !== second.version, 'the second claim gives another version');
      const late = { ...bed.put('job', { done: true }), ifVersion: first.version };
      expectEqual((await crashed.commit([late])).committed, false, 'a write of the worker that overstayed');
      const done = { ...bed.put('job', { done: true }), ifVersion: second.version };
      await commit(successor, done);
      expectEqual(await successor.claim(request), [], 'a finished document without dueAt');
    },
  },
  {
    name: 'rule 3: concurrent claimers share the work without overlap',
    async run(bed) {
      const instances = [await bed.open(), await bed.open()];
      const ids = Array.from({ length: 60 }, (_unused, at) => `job-${String(at).padStart(2, '0')}`);
      await commit(instances[0] as StorageBackend, ...ids.map((id) => bed.put(id, {}, { dueAt: bed.clock.now() })));
      const work = async (backend: StorageBackend) => {
        const mine: string[] = [];
        while (true) {
          const taken = await claimIds(backend, 7);
          if (taken.length === 0) return mine;
          mine.push(...taken);
        }
      };
      const taken = await Promise.all(
        Array.from({ length: 8 }, (_unused, at) => work(instances[at % 2] as StorageBackend)),
      );
      expectEqual(taken.flat().sort(), ids, 'every document by exactly one claimer');
      const versions = new Set(
        await Promise.all(ids.map(async (id) => (await read(instances[0] as StorageBackend, id))?.version)),
      );
      expectEqual(versions.size, ids.length, 'a version of its own for each claim');
    },
  },
];

async function claimIds(backend: StorageBackend, limit: number, queue?: string): Promise<string[]> {
  const request = { collection: 'things', limit, leaseMs: LEASE_MS, ...(queue !== undefined && { queue }) };
  return (await backend.claim(request)).map(({ id }) => id);
}
