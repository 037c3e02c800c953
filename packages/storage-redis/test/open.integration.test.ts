import type { CollectionDefinition } from '@chancery/core/ports';
import { VirtualClock } from '@chancery/core/testing';
import type { RedisStorage } from '@chancery/storage-redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { audit } from './support/audit.ts';
import { type Setting, single, storageOn } from './support/clients.ts';
import { JOBS, put, ref } from './support/documents.ts';

const PLAIN: CollectionDefinition = { name: 'jobs', indexes: { byRank: { orderBy: 'rank' } } };
const COUNT = 2000;

describe('opening', () => {
  let setting: Setting;
  const made: RedisStorage[] = [];
  let namespaces = 0;

  beforeAll(async () => {
    setting = await single('ioredis');
  });
  afterAll(async () => {
    for (const each of made) await each.close();
    await setting.stop();
  });

  function instance(namespace: string, clock?: VirtualClock): RedisStorage {
    const storage = storageOn(setting, { namespace, ...(clock && { clock }) });
    made.push(storage);
    return storage;
  }

  async function filled(namespace: string, clock?: VirtualClock): Promise<RedisStorage> {
    const storage = instance(namespace, clock);
    await storage.open([PLAIN]);
    for (let at = 0; at < COUNT; at += 250) {
      const puts = Array.from({ length: 250 }, (_unused, offset) => {
        const rank = at + offset;
        return put(
          `d${rank}`,
          { rank, owner: rank % 2 === 0 ? 'ann' : 'bob', email: `e${rank}` },
          { dueAt: COUNT - rank },
        );
      });
      await storage.commit(puts);
    }
    return storage;
  }

  const space = () => {
    namespaces += 1;
    return `open_${namespaces}`;
  };
  const field = (namespace: string, ...words: string[]) => {
    const key = `{${namespace}}:schema`;
    return setting.command(key, words[0] as string, key, ...words.slice(1));
  };

  it('fills new indexes of thousands of documents once, while ten instances race and an old one writes', async () => {
    const namespace = space();
    const old = await filled(namespace);
    let written = 0;
    let refused = 0;
    let racing = true;
    const writing = (async () => {
      while (racing) {
        try {
          await old.commit([put(`w${written}`, { rank: -1 - written, owner: 'ann' })]);
          written += 1;
        } catch (error) {
          expect(error).toMatchObject({ code: 'STORAGE_SCHEMA_STALE', outcome: 'none' });
          refused += 1;
          await new Promise((resolve) => setTimeout(resolve, 2));
        }
      }
    })();
    const racers = Array.from({ length: 10 }, () => instance(namespace));
    await Promise.all(racers.map((racer) => racer.open([JOBS])));
    racing = false;
    await writing;
    expect(refused).toBeGreaterThan(0);
    const upTo = 10_000;
    const first = racers[0] as RedisStorage;
    expect(await first.count({ collection: 'jobs', index: 'byOwner', equals: { owner: 'ann' }, upTo })).toBe(
      COUNT / 2 + written,
    );
    expect(await first.count({ collection: 'jobs', index: 'byDue', upTo })).toBe(COUNT);
    const taken = { committed: false, conflict: { write: 0, reason: 'unique', constraint: 'email' } };
    expect(await first.commit([put('rival', { email: 'e7' })])).toEqual(taken);
    expect((await audit(setting, namespace)).faults).toEqual([]);
    expect(await field(namespace, 'HGET', 'generation:jobs')).toBe('2');
    await old.open([PLAIN]);
    await old.commit([put('late', { rank: 1, owner: 'bob', email: 'late' })]);
    expect((await audit(setting, namespace)).faults).toEqual([]);
  });

  it('takes out again what it put in when a document contradicts, and old instances go on', async () => {
    const namespace = space();
    const old = await filled(namespace);
    await old.commit([put('twin', { rank: 1, email: 'e1999' })]);
    const before = await setting.command('', 'DBSIZE');
    await expect(instance(namespace).open([{ name: 'fresh' }, JOBS])).rejects.toMatchObject({
      code: 'STORAGE_INVALID',
      message: expect.stringContaining('"email"'),
    });
    expect((await audit(setting, namespace)).faults).toEqual([]);
    expect(await setting.command('', 'DBSIZE')).toBe(before);
    expect(await field(namespace, 'HEXISTS', 'definition:fresh')).toBe(0);
    expect(await old.commit([{ kind: 'delete', ...ref('twin') }])).toEqual({ committed: true });
    await instance(namespace).open([{ name: 'fresh' }, JOBS]);
  });

  it.each(['fill', 'undo'] as const)(
    'finishes a change that another instance left behind while it was at: %s',
    async (phase) => {
      const namespace = space();
      const clock = new VirtualClock();
      const old = await filled(namespace, clock);
      // What an instance leaves behind that was killed after its first step.
      const stored = JSON.parse(String(await field(namespace, 'HGET', 'definition:jobs')));
      const later = storageOn(setting, { namespace: `${namespace}_x`, clock });
      made.push(later);
      await later.open([JOBS]);
      const wanted = JSON.parse(String(await field(`${namespace}_x`, 'HGET', 'definition:jobs')));
      const pending = { phase, wanted: { jobs: wanted }, previous: { jobs: { declared: stored, generation: 1 } } };
      await field(namespace, 'HSET', 'pending', JSON.stringify(pending), 'generation:jobs', '2');
      await field(namespace, 'HSET', 'pendingUntil', String(clock.now() + 1000));
      await expect(old.commit([put('x')])).rejects.toMatchObject({ code: 'STORAGE_SCHEMA_STALE' });

      let opened = false;
      const successor = instance(namespace, clock);
      const opening = successor.open([PLAIN]).then(() => {
        opened = true;
      });
      await new Promise((resolve) => setTimeout(resolve, 100));
      expect(opened).toBe(false);
      clock.advance(1000);
      await opening;
      expect(await field(namespace, 'HGET', 'generation:jobs')).toBe(phase === 'fill' ? '2' : '1');
      expect(await field(namespace, 'HEXISTS', 'pending')).toBe(0);
      await successor.commit([put('x', { rank: 1, owner: 'ann', email: 'x' })]);
      expect((await audit(setting, namespace)).faults).toEqual([]);
      await successor.open([JOBS]);
      expect(await successor.count({ collection: 'jobs', index: 'byDue', upTo: 10_000 })).toBe(COUNT);
    },
  );

  it('sweeps, counts and pages thousands of expired documents in steps', async () => {
    const namespace = space();
    const clock = new VirtualClock();
    const storage = instance(namespace, clock);
    await storage.open([JOBS]);
    const expiresAt = clock.now() + 10;
    for (let at = 0; at < 5000; at += 250) {
      await storage.commit(
        Array.from({ length: 250 }, (_unused, offset) =>
          put(`x${at + offset}`, { rank: at + offset }, { expiresAt, dueAt: 1 }),
        ),
      );
    }
    await storage.commit([put('kept', { rank: 9999 }, { dueAt: 2 })]);
    clock.advance(10);
    const query = { collection: 'jobs', index: 'byRank' } as const;
    expect(await storage.count({ ...query, upTo: 100 })).toBe(1);
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = await storage.query({ ...query, limit: 10, ...(cursor !== undefined && { cursor }) });
      seen.push(...page.documents.map(({ id }) => id));
      cursor = page.cursor;
      pages += 1;
    } while (cursor !== undefined);
    expect(seen).toEqual(['kept']);
    expect(pages).toBeGreaterThan(1);
    const claimed = await storage.claim({ collection: 'jobs', limit: 3, leaseMs: 1000 });
    expect(claimed.map(({ id }) => id)).toEqual(['kept']);
    const { removed, more } = await storage.sweep(100_000);
    // The claim has cleared those that stood in its way.
    expect([removed, more]).toEqual([0, false]);
    expect(await audit(setting, namespace)).toEqual({ documents: 1, faults: [] });
  });
});
