import { MemoryDatabase, MemoryStorage } from '@chancery/storage-memory';
import { describe, expect, it } from 'vitest';
import type { PutWrite, StorageBackend } from '../../src/ports/storage.ts';
import { layeredStorage } from '../../src/store/layered-storage.ts';
import { faultInjector } from '../../src/testing/fault-injector.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';

const BOUND = 5000;
const STALE = { consistency: { maxStaleMs: BOUND } } as const;
const PAGES = { name: 'pages', indexes: { byRank: { orderBy: 'rank' } }, watch: true };
const ref = (id: string) => ({ collection: 'pages', id });

let versions = 0;
function put(id: string, rank: number, rest: Partial<PutWrite> = {}): PutWrite {
  versions += 1;
  return { kind: 'put', collection: 'pages', id, version: `v${versions}`, data: { rank }, ...rest };
}

async function stage(options: { hostClock?: VirtualClock } = {}) {
  const clock = new VirtualClock();
  const database = new MemoryDatabase();
  const primary = faultInjector(new MemoryStorage({ clock, database }), { seed: 1 });
  const cache = faultInjector(new MemoryStorage({ clock, namespace: 'cache' }), { seed: 1 });
  const layered = layeredStorage({
    primary,
    cache,
    maxStaleMs: BOUND,
    clock: options.hostClock ?? clock,
    cacheTimeoutMs: 20_000,
  });
  await layered.open([PAGES]);
  // An instance without the cache, whose writes leave the copies as they are.
  const other = new MemoryStorage({ clock, database });
  await other.open([PAGES]);
  const rank = async (id: string, backend: StorageBackend = layered, read: object = STALE) =>
    (await backend.get([ref(id)], read))[0]?.data.rank;
  return { clock, primary, cache, layered, other, rank };
}

