import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import type { CloudEvent } from '../../src/index.ts';
import { faultInjector } from '../../src/testing/fault-injector.ts';
import { overriding, storageSize } from '../support/test-storage.ts';
import {
  allEntries,
  commit,
  createTestLog,
  expectSound,
  factsOf,
  recordingLogger,
  sequence,
  writeEvents,
} from './support.ts';

const subjectsOf = (events: readonly { readonly event: CloudEvent }[]) =>
  events.map(({ event }) => `${event.subject}/${event.subjectRevision}`);

describe('sequencing', () => {
  it('gives every event its number, oldest first, without gaps, over many commits', async () => {
    const { clock, storage, events } = createTestLog();
    const size = storageSize(600, 300);
    await events.pending({ limit: 1 });
    for (let at = 0; at < size; at += 100) {
      await commit(
        storage,
        Array.from({ length: 100 }, (_, more) => events.write(factsOf(`s${at + more}`))),
      );
      clock.advance(1);
    }
    await sequence(events);
    const entries = await expectSound(events);
    expect(entries.map(({ sequence: number }) => number)).toEqual(Array.from({ length: size }, (_, at) => at));
    const times = entries.map(({ event }) => event.time.getTime());
    expect(times).toEqual(times.toSorted((a, b) => a - b));
    expect((await events.pending({ limit: 1 })).items).toEqual([]);
  });

  it('chains a commit that lands late behind what went before it', async () => {
    const { clock, storage, events } = createTestLog();
    await events.pending({ limit: 1 });
    const late = events.write(factsOf('late'));
    clock.advance(86_400_000);
    await writeEvents(events, [factsOf('early')]);
    await sequence(events);
    await commit(storage, [late]);
    await sequence(events);
    expect(subjectsOf(await expectSound(events))).toEqual(['early/1', 'late/1']);
  });

  it('keeps the revisions of a subject in order, whatever the clocks of their writers said', async () => {
    const { clock, events } = createTestLog();
    const start = clock.now();
    for (const [offset, subject, revision] of [
      [50, 'a', 1],
      [20, 'a', 2],
      [30, 'b', 1],
      [-10, 'a', 3],
      [40, 'b', 2],
    ] as const) {
      clock.set(start + offset);
      await writeEvents(events, [factsOf(subject, revision)]);
    }
    await sequence(events);
    const chained = subjectsOf(await expectSound(events));
    expect(chained.filter((each) => each.startsWith('a'))).toEqual(['a/1', 'a/2', 'a/3']);
    expect(chained.filter((each) => each.startsWith('b'))).toEqual(['b/1', 'b/2']);
  });

  it('tells the subjects of one source from those of another', async () => {
    const { events } = createTestLog();
    await writeEvents(events, [factsOf('a', 1), { ...factsOf('a', 1), source: '/others' }, factsOf('a', 2)]);
    await sequence(events);
    expect(subjectsOf(await expectSound(events))).toHaveLength(3);
  });

  it('holds a revision back until the one before it is there', async () => {
    const { events, another } = createTestLog();
    await writeEvents(events, [factsOf('a', 1), factsOf('a', 2)]);
    await sequence(events);
    await writeEvents(events, [factsOf('a', 4), factsOf('b', 1)]);
    // An instance that remembers nothing asks the log.
    const other = another();
    await sequence(other);
    expect(subjectsOf(await allEntries(events))).toEqual(['a/1', 'a/2', 'b/1']);
    await writeEvents(events, [factsOf('a', 3)]);
    await sequence(other);
    expect(subjectsOf(await expectSound(events))).toEqual(['a/1', 'a/2', 'b/1', 'a/3', 'a/4']);
  });

  it('goes on without a revision that does not come, and says so', async () => {
    const { logger, told: warnings } = recordingLogger('warn');
    const { clock, events } = createTestLog({ holdBackMs: 1_000, logger });
    // What it says of the durability of the storage.
    warnings.length = 0;
    await writeEvents(events, [factsOf('a', 1), factsOf('a', 3), factsOf('a', 4)]);
    await sequence(events);
    clock.advance(999);
    await sequence(events);
    expect(subjectsOf(await allEntries(events))).toEqual(['a/1']);
    expect(warnings).toEqual([]);
    clock.advance(1);
    await sequence(events);
    expect(subjectsOf(await expectSound(events))).toEqual(['a/1', 'a/3', 'a/4']);
    expect(warnings).toEqual([{ subject: 'a', source: '/things', lastRevision: 1, nextRevision: 3 }]);
    // What comes after all is chained all the same.
    await writeEvents(events, [factsOf('a', 2)]);
    await sequence(events);
    expect(subjectsOf(await expectSound(events)).at(-1)).toBe('a/2');
  });

  it('waits for a revision no longer where a clock is set back meanwhile', async () => {
    const { clock, events } = createTestLog({ holdBackMs: 1_000 });
    await writeEvents(events, [factsOf('a', 2)]);
    await sequence(events);
    clock.set(clock.now() - 86_400_000);
    await sequence(events);
    clock.advance(1_000);
    await sequence(events);
    expect(subjectsOf(await expectSound(events))).toEqual(['a/2']);
  });

  it('splits events that are too large for one commit', async () => {
    const { events } = createTestLog();
    const large = { text: 'x'.repeat(63 * 1024) };
    const count = 60;
    await writeEvents(
      events,
      Array.from({ length: count }, (_, at) => factsOf(`s${at}`, 1, large)),
    );
    await sequence(events);
    expect((await events.verify()).size).toBe(count);
    expect(await events.verify()).toMatchObject({ valid: true });
  });

  it('lists by subject, by type, by both, and from a number on, in pages', async () => {
    const { events } = createTestLog();
    const types = ['thing.made', 'thing.changed', 'other'];
    await writeEvents(
      events,
      Array.from({ length: 24 }, (_, at) => ({ ...factsOf(`s${at % 4}`), type: types[at % 3] as string })),
    );
    await sequence(events);
    const all = await allEntries(events, 5);
    const pick = async (filter: { subject?: string; type?: string; from?: number }) => {
      const seen: number[] = [];
      let cursor: string | undefined;
      do {
        const page = await events.list({ ...filter, limit: 2, ...(cursor === undefined ? {} : { cursor }) });
        expect(page.items.length).toBeLessThanOrEqual(2);
        seen.push(...page.items.map(({ sequence: number }) => number));
        cursor = page.cursor;
      } while (cursor !== undefined);
      return seen;
    };
    const where = (fits: (event: CloudEvent, at: number) => boolean) =>
      all.filter(({ event, sequence: at }) => fits(event, at)).map(({ sequence: at }) => at);
    expect(all).toHaveLength(24);
    expect(await pick({ subject: 's1' })).toEqual(where(({ subject }) => subject === 's1'));
    expect(await pick({ type: 'other' })).toEqual(where(({ type }) => type === 'other'));
    expect(await pick({ subject: 's2', type: 'thing.made' })).toEqual(
      where(({ subject, type }) => subject === 's2' && type === 'thing.made'),
    );
    expect(await pick({ type: 'other', from: 12 })).toEqual(where(({ type }, at) => type === 'other' && at >= 12));
    expect(await pick({ subject: 'nobody' })).toEqual([]);
  });
});

