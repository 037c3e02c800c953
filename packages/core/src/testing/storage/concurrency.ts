import type { StorageBackend } from '../../ports/storage.ts';
import { ExpectationError, expect, expectEqual } from '../assertions.ts';
import { asStored, type ConformanceTest, commit, read, type TestBed } from './test-bed.ts';

const RACERS = 16;

/** Rule 1 under concurrency, over two instances on one namespace. */
export const concurrencyTests: readonly ConformanceTest[] = [
  {
    name: 'rule 1: of racers that create one document exactly one wins',
    async run(bed) {
      const instances = await pair(bed);
      for (let round = 0; round < 5; round++) {
        const id = `race-${round}`;
        const puts = times(RACERS, (racer) => ({ ...bed.put(id, { racer }), ifVersion: null }));
        const results = await Promise.all(puts.map((put, at) => turn(instances, at).commit([put])));
        const winners = puts.filter((_put, at) => results[at]?.committed);
        expectEqual(winners.length, 1, `winners among ${RACERS} racers`);
        const [winner] = winners;
        expectEqual(await read(instances[1], id), winner && asStored(winner), 'the document of the winner');
        for (const result of results) {
          if (result.committed) continue;
          expectEqual(result.conflict.reason, 'version', 'why a racer lost');
        }
      }
    },
  },
  {
    name: 'rule 1: concurrent read-modify-write loses no update',
    async run(bed) {
      const instances = await pair(bed);
      await commit(instances[0], bed.put('counter', { count: 0 }));
      const increment = async (backend: StorageBackend) => {
        for (let attempt = 0; attempt < 1000; attempt++) {
          const before = await read(backend, 'counter');
          const count = before?.data.count as number;
          const put = { ...bed.put('counter', { count: count + 1 }), ifVersion: before?.version ?? null };
          if ((await backend.commit([put])).committed) return;
        }
        throw new ExpectationError('an increment conflicted a thousand times');
      };
      await Promise.all(times(RACERS, (racer) => increment(turn(instances, racer))));
      expectEqual((await read(instances[0], 'counter'))?.data, { count: RACERS }, 'the counter');
    },
  },
  {
    name: 'rule 1: a check holds until the commit: no write skew',
    async run(bed) {
      const instances = await pair(bed);
      for (let round = 0; round < 25; round++) {
        const left = bed.put(`left-${round}`, { on: true });
        const right = bed.put(`right-${round}`, { on: true });
        await commit(instances[0], left, right);
        // Each turns one off after it has seen the other on: one at least must stay on.
        const turnOff = (off: typeof left, seen: typeof left, backend: StorageBackend) =>
          backend.commit([
            { kind: 'check', collection: 'things', id: seen.id, ifVersion: seen.version },
            { ...bed.put(off.id, { on: false }), ifVersion: off.version },
          ]);
        const results = await Promise.all([turnOff(left, right, instances[0]), turnOff(right, left, instances[1])]);
        expectEqual(results.filter(({ committed }) => committed).length, 1, 'winners of two crossing commits');
      }
    },
  },
  {
    name: 'rule 1: commits over the same documents in any order neither deadlock nor mix',
    async run(bed) {
      const instances = await pair(bed);
      const ids = times(6, (at) => `shared-${at}`);
      await commit(instances[0], ...ids.map((id) => bed.put(id, { writer: -1 })));
      const writers = times(RACERS, (writer) => {
        const order = bed.random.shuffle(ids);
        return turn(instances, writer).commit(order.map((id) => bed.put(id, { writer })));
      });
      const results = await Promise.all(writers);
      expect(
        results.every(({ committed }) => committed),
        'unconditional commits all land',
      );
      const documents = await instances[0].get(ids.map((id) => ({ collection: 'things', id })));
      const lastWriters = new Set(documents.map((document) => document?.data.writer));
      expectEqual(lastWriters.size, 1, `writers whose puts are left, ${JSON.stringify([...lastWriters])}`);
    },
  },
  {
    name: 'rule 1: a get sees a commit whole or not at all',
    async run(bed) {
      const instances = await pair(bed);
      const ids = times(8, (at) => `part-${at}`);
      const refs = ids.map((id) => ({ collection: 'things', id }));
      let writing = true;
      const write = async () => {
        try {
          for (let round = 1; round <= 40; round++) {
            await instances[0].commit(ids.map((id) => bed.put(id, { round })));
          }
        } finally {
          writing = false;
        }
      };
      const observe = async () => {
        while (writing) {
          const documents = await instances[1].get(refs);
          const rounds = new Set(documents.map((document) => document?.data.round ?? 0));
          expectEqual(rounds.size, 1, `commits in one snapshot, rounds ${JSON.stringify([...rounds])}`);
        }
      };
      const failures = (await Promise.allSettled([write(), observe(), observe()])).filter(
        (result) => result.status === 'rejected',
      );
      if (failures[0] !== undefined) throw failures[0].reason;
    },
  },
];

async function pair(bed: TestBed): Promise<readonly [StorageBackend, StorageBackend]> {
  return [await bed.open(), await bed.open()];
}

function turn(instances: readonly [StorageBackend, StorageBackend], at: number): StorageBackend {
  return at % 2 === 0 ? instances[0] : instances[1];
}

function times<T>(count: number, make: (at: number) => T): T[] {
  return Array.from({ length: count }, (_unused, at) => make(at));
}
