import type { StorageBackend } from '../../ports/storage.ts';
import { expect, expectEqual, expectStorageError } from '../assertions.ts';
import { type ConformanceTest, commit, idsOf, read } from './test-bed.ts';

/** Rules 9, 11 and 14: what is not declared or not understood is refused, and never answered with emptiness. */
export const refusalTests: readonly ConformanceTest[] = [
  {
    name: 'rule 11: what was not declared is refused, by every method',
    async run(bed) {
      const backend = await bed.open();
      for (const collection of ['unknown', 'constructor', '__proto__', '']) {
        const ref = { collection, id: 'a' };
        const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
          ['get', () => backend.get([{ collection: 'things', id: 'a' }, ref])],
          ['query', () => backend.query({ collection, index: 'byRank', limit: 1 })],
          ['count', () => backend.count({ collection, index: 'byRank', upTo: 1 })],
          ['put', () => backend.commit([bed.put('beside'), bed.put('a', {}, { collection })])],
          ['delete', () => backend.commit([bed.put('beside'), { kind: 'delete', ...ref }])],
          ['check', () => backend.commit([bed.put('beside'), { kind: 'check', ...ref, ifVersion: 'v' }])],
          ['claim', () => backend.claim({ collection, limit: 1, leaseMs: 1 })],
        ];
        for (const [method, call] of calls) {
          await expectStorageError(
            call,
            'STORAGE_UNDECLARED',
            `${method} of the collection ${JSON.stringify(collection)}`,
          );
        }
      }
      for (const index of ['unknown', 'byKind', 'constructor', '__proto__', '']) {
        const query = { collection: 'things', index };
        await expectStorageError(
          () => backend.query({ ...query, limit: 1 }),
          'STORAGE_UNDECLARED',
          `query of the index ${index}`,
        );
        await expectStorageError(
          () => backend.count({ ...query, upTo: 1 }),
          'STORAGE_UNDECLARED',
          `count of the index ${index}`,
        );
      }
      expectEqual(await read(backend, 'beside'), undefined, 'the write beside an undeclared one');
    },
  },
  {
    name: 'rule 14: malformed requests are refused',
    async run(bed) {
      const backend = await bed.open();
      await commit(backend, bed.put('a', { rank: 1 }, { dueAt: 0 }));
      const query = { collection: 'things', index: 'byRank', limit: 1 };
      const claim = { collection: 'things', limit: 1, leaseMs: 1 };
      const calls: readonly (readonly [string, () => Promise<unknown>])[] = [
        ['a page of limit 0', () => backend.query({ ...query, limit: 0 })],
        ['a page of limit 1.5', () => backend.query({ ...query, limit: 1.5 })],
        ['a page without a limit', () => backend.query({ ...query, limit: undefined as unknown as number })],
        ['from that is no integer', () => backend.query({ ...query, from: 0.5 })],
        ['to that is infinite', () => backend.query({ ...query, to: Number.POSITIVE_INFINITY })],
        ['an unknown direction', () => backend.query({ ...query, direction: 'up' as 'ascending' })],
        ['an unknown consistency', () => backend.query({ ...query, consistency: 'weak' as 'strong' })],
        ['a negative staleness', () => backend.get([], { consistency: { maxStaleMs: -1 } })],
        ['a count up to 0', () => backend.count({ ...query, upTo: 0 })],
        ['an id that is empty', () => backend.get([{ collection: 'things', id: '' }])],
        ['an id that is a number', () => backend.get([{ collection: 'things', id: 1 as unknown as string }])],
        ['a claim of limit 0', () => backend.claim({ ...claim, limit: 0 })],
        ['a lease of 0', () => backend.claim({ ...claim, leaseMs: 0 })],
        ['a lease that is no integer', () => backend.claim({ ...claim, leaseMs: 0.5 })],
        ['a queue with NUL', () => backend.claim({ ...claim, queue: '\0' })],
        ['a sweep of limit 0', () => backend.sweep(0)],
        ['a sweep of limit NaN', () => backend.sweep(Number.NaN)],
      ];
      for (const [name, call] of calls) await expectStorageError(call, 'STORAGE_INVALID', name);
      expectEqual(await idsOf(backend, { ...query }), ['a'], 'the document, still unclaimed');
      expectEqual((await backend.claim(claim)).length, 1, 'a claim that is well-formed');
    },
  },
  {
    name: 'rule 14: capabilities, namespace and health are told as they are',
    async run(bed) {
      const backend: StorageBackend = await bed.open();
      const { durability, watch } = backend.capabilities;
      expect(['volatile', 'async', 'durable'].includes(durability), `durability ${durability} is one of three`);
      expect(typeof watch === 'boolean', 'capabilities.watch is a boolean');
      expect(/^[a-z][a-z0-9_]{0,39}$/.test(backend.namespace), `the namespace ${backend.namespace} fits the grammar`);
      const { writable, latencyMs } = await backend.health();
      expectEqual(writable, true, 'a backend under test is writable');
      expect(Number.isFinite(latencyMs) && latencyMs >= 0, `latencyMs ${latencyMs} is a time`);
    },
  },
];
