import { describe, expect, it } from 'vitest';
import { EventLog } from '../../src/index.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { codeOf } from '../support/expect-error.ts';
import { createTestStorage } from '../support/test-storage.ts';

const facts = (subject: string, subjectRevision = 1) => ({
  type: 'thing.changed',
  source: '/things',
  subject,
  subjectRevision,
  data: JSON.parse('{"name":"x","__proto__":{"polluted":true},"list":[1,null,{"deep":""}]}') as Record<string, never>,
});

describe('the outbox', () => {
  it('lists events in CloudEvents envelopes, oldest first, in pages', async () => {
    const clock = new VirtualClock();
    const { storage } = createTestStorage(clock);
    const events = new EventLog({ storage, clock });
    expect(await events.pending({ limit: 10 })).toEqual({ items: [] });
    for (const subject of ['a', 'b', 'c', 'd', 'e']) {
      await storage.commit([events.write(facts(subject))]);
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

  it('keeps an event once, however often its commit is sent', async () => {
    const clock = new VirtualClock();
    const { storage } = createTestStorage(clock);
    const events = new EventLog({ storage, clock });
    await events.pending({ limit: 1 });
    const write = events.write(facts('a'));
    expect(await storage.commit([write])).toEqual({ committed: true });
    expect((await storage.commit([write])).committed).toBe(false);
    expect((await events.pending({ limit: 10 })).items).toHaveLength(1);
  });

  it('refuses what is no event, and a limit that is none', async () => {
    const events = new EventLog({ ...createTestStorage(new VirtualClock()), clock: new VirtualClock() });
    expect(await codeOf(() => events.write(facts('a', 0)))).toBe('STORAGE_INVALID');
    expect(await codeOf(() => events.write({ ...facts('a'), data: null as never }))).toBe('STORAGE_INVALID');
    expect(await codeOf(events.pending({ limit: 0 }))).toBe('STORAGE_INVALID');
  });
});
