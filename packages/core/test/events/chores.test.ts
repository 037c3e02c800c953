import { describe, expect, it } from 'vitest';
import type { EventLog, Timer } from '../../src/index.ts';
import { LocalKeyring } from '../../src/index.ts';
import { faultInjector } from '../../src/testing/fault-injector.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { createTestStorage } from '../support/test-storage.ts';
import { allEntries, createTestLog, factsOf, recordingLogger, writeEvents } from './support.ts';

interface Wait {
  readonly ms: number;
  readonly callback: () => void;
}

/** A timer that goes off by hand. */
function handTimer(): { readonly timer: Timer; readonly waits: Set<Wait>; fire(): void } {
  const waits = new Set<Wait>();
  return {
    waits,
    timer: (ms, callback) => {
      const wait = { ms, callback };
      waits.add(wait);
      return () => waits.delete(wait);
    },
    fire() {
      for (const wait of [...waits]) {
        waits.delete(wait);
        wait.callback();
      }
    },
  };
}

/** Lets what is under way come to rest: every chore waits for its next turn. */
async function rest(events: EventLog, waits: ReadonlySet<Wait>, count: number): Promise<void> {
  for (let turns = 0; waits.size < count; turns++) {
    if (turns > 10_000) throw new Error(`Only ${waits.size} of ${count} chores wait`);
    await events.pending({ limit: 1 });
  }
}

describe('start and stop', () => {
  it('chain and deliver in the background, until they are told to end', async () => {
    const { timer, waits, fire } = handTimer();
    const delivered: string[] = [];
    const sink = {
      name: 'memory',
      deliver: async ({ subject }: { subject: string }) => {
        delivered.push(subject);
      },
    };
    const { clock, events } = createTestLog({ timer, sinks: [sink], keyring: LocalKeyring.generate() });
    await events.deliveries.register();
    const chores = events.maintenance().length;
    events.start();
    events.start();
    expect(waits.size).toBe(chores);
    await writeEvents(events, [factsOf('a')]);
    for (let turn = 0; turn < 4; turn++) {
      fire();
      await rest(events, waits, chores);
      for (const { ms } of waits) expect(ms).toBeLessThanOrEqual(60_000);
      clock.advance(1_000);
    }
    expect(await allEntries(events)).toHaveLength(1);
    expect(delivered).toEqual(['a']);
    expect((await events.verify()).checkpoints).toBeGreaterThan(0);
    fire();
    await events.stop();
    expect(waits.size).toBe(0);
    await writeEvents(events, [factsOf('b')]);
    fire();
    expect((await events.pending({ limit: 9 })).items).toHaveLength(1);
    await events.stop();
    events.start();
    expect(waits.size).toBe(chores);
    await events[Symbol.asyncDispose]();
    expect(waits.size).toBe(0);
  });

  it('try again, later and later, when the storage fails', async () => {
    const { timer, waits, fire } = handTimer();
    const { logger, told } = recordingLogger('error');
    const clock = new VirtualClock();
    const stored = createTestStorage(clock);
    const faults = faultInjector(stored.storage, { seed: 1 });
    const { events } = createTestLog({ storage: faults, clock, timer, logger });
    const judge = createTestLog({ storage: stored.another(), clock }).events;
    const chores = events.maintenance().length;
    await writeEvents(judge, [factsOf('a')]);
    faults.plan({ kind: 'refuse', times: Number.POSITIVE_INFINITY });
    events.start();
    const longest: number[] = [];
    for (let turn = 0; turn < 8; turn++) {
      fire();
      await rest(judge, waits, chores);
      longest.push(Math.max(...[...waits].map(({ ms }) => ms)));
    }
    expect(longest).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000]);
    expect(told[0]).toMatchObject({ error: 'STORAGE_UNAVAILABLE', failures: 1 });
    faults.heal();
    fire();
    await rest(judge, waits, chores);
    expect(await allEntries(judge)).toHaveLength(1);
    await events.stop();
  });

  it('offer chores whose names differ between namespaces', () => {
    const { events } = createTestLog({ keyring: LocalKeyring.generate(), retentionDays: 30 });
    const names = events.maintenance().map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    const { namespace } = events.storage;
    const own = ['sequence', 'checkpoint', 'reseal', 'retention'].map((chore) => `events:${namespace}:${chore}`);
    expect(names.slice(0, 4)).toEqual(own);
  });
});
