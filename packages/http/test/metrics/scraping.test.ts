import { InvalidInputError, StorageError } from '@chancery/core';
import { VirtualClock } from '@chancery/core/testing';
import { Counter, Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { overriding } from '../../../core/test/support/test-storage.ts';
import { createMetrics, type MetricsOptions } from '../../src/index.ts';
import { readSeries, samplesOf, scrape } from '../support/exposition.ts';
import { createObservedApi } from '../support/observed-api.ts';

const healthy = (text: string, source = 'certificates') =>
  readSeries(text, 'chancery_metrics_source_healthy', { source });

describe('a scrape', () => {
  it('reads the storage no more often than it is told to, however many scrape', async () => {
    let reads = 0;
    const { metrics, clock } = await createObservedApi({
      metrics: { refreshMs: 10_000 },
      below: (storage) =>
        overriding(storage, {
          count: (query) => {
            reads += 1;
            return storage.count(query);
          },
        }),
    });
    await Promise.all(Array.from({ length: 20 }, () => scrape(metrics)));
    const once = reads;
    expect(once).toBeGreaterThan(0);
    clock.advance(9_999);
    await scrape(metrics);
    expect(reads).toBe(once);
    clock.advance(1);
    await scrape(metrics);
    expect(reads).toBe(2 * once);
  });

  it('looks through no more certificates than it is told, the soonest first, and says so', async () => {
    const listed: number[] = [];
    const { metrics, certificates } = await createObservedApi({
      metrics: { lookThrough: 3, countUpTo: 100 },
      below: (storage) =>
        overriding(storage, {
          query: async (query) => {
            const page = await storage.query(query);
            if (query.collection === 'certificates') listed.push(page.documents.length);
            return page;
          },
        }),
    });
    for (let at = 0; at < 6; at++) {
      const subjectAltNames = [`n${at}.example`];
      await certificates.create({ subjectAltNames, validity: { days: 20 - at }, autoRenew: false });
    }
    listed.length = 0;
    const text = await scrape(metrics);
    expect(listed.reduce((sum, each) => sum + each, 0)).toBe(3);
    expect(readSeries(text, 'chancery_certificates_unattended_capped')).toBe(1);
    expect(readSeries(text, 'chancery_certificates', { state: 'valid' })).toBe(6);
  });

  it('keeps what it saw while the storage is down, and tells that it does', async () => {
    let isDown = false;
    const { metrics, certificates, clock } = await createObservedApi({
      metrics: { refreshMs: 1_000 },
      below: (storage) =>
        overriding(storage, {
          count: async (query) => {
            if (isDown) throw new StorageError('STORAGE_UNAVAILABLE', 'down');
            return storage.count(query);
          },
        }),
    });
    await certificates.create({ subjectAltNames: ['a.example'] });
    expect(healthy(await scrape(metrics))).toBe(1);
    isDown = true;
    clock.advance(1_000);
    const text = await scrape(metrics);
    expect([healthy(text), healthy(text, 'events'), healthy(text, 'authority')]).toEqual([0, 0, 1]);
    expect(readSeries(text, 'chancery_certificates', { state: 'valid' })).toBe(1);
    isDown = false;
    clock.advance(1_000);
    expect(healthy(await scrape(metrics))).toBe(1);
  });

  it('shows no number that nobody has measured', async () => {
    const { metrics } = await createObservedApi({
      below: (storage) =>
        overriding(storage, { count: async () => Promise.reject(new StorageError('STORAGE_UNAVAILABLE', 'down')) }),
    });
    const text = await scrape(metrics);
    expect(healthy(text)).toBe(0);
    const names = new Set(samplesOf(text).map(({ name }) => name));
    for (const name of ['certificates', 'renewal_jobs_due', 'events_pending', 'certificates_overdue']) {
      expect(names.has(`chancery_${name}`), name).toBe(false);
    }
  });

  it('does not wait for a storage that hangs, and asks it once at a time', async () => {
    const clock = new VirtualClock();
    const waits: (() => void)[] = [];
    let asked = 0;
    let answer = () => undefined as void;
    let hangs = true;
    const { metrics } = await createObservedApi({
      clock,
      metrics: {
        refreshMs: 1_000,
        scrapeTimeoutMs: 100,
        timer: (ms, callback) => {
          expect(ms).toBe(100);
          waits.push(callback);
          return () => undefined;
        },
      },
      below: (storage) =>
        overriding(storage, {
          count: async (query) => {
            if (!hangs || query.collection !== 'events') return storage.count(query);
            asked += 1;
            await new Promise<void>((resolve) => {
              answer = resolve;
            });
            return storage.count(query);
          },
        }),
    });
    const scraping = scrape(metrics);
    while (asked === 0) await Promise.resolve();
    const second = scrape(metrics);
    for (const callback of waits.splice(0)) callback();
    expect(healthy(await scraping, 'events')).toBe(0);
    expect(healthy(await second, 'events')).toBe(0);
    expect(asked).toBe(1);
    // What was late shows nothing.
    hangs = false;
    answer();
    clock.advance(1_000);
    expect(healthy(await scrape(metrics), 'events')).toBe(1);
  });
});

describe('createMetrics()', () => {
  it('goes into a registry of the host, beside what is there, under a prefix', async () => {
    const register = new Registry();
    new Counter({ name: 'shop_orders_total', help: 'Orders.', registers: [register] }).inc();
    const metrics = await createMetrics({ register, prefix: 'shop_chancery_' });
    const text = await scrape(metrics);
    expect(readSeries(text, 'shop_orders_total')).toBe(1);
    expect(readSeries(text, 'shop_chancery_logins_total', { method: 'password', outcome: 'succeeded' })).toBe(0);
    expect(await register.metrics()).toBe(text);
  });

  it('answers GET and HEAD alone, and nothing of what a metric of the host’s own throws', async () => {
    const register = new Registry();
    const { handler } = await createMetrics({ register });
    const ask = (method: string) => handler(new Request('http://x/metrics', { method }), { encrypted: false });
    const [get, head, post] = [await ask('GET'), await ask('HEAD'), await ask('POST')];
    expect([get.status, head.status, post.status]).toEqual([200, 200, 405]);
    expect(get.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await head.text()).toBe('');
    register.registerMetric({
      name: 'broken',
      get: () => Promise.reject(new Error('a secret of the host')),
    } as never);
    const broken = await ask('GET');
    expect([broken.status, await broken.text()]).toEqual([500, '']);
  });

  it('refuses what is malformed, by name', async () => {
    const cases: [unknown, RegExp][] = [
      [null, /must be an object/],
      [{ register: {} }, /register must be a registry/],
      [{ prefix: 'Chancery ' }, /prefix must/],
      [{ prefix: 'no_end' }, /prefix must/],
      [{ refreshMs: 999 }, /refreshMs must be a whole number from 1000/],
      [{ scrapeTimeoutMs: 60_001 }, /scrapeTimeoutMs/],
      [{ countUpTo: 1.5 }, /countUpTo/],
      [{ lookThrough: 0 }, /lookThrough/],
      [{ timer: 5 }, /timer must be a function/],
      [{ stopwatch: 'fast' }, /stopwatch must be a function/],
    ];
    for (const [options, message] of cases) {
      const error = await createMetrics(options as MetricsOptions).catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(InvalidInputError);
      expect((error as Error).message).toMatch(message);
    }
  });
});
