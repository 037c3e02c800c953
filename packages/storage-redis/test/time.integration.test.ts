import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { type Setting, single, storageOn } from './support/clients.ts';
import { JOBS, put, ref } from './support/documents.ts';
import { until } from './support/redis-server.ts';

const LEASE_MS = 60_000;

describe("the server's clock", () => {
  let setting: Setting;

  beforeAll(async () => {
    setting = await single('ioredis');
  });
  afterEach(() => {
    vi.useRealTimers();
  });
  afterAll(() => setting.stop());

  it.each([
    ['ahead', 300_000],
    ['behind', -300_000],
  ])(
    'rules on a host whose own is five minutes %s: no lease is stolen, nothing expires early or late',
    async (name, skew) => {
      const right = storageOn(setting, { namespace: `right_${name}` });
      const wrong = storageOn(setting, { namespace: `right_${name}` });
      await right.open([JOBS]);
      await wrong.open([JOBS]);
      const [seconds] = (await setting.command('', 'TIME')) as [string];
      const now = Number(seconds) * 1000;
      await right.commit([
        put('job', {}, { dueAt: now - 1 }),
        put('lives', {}, { expiresAt: now + 120_000 }),
        put('is-gone', {}, { expiresAt: now - 120_000 }),
      ]);
      const request = { collection: 'jobs', limit: 9, leaseMs: LEASE_MS };
      expect((await right.claim(request)).map(({ id }) => id)).toEqual(['job']);

      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + skew });
      expect(await wrong.claim(request)).toEqual([]);
      expect((await wrong.get(['lives', 'is-gone'].map(ref))).map((document) => document?.id)).toEqual([
        'lives',
        undefined,
      ]);
      await wrong.commit([put('other', {}, { dueAt: now - 1 })]);
      const [claimed] = await wrong.claim(request);
      expect(Math.abs((claimed?.dueAt ?? 0) - (now + LEASE_MS))).toBeLessThan(30_000);
      expect(await right.claim(request)).toEqual([]);
      await Promise.all([right.close(), wrong.close()]);
    },
  );

  it('keeps a rate limit for its period and forgets it then', async () => {
    const storage = storageOn(setting, { namespace: 'limits' });
    await storage.open([]);
    const limit = { key: 'k', limit: 2, cost: 2 };
    expect((await storage.throttle([{ ...limit, periodMs: 60_000 }])).allowed).toBe(true);
    expect((await storage.throttle([{ ...limit, periodMs: 60_000 }])).allowed).toBe(false);
    const left = Number(await setting.command('', 'PTTL', '{limits}:t:2/60000/k'));
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60_000);
    expect((await storage.throttle([{ ...limit, periodMs: 50 }])).allowed).toBe(true);
    await until(async () => (await setting.command('', 'EXISTS', '{limits}:t:2/50/k')) === 0);
    expect((await storage.throttle([{ ...limit, periodMs: 50 }])).allowed).toBe(true);
    await storage.close();
  });
});
