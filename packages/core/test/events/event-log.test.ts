import { describe, expect, it } from 'vitest';
import { EventLog } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { codeOf } from '../support/expect-error.ts';
import { createTestStorage, overriding } from '../support/test-storage.ts';
import { allEntries, commit, createTestLog, factsOf, recordingLogger, sequence, writeEvents } from './support.ts';

const HOSTILE = JSON.parse('{"name":"x","__proto__":{"polluted":true},"list":[1,null,{"deep":""}]}');

describe('the outbox', () => {
  it('lists events in CloudEvents envelopes, oldest first, in pages', async () => {
    const { clock, storage, events } = createTestLog();
    expect(await events.pending({ limit: 10 })).toEqual({ items: [] });
    for (const subject of ['a', 'b', 'c', 'd', 'e']) {
      await commit(storage, [events.write(factsOf(subject, 1, HOSTILE))]);
      clock.advance(1);
    }
    const subjects: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await events.pending({ limit: 2, ...(cursor === undefined ? {} : { cursor }) });
      subjects.push(...page.items.map(({ subject }) => subject));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(subjects).toEqual(['a', 'b', 'c', 'd', 'e']);
    const [first] = (await events.pending({ limit: 1 })).items;
    expect(first).toMatchObject({ specversion: '1.0', type: 'thing.changed', source: '/things', subjectRevision: 1 });
    expect(first?.time).toEqual(new Date(clock.now() - 5));
    expect(first?.id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(Object.keys(first?.data ?? {}).sort()).toEqual(['__proto__', 'list', 'name']);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('keeps an event once, with its id and time, however often its commit is sent', async () => {
    const { clock, storage, events } = createTestLog();
    await events.pending({ limit: 1 });
    const write = events.write(factsOf('a'));
    expect(await storage.commit([write])).toEqual({ committed: true });
    clock.advance(1_000);
    expect((await storage.commit([write])).committed).toBe(false);
    await sequence(events);
    // Also after it has left the outbox.
    expect((await storage.commit([write])).committed).toBe(false);
    await sequence(events);
    const entries = await allEntries(events);
    expect(entries.map(({ event }) => event.id)).toEqual([write.id]);
    expect(entries[0]?.event.time.getTime()).toBe(clock.now() - 1_000);
  });

  it('never shows an event whose commit was rolled back', async () => {
    const { storage, events } = createTestLog();
    await writeEvents(events, [factsOf('seen')]);
    const [first] = (await events.pending({ limit: 1 })).items;
    const stale = { kind: 'check', collection: 'events', id: first?.id ?? '', ifVersion: 'never' } as const;
    expect((await storage.commit([events.write(factsOf('unseen')), stale])).committed).toBe(false);
    await sequence(events);
    expect((await allEntries(events)).map(({ event }) => event.subject)).toEqual(['seen']);
    expect((await events.pending({ limit: 10 })).items).toEqual([]);
  });

  it('refuses a limit that is none', async () => {
    const { events } = createTestLog();
    expect(await codeOf(events.pending({ limit: 0 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(events.list({ limit: 0 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(events.list({ limit: 1, from: -1 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(events.list({ limit: 1, cursor: 'x' }))).toBe('STORAGE_INVALID');
  });
});

describe('an event log', () => {
  it.each([
    ['origin', { origin: 'white space' }],
    ['origin', { origin: 'a+b' }],
    ['retentionDays', { retentionDays: 6 }],
    ['retentionDays', { retentionDays: 7.5 }],
    ['pollMs', { pollMs: 0 }],
    ['holdBackMs', { holdBackMs: -1 }],
    ['checkpointIntervalMs', { checkpointIntervalMs: Number.NaN }],
    ['checkpointSink', { checkpointSink: 'https://example.com' as never }],
    ['sinks', { sinks: {} as never }],
    ['keyring', { keyring: null as never }],
    ['requireDurability', { requireDurability: 'eternal' as never }],
  ])('refuses a malformed %s', async (name, options) => {
    const { storage } = createTestStorage(new VirtualClock());
    const construct = async () => new EventLog({ storage, ...options });
    await expect(construct()).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      message: expect.stringContaining(name),
    });
  });

  it('warns of a storage that may forget, and refuses it where that was asked', () => {
    const storage = overriding(createTestStorage(new VirtualClock()).storage, {
      capabilities: { durability: 'volatile', watch: false },
    });
    const { logger, told } = recordingLogger('warn');
    expect(new EventLog({ storage, logger }).storage).toBe(storage);
    expect(told).toEqual([{ durability: 'volatile' }]);
    expect(() => new EventLog({ storage, requireDurability: 'async' })).toThrow(
      expect.objectContaining({ code: 'STORAGE_UNSAFE_CONFIG' }),
    );
  });

  it('does nothing for an aborted caller', async () => {
    const { events } = createTestLog();
    const signal = AbortSignal.abort();
    expect(await codeOf(events.pending({ limit: 1, signal }))).toBe('ABORTED');
    expect(await codeOf(events.list({ limit: 1, signal }))).toBe('ABORTED');
    expect(await codeOf(events.verify({ signal }))).toBe('ABORTED');
    expect(await codeOf(events.checkpoint({ signal }))).toBe('ABORTED');
    expect(await codeOf(events.eraseOwner('a', { signal }))).toBe('ABORTED');
  });
});
