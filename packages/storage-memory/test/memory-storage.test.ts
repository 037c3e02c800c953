import { VirtualClock } from '@chancery/core/testing';
import { MemoryDatabase, MemoryStorage } from '@chancery/storage-memory';
import { describe, expect, it } from 'vitest';
import { ThrottleMeters } from '../src/throttle-meters.ts';

const NOTES = {
  name: 'notes',
  indexes: { byTime: { orderBy: 'time' } },
  unique: { title: ['title'] },
  watch: true,
} as const;

function put(id: string, data = {}, rest = {}) {
  return { kind: 'put', collection: 'notes', id, version: `version of ${id}`, data, ...rest } as const;
}

describe('MemoryStorage', () => {
  it('is volatile, watches, and lives in the namespace chancery by default', async () => {
    await using storage = new MemoryStorage();
    expect(storage.namespace).toBe('chancery');
    expect(storage.capabilities).toEqual({ durability: 'volatile', watch: true });
    expect(await storage.health()).toEqual({ writable: true, latencyMs: 0 });
  });

  it.each(['', 'Upper', '1st', 'a'.repeat(41), 'with-dash', 7])('refuses the namespace %j', (namespace) => {
    expect(() => new MemoryStorage({ namespace: namespace as string })).toThrow(
      expect.objectContaining({ code: 'STORAGE_INVALID', message: expect.stringContaining('namespace') }),
    );
  });

  it.each([
    [null, 'options'],
    [{ namespac: 'tenant' }, '"namespac"'],
    [{ database: {} }, 'database'],
    [{ clock: { now: 7 } }, 'clock'],
  ])('refuses the options %j', (options, text) => {
    expect(() => new MemoryStorage(options as never)).toThrow(
      expect.objectContaining({ code: 'STORAGE_INVALID', message: expect.stringContaining(text) }),
    );
  });

  it('finds by an index that was added what took the place of an expired document', async () => {
    const clock = new VirtualClock();
    const storage = new MemoryStorage({ clock });
    await storage.open([{ name: 'notes' }]);
    await storage.commit([put('n1', { time: 1 }, { expiresAt: clock.now() + 1_000 })]);
    clock.advance(1_000);
    await storage.open([{ name: 'notes', indexes: NOTES.indexes }]);
    await storage.commit([put('n1', { time: 1 })]);
    const { documents } = await storage.query({ collection: 'notes', index: 'byTime', limit: 10 });
    expect(documents.map(({ id }) => id)).toEqual(['n1']);
  });

  it('takes the time of the system without a clock', async () => {
    const storage = new MemoryStorage();
    await storage.open([NOTES]);
    await storage.commit([
      put('gone', {}, { expiresAt: Date.now() - 1 }),
      put('here', {}, { expiresAt: Date.now() + 60_000 }),
    ]);
    const refs = ['gone', 'here'].map((id) => ({ collection: 'notes', id }));
    expect((await storage.get(refs)).map((document) => document?.id)).toEqual([undefined, 'here']);
  });

  it('shares memory by database only', async () => {
    const database = new MemoryDatabase();
    const [left, right, apart] = [
      new MemoryStorage({ database }),
      new MemoryStorage({ database }),
      new MemoryStorage(),
    ];
    for (const storage of [left, right, apart]) await storage.open([NOTES]);
    await left.commit([put('a')]);
    const found = await Promise.all(
      [left, right, apart].map((storage) => storage.get([{ collection: 'notes', id: 'a' }])),
    );
    expect(found.map(([document]) => document?.id)).toEqual(['a', 'a', undefined]);
  });

  it('gives data that is frozen, so that no reader can change what another reads', async () => {
    const storage = new MemoryStorage();
    await storage.open([NOTES]);
    await storage.commit([put('a', { list: [1] })]);
    const [document] = await storage.get([{ collection: 'notes', id: 'a' }]);
    const list = document?.data.list;
    expect(Object.isFrozen(document?.data)).toBe(true);
    expect(() => Array.isArray(list) && list.push(2)).toThrow(TypeError);
  });

  it('pages through 100,000 documents in both directions, and lets go of them', async () => {
    const clock = new VirtualClock();
    const storage = new MemoryStorage({ clock });
    await storage.open([NOTES]);
    const count = 100_000;
    const expiresAt = clock.now() + 1000;
    for (let start = 0; start < count; start += 250) {
      const batch = Array.from({ length: 250 }, (_unused, at) => {
        const number = (start + at) * 7919;
        return put(`note-${number % count}`, { time: number % 1000, title: `${number % count}` }, { expiresAt });
      });
      await storage.commit(batch);
    }
    for (const direction of ['ascending', 'descending'] as const) {
      const times: number[] = [];
      const seen = new Set<string>();
      let cursor: string | undefined;
      do {
        const query = { collection: 'notes', index: 'byTime', direction, limit: 1000 } as const;
        const page = await storage.query({ ...query, ...(cursor && { cursor }) });
        for (const { id, data } of page.documents) {
          seen.add(id);
          times.push(data.time as number);
        }
        cursor = page.cursor;
      } while (cursor !== undefined);
      const sorted = times.toSorted((left, right) => (direction === 'ascending' ? left - right : right - left));
      expect(times).toEqual(sorted);
      expect([times.length, seen.size]).toEqual([count, count]);
    }
    clock.advance(1000);
    expect(await storage.count({ collection: 'notes', index: 'byTime', upTo: count })).toBe(0);
    expect(await storage.sweep(count - 1)).toEqual({ removed: count - 1, more: true });
    expect(await storage.sweep(count)).toEqual({ removed: 1, more: false });
  });

  it('tells listeners after the commit, and none once it is closed', async () => {
    const database = new MemoryDatabase();
    const [watcher, writer] = [new MemoryStorage({ database }), new MemoryStorage({ database })];
    for (const storage of [watcher, writer]) await storage.open([NOTES]);
    const seen: unknown[] = [];
    await watcher.watch('notes', (ids) => seen.push(ids));
    const commit = writer.commit([put('a'), put('b'), { kind: 'delete', collection: 'notes', id: 'absent' }]);
    expect(seen).toEqual([]);
    await commit;
    await writer.health();
    expect(seen).toEqual([['a', 'b']]);
    await writer.commit([{ ...put('a'), ifVersion: 'other' }]);
    await watcher.close();
    await writer.commit([put('c')]);
    await writer.health();
    expect(seen).toEqual([['a', 'b']]);
  });

  it('tells nobody who stopped listening while the notice was on its way', async () => {
    const storage = new MemoryStorage();
    await storage.open([NOTES]);
    const seen: unknown[] = [];
    const stop = await storage.watch('notes', (ids) => seen.push(ids));
    await Promise.all([storage.commit([put('a')]), stop()]);
    await storage.health();
    expect(seen).toEqual([]);
  });

  it('offers its sweep as a chore', async () => {
    const clock = new VirtualClock();
    const storage = new MemoryStorage({ clock, namespace: 'tenant_1' });
    await storage.open([NOTES]);
    await storage.commit([put('a', {}, { expiresAt: clock.now() + 5 }), put('b', {}, { expiresAt: clock.now() + 5 })]);
    clock.advance(5);
    const [task] = storage.maintenance();
    expect(task?.name).toBe('storage:tenant_1:sweep');
    expect(await task?.run({ limit: 1 })).toEqual({ more: true, nextDueAt: clock.now() });
    expect(await task?.run({ limit: 1 })).toEqual({ more: false, nextDueAt: clock.now() + 60_000 });
  });
});

describe('ThrottleMeters', () => {
  it('drops the meters of passers-by as others come', () => {
    const meters = new ThrottleMeters();
    const request = (key: string, periodMs: number) => ({
      key,
      limit: 1,
      periodMs,
      cost: 1,
      meterKey: `${key}/${periodMs}`,
    });
    meters.throttle([request('long', 1_000_000)], 0);
    for (let visitor = 0; visitor < 1000; visitor++) meters.throttle([request(`visitor-${visitor}`, 10)], visitor * 10);
    expect(meters.size).toBeLessThan(10);
    expect(meters.throttle([request('long', 1_000_000)], 999_999).allowed).toBe(false);
    expect(meters.throttle([request('long', 1_000_000)], 1_000_000).allowed).toBe(true);
  });
});