describe('several instances', () => {
  it('chain what all of them write, each event once', async () => {
    const { events, another } = createTestLog();
    const instances = [events, another(), another(), another()];
    const each = storageSize(100, 40);
    let writing = true;
    const writers = instances.map(async (instance, writer) => {
      await instance.pending({ limit: 1 });
      for (let at = 0; at < each; at++) await commit(instance.storage, [instance.write(factsOf(`${writer}-${at}`))]);
    });
    const sequencers = instances.slice(0, 2).map(async (instance) => {
      while (writing) await sequence(instance);
    });
    await Promise.all(writers);
    writing = false;
    await Promise.all(sequencers);
    await sequence(events);
    expect(await expectSound(events)).toHaveLength(instances.length * each);
  });

  it('lose their commit when they were paused beyond the lease', async () => {
    const test = createTestLog();
    let pause: (() => Promise<void>) | undefined;
    const inner = test.another().storage;
    const storage = overriding(inner, {
      commit: async (writes) => {
        const resume = writes.some(({ collection }) => collection === 'events') ? pause : undefined;
        if (resume) pause = undefined;
        await resume?.();
        return inner.commit(writes);
      },
    });
    const paused = test.another({ storage });
    await test.events.pending({ limit: 1 });
    await paused.pending({ limit: 1 });
    await writeEvents(test.events, [factsOf('a'), factsOf('b')]);
    let tookOver = false;
    pause = async () => {
      // Within the lease nobody else moves the head.
      await sequence(test.events);
      expect(await allEntries(test.events)).toEqual([]);
      test.clock.advance(15_000);
      await sequence(test.events);
      expect(await allEntries(test.events)).toHaveLength(2);
      tookOver = true;
    };
    await sequence(paused);
    expect(tookOver).toBe(true);
    expect(await expectSound(test.events)).toHaveLength(2);
    await writeEvents(test.events, [factsOf('c')]);
    await sequence(paused);
    expect(await expectSound(test.events)).toHaveLength(3);
  });
});

