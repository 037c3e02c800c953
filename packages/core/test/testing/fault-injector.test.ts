import { type StorageBackend, StorageError } from '@chancery/core/ports';
import { type FaultInjectorOptions, type FaultKind, faultInjector, VirtualClock } from '@chancery/core/testing';
import { MemoryStorage } from '@chancery/storage-memory';
import { describe, expect, it } from 'vitest';

async function setUp(options: Partial<FaultInjectorOptions> = {}) {
  const backend = new MemoryStorage({ clock: new VirtualClock() });
  await backend.open([{ name: 'things', watch: true }]);
  return { backend, storage: faultInjector(backend, { seed: 1, ...options }) };
}

function put(id: string, version = id) {
  return { kind: 'put', collection: 'things', id, version, data: {} } as const;
}

async function has(backend: StorageBackend, id: string): Promise<boolean> {
  return (await backend.get([{ collection: 'things', id }]))[0] !== undefined;
}

async function failure(call: Promise<unknown>): Promise<StorageError> {
  const error = await call.then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(StorageError);
  return error as StorageError;
}

describe('faultInjector', () => {
  it.each([
    ['refuse', 'none', false],
    ['loseRequest', 'unknown', false],
    ['loseAnswer', 'unknown', true],
    ['landLate', 'unknown', false],
  ] as const)('%s rejects with outcome %s', async (kind, outcome, landed) => {
    const { backend, storage } = await setUp();
    storage.plan({ method: 'commit', kind });
    const error = await failure(storage.commit([put('a')]));
    expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE', retryable: true, outcome });
    expect(await has(backend, 'a')).toBe(landed);
    expect(await storage.commit([put('b')])).toEqual({ committed: true });
    expect(await has(backend, 'b')).toBe(true);
  });

  it('landLate takes effect within three calls, or when it settles', async () => {
    const { backend, storage } = await setUp();
    storage.plan({ method: 'commit', kind: 'landLate', times: 2 });
    await failure(storage.commit([put('a')]));
    for (let call = 0; call < 3; call++) await storage.health();
    expect(await has(backend, 'a')).toBe(true);
    await failure(storage.commit([put('b')]));
    expect(storage.log.at(-1)?.effect).toBe('pending');
    await storage.settle();
    expect(await has(backend, 'b')).toBe(true);
    expect(storage.log.map(({ effect }) => effect)).toEqual(['landed', 'landed']);
  });

  it('a late original loses against the commit that was sent again', async () => {
    const { backend, storage } = await setUp();
    storage.plan({ kind: 'landLate' });
    const write = { ...put('a', 'mine'), ifVersion: null };
    await failure(storage.commit([write]));
    const resent = await backend.commit([write]);
    expect(resent).toEqual({ committed: true });
    await backend.commit([{ ...put('a', 'next'), ifVersion: 'mine' }]);
    await storage.settle();
    expect((await backend.get([{ collection: 'things', id: 'a' }]))[0]?.version).toBe('next');
  });

  it('delay lets a later call overtake', async () => {
    const { storage } = await setUp();
    storage.plan({ kind: 'delay' });
    const first = storage.commit([{ ...put('a', 'first'), ifVersion: null }]);
    const second = storage.commit([{ ...put('a', 'second'), ifVersion: null }]);
    expect(await second).toEqual({ committed: true });
    expect(await first).toMatchObject({ committed: false, conflict: { actual: 'second' } });
  });

  it.each<FaultKind>(['refuse', 'loseRequest', 'loseAnswer', 'landLate'])(
    'a read hit by %s leaves no doubt',
    async (kind) => {
      const { storage } = await setUp();
      storage.plan({ method: 'get', kind });
      expect((await failure(storage.get([]))).outcome).toBe('none');
    },
  );

  it('rules skip, repeat, and hit the method that they name only', async () => {
    const { storage } = await setUp();
    storage.plan({ method: 'commit', kind: 'refuse', skip: 1, times: 2 });
    const results: string[] = [];
    for (let call = 0; call < 5; call++) {
      await storage.health();
      results.push(
        await storage.commit([put(`d${call}`)]).then(
          () => 'done',
          () => 'refused',
        ),
      );
    }
    expect(results).toEqual(['done', 'refused', 'refused', 'done', 'done']);
    expect(storage.log.map(({ call }) => call)).toEqual([4, 6]);
    expect(storage.calls).toBe(10);
  });

  it('a storage that is gone for good comes back when it is healed', async () => {
    const { storage } = await setUp({ rate: 0.5 });
    storage.plan({ kind: 'refuse', times: Number.POSITIVE_INFINITY });
    for (let call = 0; call < 20; call++) await failure(storage.health());
    storage.heal();
    for (let call = 0; call < 50; call++) expect((await storage.health()).writable).toBe(true);
  });

  it('the same seed gives the same faults, another one others', async () => {
    const run = async (seed: number) => {
      const { storage } = await setUp({ seed, rate: 0.3 });
      for (let call = 0; call < 200; call++) {
        await (call % 2 === 0 ? storage.commit([put(`d${call}`)]) : storage.get([])).catch(() => undefined);
      }
      return storage.log;
    };
    const [first, again, other] = [await run(7), await run(7), await run(8)];
    expect(again).toEqual(first);
    expect(other).not.toEqual(first);
    expect(first.length).toBeGreaterThan(30);
    expect(first.length).toBeLessThan(90);
    expect(new Set(first.map(({ kind }) => kind)).size).toBe(5);
  });

  it('random faults keep to the methods and kinds that were chosen', async () => {
    const { storage } = await setUp({ rate: 1, methods: ['commit'], kinds: ['loseAnswer'] });
    await storage.get([]);
    await failure(storage.commit([put('a')]));
    expect(storage.log).toEqual([{ call: 2, method: 'commit', kind: 'loseAnswer', effect: 'landed' }]);
  });

  it('what the backend itself refuses stays refused', async () => {
    const { storage } = await setUp();
    expect((await failure(storage.sweep(0))).code).toBe('STORAGE_INVALID');
    storage.plan({ kind: 'loseAnswer' });
    expect((await failure(storage.sweep(0))).outcome).toBe('unknown');
    expect(storage.log.at(-1)?.effect).toBe('failed');
  });

  it('watch passes through, and a rate outside 0 to 1 is refused', async () => {
    const { backend, storage } = await setUp();
    expect(storage.watch).toBeTypeOf('function');
    const ids: string[] = [];
    await storage.watch?.('things', (changed) => ids.push(...(changed ?? [])));
    await backend.commit([put('a')]);
    await backend.health();
    expect(ids).toEqual(['a']);
    expect(() => faultInjector(backend, { seed: 1, rate: 1.5 })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('1.5') }),
    );
  });
});
