import { describe, expect, it } from 'vitest';
import { type EventLog, LocalKeyring, type Timer } from '../../src/index.ts';
import { codeOf } from '../support/expect-error.ts';
import { createTestLog, factsOf, recordingLogger, runChore, sequence, writeEvents } from './support.ts';

/** A timer that goes off by hand, and tells for how long each wait was asked. */
function handTimer() {
  const waits = new Set<{ readonly ms: number; readonly callback: () => void }>();
  const timer: Timer = (ms, callback) => {
    const wait = { ms, callback };
    waits.add(wait);
    return () => waits.delete(wait);
  };
  const fire = (wanted: (ms: number) => boolean) => {
    for (const wait of [...waits].filter(({ ms }) => wanted(ms))) {
      waits.delete(wait);
      wait.callback();
    }
  };
  return { timer, waits, fire };
}

const never = () => new Promise<never>(() => undefined);

/** Waits for something that calls of the storage bring about. */
async function until(events: EventLog, condition: () => boolean): Promise<void> {
  for (let turns = 0; !condition(); turns++) {
    if (turns > 10_000) throw new Error('It did not come about');
    await events.pending({ limit: 1 });
  }
}

describe('a checkpoint sink that hangs', () => {
  it('is given up when its time is over, and gets the note again', async () => {
    const { timer, waits, fire } = handTimer();
    const signals: AbortSignal[] = [];
    const taken: string[] = [];
    let hangs = true;
    const { events } = createTestLog({
      timer,
      keyring: LocalKeyring.generate(),
      checkpointSinkTimeoutMs: 1_234,
      checkpointSink: (note, { signal }) => {
        signals.push(signal);
        if (hangs) return never();
        taken.push(note);
      },
    });
    await writeEvents(events, [factsOf('a')]);
    await sequence(events);
    const failing = codeOf(runChore(events, 'checkpoint'));
    await until(events, () => waits.size === 1);
    expect([...waits].map(({ ms }) => ms)).toEqual([1_234]);
    expect(signals[0]?.aborted).toBe(false);
    fire(() => true);
    expect(await failing).toBe('ABORTED');
    expect(signals[0]?.aborted).toBe(true);
    hangs = false;
    await runChore(events, 'checkpoint');
    expect(taken).toEqual([(await events.checkpoint()).note]);
    expect(waits.size).toBe(0);
  });

  it('keeps stop() waiting for nothing', async () => {
    const { timer, fire } = handTimer();
    const signals: AbortSignal[] = [];
    const checkpointSink = (_: string, { signal }: { readonly signal: AbortSignal }) => {
      signals.push(signal);
      return never();
    };
    const { events } = createTestLog({ timer, keyring: LocalKeyring.generate(), checkpointSink });
    events.start();
    fire((ms) => ms === 0);
    await until(events, () => signals.length > 0);
    await events.stop();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true]);
  });

  it('may reject when nobody waits for it any more', async () => {
    const { timer, fire, waits } = handTimer();
    let reject = (_: Error): void => undefined;
    const checkpointSink = () =>
      new Promise<void>((_, fail) => {
        reject = fail;
      });
    const { events } = createTestLog({ timer, keyring: LocalKeyring.generate(), checkpointSink });
    const failing = codeOf(runChore(events, 'checkpoint'));
    await until(events, () => waits.size === 1);
    fire(() => true);
    expect(await failing).toBe('ABORTED');
    // A rejection that nobody handles would end the process, and with it this test.
    reject(new Error('too late'));
    await events.pending({ limit: 1 });
  });

  it.each([0, 300_001, 1.5, '1'])('may not be given %s milliseconds', (checkpointSinkTimeoutMs) => {
    expect(() => createTestLog({ checkpointSinkTimeoutMs: checkpointSinkTimeoutMs as never })).toThrow(
      'checkpointSinkTimeoutMs',
    );
  });
});

describe('a sink that hangs', () => {
  it('in an attempt, a listener or its close keeps stop() waiting no longer than 10 seconds', async () => {
    const { timer, fire, waits } = handTimer();
    const { logger, told } = recordingLogger('warn');
    const tried: AbortSignal[] = [];
    let closed = 0;
    const hanging = {
      name: 'hanging',
      from: 'beginning' as const,
      deliver: (_: unknown, { signal }: { readonly signal: AbortSignal }) => {
        tried.push(signal);
        return never();
      },
      close: never,
    };
    const orderly = { name: 'orderly', deliver: async () => undefined, close: () => void closed++ };
    const { events } = createTestLog({ timer, logger, sinks: [hanging, () => never(), orderly] });
    told.length = 0;
    await writeEvents(events, [factsOf('a')]);
    await sequence(events);
    events.start();
    fire((ms) => ms === 0);
    await until(events, () => tried.length > 0);
    const stopped = events.stop();
    await until(events, () => [...waits].some(({ ms }) => ms === 10_000));
    expect(closed).toBe(1);
    fire((ms) => ms === 10_000);
    await stopped;
    expect(tried.map(({ aborted }) => aborted)).toEqual([true]);
    expect(told).toEqual([{ sink: 'hanging' }]);
    expect(waits.size).toBe(0);
  });

  it('is no excuse for the close of another: each is closed, and the first failure is told', async () => {
    const { timer, waits } = handTimer();
    const closed: string[] = [];
    const failing = (name: string) => ({
      name,
      deliver: async () => undefined,
      close: () => {
        closed.push(name);
        throw new Error(`${name} fails`);
      },
    });
    const { events } = createTestLog({ timer, sinks: [failing('one'), failing('two')] });
    await expect(events.stop()).rejects.toThrow('one fails');
    expect(closed).toEqual(['one', 'two']);
    expect(waits.size).toBe(0);
  });
});