describe('listeners', () => {
  it('are told of the events that fit their pattern, in order, where they are chained', async () => {
    const { events, another } = createTestLog();
    const heard: string[] = [];
    const hear = (name: string) => (event: CloudEvent) => heard.push(`${name} ${event.type}`);
    events.on('*', hear('all'));
    events.on('thing.*', hear('things'));
    const end = events.on('thing.made', hear('made'));
    another().on('*', () => heard.push('elsewhere'));
    await writeEvents(
      events,
      ['thing.made', 'thingy.made', 'thing.made.twice'].map((type) => ({ ...factsOf(type), type })),
    );
    await sequence(events);
    expect(heard.toSorted()).toEqual(
      ['all thing.made', 'all thing.made.twice', 'all thingy.made', 'made thing.made', 'things thing.made'].concat(
        'things thing.made.twice',
      ),
    );
    end();
    heard.length = 0;
    await writeEvents(events, [{ ...factsOf('again'), type: 'thing.made' }]);
    await sequence(events);
    expect(heard).toEqual(['all thing.made', 'things thing.made']);
  });

  it('are told by whoever takes over what a process that died had chained', async () => {
    const { clock, events, another } = createTestLog();
    await sequence(events);
    await writeEvents(events, [factsOf('a'), factsOf('b')]);
    const faults = faultInjector(another().storage, { seed: 1 });
    const dying = another({ storage: faults });
    const heard: string[] = [];
    dying.on('*', ({ subject }) => heard.push(subject));
    await dying.pending({ limit: 1 });
    // The head is made, and the next commit, which chains, lands: of its answer and all that follows nothing is heard.
    faults.plan({ method: 'commit', kind: 'loseAnswer', skip: 1 });
    faults.plan({ method: 'commit', kind: 'refuse', skip: 1, times: Number.POSITIVE_INFINITY });
    await expect(sequence(dying)).rejects.toMatchObject({ code: 'STORAGE_OUTCOME_UNKNOWN' });
    expect(heard).toEqual([]);
    expect(await allEntries(events)).toHaveLength(2);
    clock.advance(15_000);
    events.on('*', ({ subject }) => heard.push(subject));
    await writeEvents(events, [factsOf('c')]);
    await sequence(events);
    expect(heard.toSorted()).toEqual(['a', 'b', 'c']);
    await sequence(events);
    expect(heard).toHaveLength(3);
  });

  it('stop nobody when they fail, and are not named in the log by what they said', async () => {
    const { logger, told: errors } = recordingLogger('error');
    const { events } = createTestLog({
      logger,
      sinks: [
        () => {
          throw new TypeError('the password is 123');
        },
      ],
    });
    const heard: string[] = [];
    events.on('*', () => Promise.reject(new Error('the password is 456')));
    events.on('*', ({ subject }) => heard.push(subject));
    // A promise of another realm is none of this one's class.
    events.on('*', () => runInNewContext('Promise.reject(7)'));
    await writeEvents(events, [factsOf('a'), factsOf('b')]);
    await sequence(events);
    await Promise.resolve();
    expect(heard.toSorted()).toEqual(['a', 'b']);
    expect(errors).toHaveLength(6);
    expect(errors.filter(({ error }) => error === 'number')).toHaveLength(2);
    expect(JSON.stringify(errors)).not.toContain('password');
  });

  it.each(['', '*.made', 'thing.', 'thing.*.x', ' ', 'thing made', undefined])('refuse the pattern %j', (pattern) => {
    const { events } = createTestLog();
    expect(() => events.on(pattern as string, () => undefined)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
    );
  });
});
