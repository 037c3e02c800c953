import { describe, expect, it } from 'vitest';
import { LocalKeyring } from '../../src/index.ts';
import type { StoredDocument } from '../../src/ports/storage.ts';
import { overriding } from '../support/test-storage.ts';
import { allEntries, commit, createTestLog, factsOf, runChore, sequence, writeEvents } from './support.ts';

const DAY = 86_400_000;
const keyring = LocalKeyring.generate();

/** Ten events, one a day, with a checkpoint after each third. */
async function tenDays(options: { keyring?: LocalKeyring; retentionDays?: number }) {
  const test = createTestLog(options);
  const notes: string[] = [];
  for (let day = 0; day < 10; day++) {
    await writeEvents(test.events, [factsOf(`s${day}`)]);
    await sequence(test.events);
    if (options.keyring && day % 3 === 2) notes.push((await test.events.checkpoint()).note);
    test.clock.advance(DAY);
  }
  return { ...test, notes };
}

const numbers = async (events: Parameters<typeof allEntries>[0]) =>
  (await allEntries(events)).map(({ sequence: number }) => number);

describe('retention', () => {
  it('removes what is older, and the rest still verifies', async () => {
    const { clock, events, another, notes } = await tenDays({ keyring, retentionDays: 7 });
    await runChore(events, 'retention');
    expect(await numbers(events)).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect(await events.verify({ checkpoints: notes })).toMatchObject({ valid: true, from: 3, size: 10 });
    clock.advance(2 * DAY);
    await runChore(another(), 'retention', 1);
    expect(await numbers(events)).toEqual([5, 6, 7, 8, 9]);
    expect(await events.verify({ checkpoints: notes })).toMatchObject({
      valid: true,
      from: 5,
      size: 10,
      checkpoints: 4,
    });
    expect(await events.list({ limit: 10, from: 2, subject: 's1' })).toEqual({ items: [] });
    expect(await events.size()).toBe(10);
    await writeEvents(events, [factsOf('more')]);
    await sequence(events);
    expect((await numbers(events)).at(-1)).toBe(10);
  });

  it('leaves what no checkpoint covers, and what a sink has yet to have', async () => {
    const { clock, events, another } = await tenDays({ keyring, retentionDays: 7 });
    clock.advance(100 * DAY);
    await runChore(events, 'retention');
    expect(await numbers(events)).toEqual([9]);
    const { storage } = events;
    const slow = another({
      sinks: [{ name: 'slow', from: 'beginning', deliver: async () => ({ outcome: 'delivered' }) }],
    });
    await slow.deliveries.register();
    await writeEvents(events, [factsOf('more')]);
    await sequence(events);
    await events.checkpoint();
    clock.advance(8 * DAY);
    await runChore(events, 'retention');
    expect((await numbers(events)).at(-1)).toBe(10);
    expect(storage).toBe(events.storage);
  });

  it('works without a keyring, from the hash at the edge', async () => {
    const { clock, events } = await tenDays({ retentionDays: 7 });
    await runChore(events, 'retention');
    expect(await numbers(events)).toEqual([3, 4, 5, 6, 7, 8, 9]);
    expect(await events.verify()).toMatchObject({ valid: true, from: 3 });
    clock.advance(100 * DAY);
    await runChore(events, 'retention');
    expect(await numbers(events)).toEqual([]);
    await writeEvents(events, [factsOf('more')]);
    await sequence(events);
    expect(await numbers(events)).toEqual([10]);
    expect(await events.verify()).toMatchObject({ valid: true, from: 10, size: 11 });
  });

  it('hides no tampering at the edge', async () => {
    const { storage, events, notes } = await tenDays({ keyring, retentionDays: 7 });
    await runChore(events, 'retention');
    const [head] = await storage.get([{ collection: 'events_heads', id: 'log' }]);
    const { documents } = await storage.query({ collection: 'events', index: 'bySequence', limit: 2 });
    const [first, second] = documents as [StoredDocument, StoredDocument];
    // Cut off one more than retention did, and made to look as if it had.
    const data = { ...head?.data, first: 4, firstChainHash: first.data.chainHash as string };
    await commit(storage, [
      { kind: 'delete', collection: 'events', id: first.id },
      { kind: 'put', collection: 'events_heads', id: 'log', version: 'x', data, dueAt: 0 },
    ]);
    // By its hash it is the same log: what was pruned is for the retention to say.
    expect(await events.verify({ checkpoints: notes })).toMatchObject({ valid: true, from: 4 });
    await commit(storage, [
      { kind: 'delete', collection: 'events', id: second.id },
      { kind: 'put', collection: 'events_heads', id: 'log', version: 'y', data: { ...data, first: 5 }, dueAt: 0 },
    ]);
    // With another hash at the edge the first entry does not follow.
    expect((await events.verify()).problems).toMatchObject([{ kind: 'changed', sequence: 5 }]);
  });

  it('is not undone by a sequencer that was paused beyond its lease', async () => {
    const test = await tenDays({ keyring, retentionDays: 7 });
    const inner = test.another().storage;
    let isPaused = false;
    const storage = overriding(inner, {
      commit: async (writes) => {
        if (!isPaused && writes.some(({ collection }) => collection === 'events')) {
          isPaused = true;
          test.clock.advance(15_000);
          await runChore(test.events, 'retention');
        }
        return inner.commit(writes);
      },
    });
    await writeEvents(test.events, [factsOf('late')]);
    await sequence(test.another({ storage }));
    expect(isPaused).toBe(true);
    expect(await numbers(test.events)).toEqual([4, 5, 6, 7, 8, 9, 10]);
    expect(await test.events.verify()).toMatchObject({ valid: true, from: 4, size: 11 });
  });

  it('does not disturb a verification', async () => {
    const { clock, events, another } = await tenDays({ keyring, retentionDays: 7 });
    const other = another();
    await Promise.all([
      ...Array.from({ length: 5 }, async () => expect(await events.verify()).toMatchObject({ valid: true })),
      runChore(other, 'retention', 1).then(() => clock.advance(DAY)),
    ]);
  });
});
