import { describe, expect, it } from 'vitest';
import type { JsonObject, StorageBackend, Write } from '../../src/ports/storage.ts';
import { faultInjector } from '../../src/testing/fault-injector.ts';
import type { FaultKind } from '../../src/testing/fault-plan.ts';
import { codeOf } from '../support/expect-error.ts';
import { settled } from '../support/settled.ts';
import { overriding, storageSize } from '../support/test-storage.ts';
import {
  allEntries,
  commit,
  createTestLog,
  expectSound,
  factsOf,
  recordingLogger,
  sequence,
  type TestLog,
  writeEvents,
} from './support.ts';

const LEASE_MS = 15_000;

/** A document that waits in the outbox, and is what somebody wrote there past the log. */
function stray(id: string, data: JsonObject): Write {
  return { kind: 'put', collection: 'events', id, version: 'stray', ifVersion: null, data };
}

/** A well-formed event of a subject, with fields that make it none. */
function broken({ clock }: TestLog, subject: string, subjectRevision: number, change: JsonObject): JsonObject {
  const { type, source, data } = factsOf(subject);
  const now = clock.now();
  return { v: 1, type, source, subject, subjectRevision, time: now, pendingSince: now, data, ...change };
}

const subjectsOf = (entries: Awaited<ReturnType<typeof allEntries>>) =>
  entries.filter(({ event }) => event.source === '/things').map(({ event }) => event.subject + event.subjectRevision);

const FAULTS: readonly (readonly [string, JsonObject])[] = [
  ['whose data is no object', { data: 'secret words' }],
  ['with a field more', { note: 'secret words' }],
  ['without a record version', { v: 'secret words' }],
  ['with a revision that is none', { subjectRevision: -1 }],
  ['whose type has a line break', { type: 'thing\nsecret words' }],
  ['that claims a place which no entry has', { sequence: -1 }],
  ['of a time that no date can show', { time: 9e15 }],
  ['that is too large to be chained', { data: { filler: 'x'.repeat(256 * 1024 - 400) } }],
];