describe('layeredStorage', () => {
  it('serves a copy to the last millisecond of its bound, and not in the next', async () => {
    const { clock, layered, other, rank } = await stage();
    await layered.commit([put('a', 1)]);
    expect(await rank('a')).toBe(1);
    await other.commit([put('a', 2)]);
    clock.advance(BOUND - 1);
    expect(await rank('a')).toBe(1);
    clock.advance(1);
    expect(await rank('a')).toBe(2);
  });

  it.each([
    ['ahead', 300_000],
    ['behind', -300_000],
  ])('keeps its bound while the clock of the host is five minutes %s, then jumps back', async (_name, skew) => {
    const hostClock = new VirtualClock();
    const { clock, layered, other, rank } = await stage({ hostClock });
    hostClock.set(clock.now() + skew);
    await layered.commit([put('a', 1)]);
    expect(await rank('a')).toBe(1);
    await other.commit([put('a', 2)]);
    hostClock.set(clock.now());
    clock.advance(BOUND - 1);
    expect(await rank('a')).toBe(1);
    clock.advance(1);
    expect(await rank('a')).toBe(2);
  });

  it('counts the bound from before the primary was read, also when the host says that no time has passed', async () => {
    const hostClock = new VirtualClock();
    const { clock, layered, other, rank } = await stage({ hostClock });
    await layered.commit([put('a', 1), put('b', 1)]);
    expect(await rank('a')).toBe(1);
    // By the host's clock the instant that was told for "a" is fresh still.
    clock.advance(BOUND / 2);
    expect(await rank('b')).toBe(1);
    await other.commit([put('b', 2)]);
    clock.advance(BOUND / 2);
    expect(await rank('b')).toBe(2);
  });

  it('reads the truth when asked for it, for less staleness, and for several documents', async () => {
    const { layered, other, rank } = await stage();
    await layered.commit([put('a', 1), put('b', 1)]);
    await rank('a');
    await rank('b');
    await other.commit([put('a', 2), put('b', 2)]);
    expect(await rank('a', layered, {})).toBe(2);
    expect(await rank('a', layered, { consistency: 'strong' })).toBe(2);
    expect(await rank('a', layered, { consistency: { maxStaleMs: BOUND - 1 } })).toBe(2);
    const both = await layered.get([ref('a'), ref('b')], STALE);
    expect(both.map((document) => document?.data.rank)).toEqual([2, 2]);
    expect(await rank('a')).toBe(1);
  });

  it('forgets what it writes, claims and deletes', async () => {
    const { clock, layered, rank } = await stage();
    await layered.commit([put('a', 1, { dueAt: clock.now() }), put('b', 1)]);
    await rank('a');
    await rank('b');
    await layered.commit([put('b', 2)]);
    expect(await rank('b')).toBe(2);
    const [claimed] = await layered.claim({ collection: 'pages', limit: 1, leaseMs: 100 });
    expect((await layered.get([ref('a')], STALE))[0]).toEqual(claimed);
    await layered.commit([{ kind: 'delete', collection: 'pages', id: 'b' }]);
    expect(await rank('b')).toBeUndefined();
  });

  it('forgets what a commit may have written whose answer was lost', async () => {
    const { primary, layered, rank } = await stage();
    await layered.commit([put('a', 1)]);
    await rank('a');
    primary.plan({ method: 'commit', kind: 'loseAnswer' });
    await expect(layered.commit([put('a', 2)])).rejects.toMatchObject({ outcome: 'unknown' });
    expect(await rank('a')).toBe(2);
  });

  it('gives back the whole document, and none of it after its expiry', async () => {
    const { clock, layered, other } = await stage();
    const rest = { bytes: Uint8Array.of(0, 255), expiresAt: clock.now() + 900, dueAt: clock.now() + 5, dueQueue: 'q' };
    const full = put('a', 1, rest);
    await layered.commit([full, put('empty', 1, { bytes: new Uint8Array() }), put('plain', 1)]);
    for (const id of ['a', 'empty', 'plain']) {
      const strong = await other.get([ref(id)]);
      expect(await layered.get([ref(id)], STALE)).toEqual(strong);
      expect(await layered.get([ref(id)], STALE)).toEqual(strong);
    }
    clock.advance(900);
    expect(await layered.get([ref('a')], STALE)).toEqual([undefined]);
  });

  it('serves what is too large for the cache from the primary, and others from the cache still', async () => {
    const { layered, other, rank } = await stage();
    await layered.commit([put('large', 1, { bytes: new Uint8Array(1024 * 1024) }), put('a', 1)]);
    expect(await rank('large')).toBe(1);
    expect(await rank('a')).toBe(1);
    await other.commit([put('large', 2), put('a', 2)]);
    expect([await rank('large'), await rank('a')]).toEqual([2, 1]);
  });

  it('does not lose or bend an answer when the cache fails', async () => {
    const { clock, cache, layered, other, rank } = await stage();
    await layered.commit([put('a', 1)]);
    for (const kind of ['refuse', 'loseRequest', 'loseAnswer'] as const) {
      for (const method of ['get', 'commit', 'claim', 'open'] as const) {
        cache.plan({ method, kind });
        clock.advance(BOUND);
        const next = (await other.get([ref('a')]))[0]?.data.rank as number;
        await layered.commit([put('a', next + 1)]);
        expect(await rank('a')).toBe(next + 1);
        expect(await rank('a')).toBe(next + 1);
      }
    }
  });

  it('passes over a cache that does not answer, and comes back to it', async () => {
    const { clock, primary } = await stage();
    const memory = new MemoryStorage({ clock, namespace: 'cache' });
    let hangs = true;
    let asked = 0;
    const cache = new Proxy(memory, {
      get: (target, name) => {
        const value = Reflect.get(target, name);
        if (typeof value !== 'function') return value;
        if (name === 'get') asked += 1;
        return hangs ? () => new Promise(() => undefined) : value.bind(target);
      },
    });
    const layered = layeredStorage({ primary, cache, maxStaleMs: BOUND, clock, cacheTimeoutMs: 5 });
    await layered.open([PAGES]);
    await layered.commit([put('a', 1)]);
    expect((await layered.get([ref('a')], STALE))[0]?.data.rank).toBe(1);
    hangs = false;
    clock.advance(1000);
    const before = asked;
    const fresh = layeredStorage({ primary, cache, maxStaleMs: BOUND, clock, cacheTimeoutMs: 20_000 });
    await fresh.open([PAGES]);
    for (const backend of [fresh, fresh]) await backend.get([ref('a')], STALE);
    expect(asked).toBeGreaterThan(before);
  });

  it('leaves malformed calls to the primary', async () => {
    const { layered } = await stage();
    const bad: readonly [unknown, unknown][] = [
      [undefined, STALE],
      [[undefined], STALE],
      [[{ collection: 'pages', id: '' }], STALE],
      [[ref('a')], { consistency: { maxStaleMs: -1 } }],
      [[ref('a')], { consistency: 'weak' }],
    ];
    for (const [refs, options] of bad) await expect(layered.get(refs as never, options as never)).rejects.toThrow();
    await expect(layered.get([{ collection: 'other', id: 'a' }], STALE)).rejects.toMatchObject({
      code: 'STORAGE_UNDECLARED',
    });
  });

  it.each([0, -1, 1.5, Number.NaN, '5'])('refuses the bound %j', (maxStaleMs) => {
    const storage = new MemoryStorage();
    expect(() => layeredStorage({ primary: storage, cache: storage, maxStaleMs: maxStaleMs as number })).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining('maxStaleMs') }),
    );
  });

  const primary = new MemoryStorage();
  const cache = new MemoryStorage({ namespace: 'cache' });

  it.each<[string, unknown]>([
    ['options', undefined],
    ['cache', { primary, maxStaleMs: 1 }],
    ['cache', { primary, cache: {}, maxStaleMs: 1 }],
    ['primary', { cache, primary: 7, maxStaleMs: 1 }],
    ['two storages', { primary, cache: primary, maxStaleMs: 1 }],
  ])('refuses to be made without two storages, and says so of %s', (named, options) => {
    expect(() => layeredStorage(options as never)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(named) }),
    );
  });
});