describe('a document of the outbox that is no event', () => {
  it.each(storageSize(FAULTS, FAULTS.slice(-2)))('%s is set aside, and the others go on', async (_, change) => {
    const { logger, told } = recordingLogger('error');
    const test = createTestLog({ logger });
    const { clock, events, storage } = test;
    await writeEvents(events, [factsOf('a')]);
    const data = broken(test, 'b', 1, change);
    await commit(storage, [stray('stray', data)]);
    clock.advance(1);
    await writeEvents(events, [factsOf('c')]);
    const foundAt = clock.now();
    expect(subjectsOf(await expectSound(events))).toEqual([]);
    expect((await events.pending({ limit: 9 })).items.map(({ subject }) => subject)).toEqual(['a', 'c']);
    expect(await events.status()).toMatchObject({ pending: 3, setAside: 0 });
    await sequence(events);

    const entries = await expectSound(events);
    expect(subjectsOf(entries)).toEqual(['a1', 'c1']);
    const { items } = await events.setAside({ limit: 9 });
    expect(items).toEqual([
      {
        setAsideId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        eventId: 'stray',
        setAsideAt: new Date(foundAt),
        reason: expect.any(String),
        document: data,
      },
    ]);
    const [found] = items;
    const [entry] = entries.filter(({ event }) => event.type === 'event.set_aside');
    expect(entry?.event).toMatchObject({
      source: '/events',
      subject: found?.setAsideId,
      subjectRevision: 1,
      data: { eventId: 'stray', reason: found?.reason },
    });
    expect(told).toEqual([{ eventId: 'stray', setAsideId: found?.setAsideId, reason: found?.reason }]);
    expect(JSON.stringify([told, entry?.event])).not.toContain('secret words');
    expect(await events.status()).toMatchObject({ pending: 0, setAside: 1 });
    expect(await events.verify()).toMatchObject({ valid: true, setAside: 1 });
    // What was there stays so for as long as a commit that put it there may ask, and then leaves no trace.
    expect(await storage.get([{ collection: 'events', id: 'stray' }])).toEqual([
      expect.objectContaining({ data: { v: 1 } }),
    ]);
    clock.advance(2 * 3_600_000);
    expect(await storage.get([{ collection: 'events', id: 'stray' }])).toEqual([undefined]);
    expect((await events.setAside({ limit: 9 })).items).toEqual(items);
  });

  it('holds the later revisions of its subject back as one that is missing does', async () => {
    const { logger, told } = recordingLogger('warn');
    const test = createTestLog({ holdBackMs: 1_000, logger });
    const { clock, events, storage } = test;
    told.length = 0;
    await writeEvents(events, [factsOf('a', 1), factsOf('a', 3)]);
    await commit(storage, [stray('second', broken(test, 'a', 2, { data: 7 }))]);
    await sequence(events);
    expect(subjectsOf(await allEntries(events))).toEqual(['a1']);
    expect(told).toEqual([]);
    clock.advance(1_000);
    await sequence(events);
    expect(subjectsOf(await expectSound(events))).toEqual(['a1', 'a3']);
    expect(told).toEqual([{ subject: 'a', source: '/things', lastRevision: 1, nextRevision: 3 }]);
  });

  it('keeps nothing waiting in whatever numbers it comes', async () => {
    const test = createTestLog();
    const { clock, events, storage } = test;
    await events.pending({ limit: 1 });
    const count = storageSize(700, 40);
    for (let at = 0; at < count; at += 20) {
      const some = Array.from({ length: 20 }, (_, more) => stray(`s${at + more}`, broken(test, 'b', 1, { data: 7 })));
      await commit(storage, some);
    }
    clock.advance(1);
    await writeEvents(events, [factsOf('a')]);
    await sequence(events);
    expect(subjectsOf(await expectSound(events))).toEqual(['a1']);
    const ids = new Set<string>();
    let cursor: string | undefined;
    do {
      const page = await events.setAside({ limit: 100, ...(cursor !== undefined && { cursor }) });
      for (const { eventId } of page.items) ids.add(eventId);
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(ids.size).toBe(count);
    expect(await events.status({ upTo: 10 })).toMatchObject({ pending: 0, setAside: 10 });
  });

  it('may wait since an instant that no date can show', async () => {
    const test = createTestLog();
    const { events, storage } = test;
    await events.pending({ limit: 1 });
    await commit(storage, [stray('stray', broken(test, 'b', 1, { pendingSince: 9e15 }))]);
    expect(await events.status()).toEqual({ size: 0, pending: 1, setAside: 0 });
    await sequence(events);
    await expectSound(events);
    expect(await events.status()).toEqual({ size: 1, pending: 0, setAside: 1 });
  });

  it('may have an id and a size that no event can hold', async () => {
    const test = createTestLog();
    const { events, storage } = test;
    await events.pending({ limit: 1 });
    const id = `\u0007${'ä'.repeat(199)}`;
    const data = broken(test, 'b', 1, { data: { filler: '"'.repeat(126 * 1024) } });
    await commit(storage, [stray(id, data)]);
    await sequence(events);
    await expectSound(events);
    expect((await events.setAside({ limit: 1 })).items).toMatchObject([{ eventId: id, document: data }]);
  });

  it('that somebody repairs at that very moment is chained instead', async () => {
    const test = createTestLog();
    const { clock, events, storage, another } = test;
    await events.pending({ limit: 1 });
    await commit(storage, [stray('stray', broken(test, 'b', 1, { data: 7 }))]);
    let isRepaired = false;
    const racing = overriding(storage, {
      commit: async (writes) => {
        if (!isRepaired && writes.some(({ collection }) => collection === 'events_set_aside')) {
          isRepaired = true;
          const data = broken(test, 'b', 1, {});
          await commit(storage, [{ kind: 'put', collection: 'events', id: 'stray', version: 'repaired', data }]);
        }
        return storage.commit(writes);
      },
    });
    await another({ storage: racing }).maintenance()[0]?.run({ limit: 10 });
    expect(isRepaired).toBe(true);
    clock.advance(LEASE_MS);
    await sequence(events);
    expect(subjectsOf(await expectSound(events))).toEqual(['b1']);
    expect((await events.setAside({ limit: 9 })).items).toEqual([]);
  });

  it('is discarded by a call, which the log tells of', async () => {
    const test = createTestLog();
    const { events, storage } = test;
    await events.pending({ limit: 1 });
    await commit(storage, [stray('stray', broken(test, 'b', 1, { data: 7 }))]);
    await sequence(events);
    const [found] = (await events.setAside({ limit: 1 })).items;
    const id = found?.setAsideId ?? '';
    for (const other of ['stray', '', 'a\0b', 7 as never, '01900000-0000-7000-8000-000000000000']) {
      expect(await codeOf(events.discardSetAside(other))).toBe('SET_ASIDE_NOT_FOUND');
    }
    expect(await codeOf(events.discardSetAside(id, { signal: AbortSignal.abort() }))).toBe('ABORTED');
    // What was kept may be damaged in its turn.
    const [kept] = await storage.get([{ collection: 'events_set_aside', id }]);
    const damaged = { collection: 'events_set_aside', id, version: 'damaged', data: kept?.data ?? {} } as const;
    await commit(storage, [{ kind: 'put', ...damaged, bytes: Uint8Array.of(0xff) }]);
    const { document: _, ...rest } = found ?? {};
    expect((await events.setAside({ limit: 1 })).items).toEqual([rest]);
    await events.discardSetAside(id);
    expect(await codeOf(events.discardSetAside(id))).toBe('SET_ASIDE_NOT_FOUND');
    await sequence(events);
    const told = (await expectSound(events)).map(({ event }) => [event.type, event.subject, event.subjectRevision]);
    expect(told).toEqual([
      ['event.set_aside', id, 1],
      ['event.discarded', id, 2],
    ]);
    expect(await events.verify()).toMatchObject({ valid: true, setAside: 0 });
    for (const options of [{ limit: 0 }, { limit: 1_001 }, { limit: 1, more: 1 }, null]) {
      expect(await codeOf(events.setAside(options as never))).toBe('INVALID_ARGUMENT');
    }
  });

  it('leaves an entry of the log that was put back among what waits to verification', async () => {
    const test = createTestLog();
    const { clock, events, storage } = test;
    await writeEvents(events, [factsOf('a')]);
    await sequence(events);
    const { documents } = await storage.query({ collection: 'events', index: 'bySequence', limit: 1 });
    for (const more of [{}, { data: 7 }]) {
      for (const { id, data } of documents) {
        const put = { ...data, pendingSince: 1, ...more };
        await commit(storage, [{ kind: 'put', collection: 'events', id, version: JSON.stringify(more), data: put }]);
      }
      clock.advance(1);
      await writeEvents(events, [factsOf(`b${JSON.stringify(more)}`)]);
      await sequence(events);
      expect((await events.setAside({ limit: 1 })).items).toEqual([]);
      expect((await events.verify()).problems).toEqual([expect.objectContaining({ kind: 'changed', sequence: 0 })]);
    }
    expect(await events.size()).toBe(3);
  });

  it('is not what a later version wrote: that waits for an instance which can read it, and the lease is free for it', async () => {
    const test = createTestLog();
    const { events, storage } = test;
    await writeEvents(events, [factsOf('a')]);
    await commit(storage, [stray('newer', broken(test, 'b', 1, { v: 2 }))]);
    expect(await codeOf(sequence(events))).toBe('STORAGE_SCHEMA_NEWER');
    expect((await storage.query({ collection: 'events', index: 'pending', limit: 9 })).documents).toHaveLength(2);
    expect(await storage.claim({ collection: 'events_heads', limit: 1, leaseMs: 1 })).toHaveLength(1);
  });
});

const KINDS: readonly FaultKind[] = ['refuse', 'loseRequest', 'loseAnswer', 'landLate'];

describe.each(storageSize(KINDS, KINDS.slice(2)))(
  'setting aside while one storage call after the other meets %s',
  (kind) => {
    it('keeps each document once, tells of it once, and loses no event', { timeout: 120_000 }, async () => {
      const test = createTestLog();
      const { clock, events, storage } = test;
      await events.pending({ limit: 1 });
      const stride = storageSize(1, 4);
      for (let round = 0; ; round++) {
        const faults = faultInjector(test.another().storage, { seed: round });
        const faulty = test.another({ storage: faults });
        await commit(storage, [stray(`stray${round}`, broken(test, 'b', 1, { data: 7 }))]);
        await writeEvents(events, [factsOf(`a${round}`)]);
        faults.plan({ kind, skip: round * stride });
        await settled(sequence(faulty));
        const hits = faults.log.length;
        faults.heal();
        await faults.settle();
        clock.advance(LEASE_MS);
        await sequence(events);
        await judge(events, round + 1);
        if (hits === 0) break;
        expect(round).toBeLessThan(60);
      }
    });
  },
);

async function judge(events: TestLog['events'], count: number): Promise<void> {
  const entries = await expectSound(events);
  const { items } = await events.setAside({ limit: 1_000 });
  const told = entries.filter(({ event }) => event.type === 'event.set_aside').map(({ event }) => event.subject);
  expect(told.toSorted()).toEqual(items.map(({ setAsideId }) => setAsideId).toSorted());
  expect(new Set(items.map(({ eventId }) => eventId)).size).toBe(count);
  expect(items).toHaveLength(count);
  expect(subjectsOf(entries)).toHaveLength(count);
}

describe('an entry of the log that was tampered with', () => {
  /** As a crash leaves the head that came before the listeners were told. */
  async function tellNone(storage: StorageBackend): Promise<void> {
    const [head] = await storage.get([{ collection: 'events_heads', id: 'log' }]);
    const data = { ...head?.data, told: 0 };
    await commit(storage, [
      { kind: 'put', collection: 'events_heads', id: 'log', version: 'told none', data, dueAt: 0 },
    ]);
  }

  /** Writes past the log, as somebody would who has the database. */
  async function spoil(storage: StorageBackend, sequenceNumber: number, how: JsonObject = { more: 1 }): Promise<void> {
    const page = await storage.query({ collection: 'events', index: 'bySequence', from: sequenceNumber, limit: 1 });
    for (const { id, data } of page.documents) {
      await commit(storage, [{ kind: 'put', collection: 'events', id, version: 'spoiled', data: { ...data, ...how } }]);
    }
  }

  it('keeps no instance from chaining the next event of its subject', async () => {
    const { events, storage, another } = createTestLog();
    await writeEvents(events, [factsOf('a', 1)]);
    await sequence(events);
    await spoil(storage, 0);
    await writeEvents(events, [factsOf('a', 2)]);
    const other = another({ holdBackMs: 0 });
    await sequence(other);
    expect(await other.size()).toBe(2);
    // Nor an instance that remembers it as the end of the log.
    await writeEvents(events, [factsOf('b', 1)]);
    await sequence(events);
    expect(await events.size()).toBe(3);
    expect((await events.verify()).problems).toEqual([expect.objectContaining({ kind: 'changed', sequence: 0 })]);
    expect((await events.verify()).forks).toEqual([]);
  });

  it('is passed over when the listeners are told again of what a crash left untold', async () => {
    const { events, storage, another } = createTestLog();
    await writeEvents(events, [factsOf('a'), factsOf('b'), factsOf('c')]);
    await sequence(events);
    await tellNone(storage);
    await spoil(storage, 1);
    const other = another();
    const heard: number[] = [];
    other.on('*', ({ subjectRevision }) => heard.push(subjectRevision));
    await sequence(other);
    expect(heard).toHaveLength(2);
    expect(await other.size()).toBe(3);
  });

  it.each(storageSize([{ more: 1 }, { chainHash: 'no hash' }], [{ more: 1 }]))(
    'is gone on from where the head is gone as well: %j',
    async (how) => {
      const { events, storage, another } = createTestLog();
      await writeEvents(events, [factsOf('a'), factsOf('b')]);
      await sequence(events);
      await commit(storage, [{ kind: 'delete', collection: 'events_heads', id: 'log' }]);
      await spoil(storage, 1, how);
      await writeEvents(events, [factsOf('c')]);
      await sequence(another());
      expect(await events.size()).toBe(3);
      expect((await events.verify()).problems).toContainEqual(
        expect.objectContaining({ kind: 'changed', sequence: 1 }),
      );
    },
  );

  it('does not have those behind it read one by one', async () => {
    const { events, storage, another } = createTestLog();
    await writeEvents(
      events,
      Array.from({ length: 40 }, (_, at) => factsOf(`s${at}`)),
    );
    await sequence(events);
    await tellNone(storage);
    await spoil(storage, 3);
    const usual = another().storage;
    let reads = 0;
    const counting = overriding(usual, {
      query: (query) => {
        if (query.index === 'bySequence') reads += 1;
        return usual.query(query);
      },
    });
    const other = another({ storage: counting });
    const heard: string[] = [];
    other.on('*', ({ subject }) => heard.push(subject));
    await sequence(other);
    expect(heard).toHaveLength(39);
    expect(reads).toBeLessThan(10);
  });

  it('by a later version leaves the lease to an instance which can read it', async () => {
    const { events, storage, another } = createTestLog();
    await writeEvents(events, [factsOf('a')]);
    await sequence(events);
    await tellNone(storage);
    await spoil(storage, 0, { v: 2 });
    expect(await codeOf(sequence(another()))).toBe('STORAGE_SCHEMA_NEWER');
    expect(await storage.claim({ collection: 'events_heads', limit: 1, leaseMs: 1 })).toHaveLength(1);
  });
});
