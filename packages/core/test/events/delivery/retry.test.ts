import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome } from '../../../src/events/delivery/sink.ts';
import { SeededRandom } from '../../../src/testing/random.ts';
import { codeOf } from '../../support/expect-error.ts';
import { seededCrypto } from '../../support/seeded-crypto.ts';
import {
  createScene,
  DAY,
  failed,
  HOUR,
  MINUTE,
  nameOf,
  recordLog,
  type Scene,
  SECOND,
  testSink,
  work,
  workFor,
} from './support.ts';

/** The instants at which a sink was tried, from the first on. */
function recordInstants(scene: Scene, sink: ReturnType<typeof testSink>, answer: () => DeliveryOutcome | undefined) {
  const instants: number[] = [];
  const start = scene.clock.now();
  sink.answer = () => {
    instants.push(scene.clock.now() - start);
    return answer();
  };
  return instants;
}

describe('a subject whose events are not taken', () => {
  it('holds up itself alone, and comes out in order', async () => {
    const scene = createScene();
    const sink = testSink();
    let isDown = true;
    sink.answer = ({ subject }) => (isDown && subject === 'b' ? failed() : undefined);
    for (const subject of ['a', 'b', 'c', 'b', 'a']) scene.log.append(subject);
    const deliveries = scene.deliveries([sink]);
    await work(deliveries);
    expect([...sink.got].sort()).toEqual(['a1', 'a2', 'c1']);
    expect(sink.tried.filter((name) => name.startsWith('b'))).toEqual(['b1']);
    for (const subject of ['b', 'd']) scene.log.append(subject);
    await work(deliveries);
    expect(sink.got.at(-1)).toBe('d1');
    expect(await deliveries.status()).toEqual([
      { sink: 'sink', state: 'active', position: 7, behind: 0, failingSubjects: 1 },
    ]);
    isDown = false;
    await workFor(scene, deliveries, { forMs: 6 * SECOND, stepMs: SECOND });
    expect(sink.got.slice(-3)).toEqual(['b1', 'b2', 'b3']);
    expect((await deliveries.status())[0]?.failingSubjects).toBe(0);
    expect((await deliveries.deadLetters({ limit: 10 })).items).toEqual([]);
  });

  it('of one source does not hold up the same words of another', async () => {
    const scene = createScene();
    const sink = testSink();
    sink.answer = ({ source }) => (source === '/a' ? failed() : undefined);
    for (const source of ['/a', '/b', '/a', '/b']) scene.log.append('x', { source });
    await work(scene.deliveries([sink]));
    expect(sink.got).toEqual(['x2', 'x4']);
  });

  it('is tried again after 5 s, 30 s, 2 min, 10 min, 30 min, 1 h and then every 2 h, a fifth more or less, for three days', async () => {
    const scene = createScene();
    const sink = testSink();
    const instants = recordInstants(scene, sink, () => failed());
    scene.log.append('a');
    const deliveries = scene.deliveries([sink]);
    await work(deliveries);
    for (const [at, wait] of [
      5 * SECOND,
      30 * SECOND,
      2 * MINUTE,
      10 * MINUTE,
      30 * MINUTE,
      HOUR,
      2 * HOUR,
      2 * HOUR,
    ].entries()) {
      await workFor(scene, deliveries, { forMs: 0.8 * wait - 1, stepMs: wait });
      expect(instants).toHaveLength(at + 1);
      // By no more than a tenth at a time, so that the next wait is counted from about the attempt.
      for (let tenths = 0; tenths < 5 && instants.length === at + 1; tenths++) {
        scene.clock.advance(wait / 10);
        await work(deliveries);
      }
      expect(instants).toHaveLength(at + 2);
    }
    await workFor(scene, deliveries, { forMs: 4 * DAY, stepMs: HOUR / 2 });
    // The last attempt is made when the three days are over, to the half hour that this test steps by.
    expect(instants.at(-1)).toBeGreaterThanOrEqual(3 * DAY);
    expect(instants.at(-1)).toBeLessThan(3 * DAY + HOUR / 2);
    const { items } = await deliveries.deadLetters({ limit: 10 });
    expect(items).toMatchObject([{ sink: 'sink', sequence: 0, subject: 'a', reason: 'answered 500', status: 500 }]);
    expect(items[0]?.attempts).toBe(instants.length);
    expect(items[0]?.eventId).toBe(scene.log.entries[0]?.event.id);
  });

  it('jitters, so that what failed together does not come back together', async () => {
    const scene = createScene();
    const sink = testSink();
    sink.answer = () => failed();
    for (let count = 0; count < 6; count++) scene.log.append(`s${count}`);
    // Six draws that fall together once in a while would look like none.
    const deliveries = scene.deliveries([sink], { crypto: seededCrypto(new SeededRandom(20_260_815)) });
    await work(deliveries);
    expect(sink.tried).toHaveLength(6);
    const instants = new Set<number>();
    for (let waited = 0; waited <= 6 * SECOND; waited += 100) {
      const before = sink.tried.length;
      await work(deliveries);
      if (sink.tried.length > before) instants.add(waited);
      scene.clock.advance(100);
    }
    expect(sink.tried).toHaveLength(12);
    expect(instants.size).toBeGreaterThan(1);
    expect(Math.min(...instants)).toBeGreaterThanOrEqual(4 * SECOND);
  });

  it('is left alone as long as its receiver asks, and so is every other, but not longer than a day', async () => {
    const scene = createScene();
    const sink = testSink();
    let asks: number | undefined = 2 * HOUR;
    const instants = recordInstants(scene, sink, () =>
      asks === undefined ? undefined : failed({ retryAfterMs: asks }),
    );
    scene.log.append('a');
    const deliveries = scene.deliveries([sink]);
    await work(deliveries);
    expect((await deliveries.status())[0]?.quietUntil).toEqual(new Date(scene.clock.now() + 2 * HOUR));
    scene.log.append('b');
    await workFor(scene, deliveries, { forMs: 2 * HOUR - MINUTE, stepMs: 10 * MINUTE });
    expect(instants).toHaveLength(1);
    asks = 1_000 * DAY;
    await workFor(scene, deliveries, { forMs: MINUTE, stepMs: MINUTE });
    expect(instants.slice(1)).toEqual([2 * HOUR, 2 * HOUR]);
    asks = undefined;
    await workFor(scene, deliveries, { forMs: DAY - HOUR, stepMs: HOUR });
    expect(instants).toHaveLength(3);
    await workFor(scene, deliveries, { forMs: HOUR, stepMs: HOUR });
    expect([...sink.got].sort()).toEqual(['a1', 'b1']);
  });

  it('is left alone with what waited before, and with what the round had still to deliver', async () => {
    const scene = createScene();
    const sink = testSink();
    sink.answer = ({ subject }) => {
      if (subject === 'c') return undefined;
      return failed(subject === 'b' ? { retryAfterMs: 2 * HOUR } : {});
    };
    const deliveries = scene.deliveries([sink], { concurrency: 1 });
    scene.log.append('a');
    await work(deliveries);
    for (const subject of ['b', 'c']) scene.log.append(subject);
    await work(deliveries);
    await workFor(scene, deliveries, { forMs: 2 * HOUR - MINUTE, stepMs: MINUTE });
    expect(sink.tried).toEqual(['a1', 'b1']);
    sink.answer = () => undefined;
    await workFor(scene, deliveries, { forMs: MINUTE, stepMs: MINUTE });
    expect(sink.got.toSorted()).toEqual(['a1', 'b1', 'c1']);
  });

  it.each([
    [-5, 'a negative number'],
    [Number.NaN, 'no number'],
    [Number.POSITIVE_INFINITY, 'no end'],
    ['soon' as never, 'a word'],
  ])('is tried as ever where the wait is %s: %s', async (retryAfterMs) => {
    const scene = createScene();
    const sink = testSink();
    const instants = recordInstants(scene, sink, () => failed({ retryAfterMs }));
    scene.log.append('a');
    const deliveries = scene.deliveries([sink]);
    await work(deliveries);
    await workFor(scene, deliveries, { forMs: 6 * SECOND, stepMs: SECOND });
    expect(instants).toHaveLength(2);
  });
});

describe('a dead letter', () => {
  async function sceneOfDeadLetters() {
    const scene = createScene();
    const sink = testSink();
    const deliveries = scene.deliveries([sink]);
    let isDown = true;
    sink.answer = ({ subject }) => (isDown && subject === 'a' ? failed() : undefined);
    for (const subject of ['a', 'a', 'b']) scene.log.append(subject);
    await work(deliveries);
    await workFor(scene, deliveries, { forMs: 3 * DAY + HOUR, stepMs: 30 * MINUTE });
    const { items } = await deliveries.deadLetters({ sink: 'sink', limit: 10 });
    expect(items.map(({ sequence }) => sequence)).toEqual([0, 1]);
    return { scene, sink, deliveries, repair: () => (isDown = false) };
  }

  it('does not hold up what follows, and is listed in pages until it is replayed', async () => {
    const { scene, sink, deliveries, repair } = await sceneOfDeadLetters();
    const first = await deliveries.deadLetters({ limit: 1 });
    expect(first.items.map(({ sequence }) => sequence)).toEqual([0]);
    const second = await deliveries.deadLetters({ limit: 1, cursor: first.cursor as string });
    expect(second.items.map(({ sequence }) => sequence)).toEqual([1]);
    expect((await deliveries.deadLetters({ sink: 'another', limit: 10 })).items).toEqual([]);
    repair();
    scene.log.append('a');
    await work(deliveries);
    expect(sink.got).toEqual(['b1', 'a3']);
    expect(await deliveries.replay({ sink: 'sink' })).toBe(2);
    expect((await deliveries.deadLetters({ limit: 1 })).items[0]?.replayAt).toEqual(new Date(scene.clock.now()));
    expect(await deliveries.replay({ sink: 'sink' })).toBe(0);
    await work(deliveries);
    expect(sink.got).toEqual(['b1', 'a3', 'a1', 'a2']);
    expect((await deliveries.deadLetters({ limit: 10 })).items).toEqual([]);
    await work(deliveries);
    expect(sink.got).toHaveLength(4);
  });

  it('that is replayed comes before the events of its subject that still wait, and has three days again', async () => {
    const { scene, sink, deliveries, repair } = await sceneOfDeadLetters();
    scene.log.append('a');
    await work(deliveries);
    await deliveries.replay({ sink: 'sink', sequence: 1 });
    await deliveries.replay({ sink: 'sink', sequence: 0 });
    await work(deliveries);
    await workFor(scene, deliveries, { forMs: 2 * DAY, stepMs: HOUR });
    expect((await deliveries.deadLetters({ limit: 10 })).items).toEqual([]);
    repair();
    await workFor(scene, deliveries, { forMs: 3 * HOUR, stepMs: HOUR });
    expect(sink.got).toEqual(['b1', 'a1', 'a2', 'a3']);
  });

  it('that finds no room among the events that wait is left where it is, and not asked for without end', async () => {
    const scene = createScene();
    const sink = testSink();
    const deliveries = scene.deliveries([sink]);
    sink.answer = () => ({ outcome: 'rejected', reason: 'no' });
    for (let count = 0; count < 10; count++) scene.log.append('a');
    await work(deliveries);
    sink.answer = () => failed();
    for (let count = 0; count < 1_000; count++) scene.log.append('a');
    await work(deliveries);
    expect(await deliveries.replay({ sink: 'sink' })).toBe(10);
    const [task] = deliveries.maintenance();
    expect((await task?.run({ limit: 20 }))?.more).toBe(false);
    expect((await deliveries.deadLetters({ limit: 100 })).items).toHaveLength(10);
    sink.answer = () => undefined;
    await workFor(scene, deliveries, { forMs: HOUR, stepMs: HOUR / 4 });
    expect(new Set(sink.got).size).toBe(1_010);
    expect((await deliveries.deadLetters({ limit: 100 })).items).toEqual([]);
  });

  it('that dies again is a dead letter again', async () => {
    const { scene, sink, deliveries } = await sceneOfDeadLetters();
    sink.answer = () => ({ outcome: 'rejected', reason: 'too large' });
    await deliveries.replay({ sink: 'sink' });
    await work(deliveries);
    const { items } = await deliveries.deadLetters({ limit: 10 });
    expect(items.map(({ sequence, reason, replayAt }) => [sequence, reason, replayAt])).toEqual([
      [0, 'too large', undefined],
      [1, 'too large', undefined],
    ]);
    expect(scene.log.entries).toHaveLength(3);
  });

  it('that is discarded is gone for this sink, one or all of them', async () => {
    const { scene, sink, deliveries, repair } = await sceneOfDeadLetters();
    expect(await deliveries.discard({ sink: 'another' })).toBe(0);
    expect(await deliveries.discard({ sink: 'sink', sequence: 1 })).toBe(1);
    expect(await codeOf(deliveries.discard({ sink: 'sink', sequence: 1 }))).toBe('DEAD_LETTER_NOT_FOUND');
    expect((await deliveries.deadLetters({ limit: 9 })).items.map(({ sequence }) => sequence)).toEqual([0]);
    // Also one that was to be replayed, and was not yet.
    await deliveries.replay({ sink: 'sink' });
    expect(await deliveries.discard({ sink: 'sink' })).toBe(1);
    repair();
    scene.log.append('a');
    await work(deliveries);
    expect(sink.got).toEqual(['b1', 'a3']);
    for (const other of ['', 'a b', 'ä'.repeat(255)]) {
      for (const verb of ['discard', 'replay'] as const) {
        expect(await codeOf(() => deliveries[verb]({ sink: other, sequence: 0 }))).toBe('INVALID_ARGUMENT');
      }
      expect(await codeOf(() => deliveries.deadLetters({ sink: other, limit: 1 }))).toBe('INVALID_ARGUMENT');
      expect(await codeOf(() => deliveries.enable(other))).toBe('SINK_NOT_FOUND');
      expect(await codeOf(() => deliveries.remove(other))).toBe('SINK_NOT_FOUND');
    }
    expect(await codeOf(() => deliveries.discard({ sink: 'sink', signal: AbortSignal.abort() }))).toBe('ABORTED');
  });

  it('is made at once of an event that the sink rejects', async () => {
    const scene = createScene();
    const sink = testSink();
    sink.answer = (event) => (nameOf(event) === 'a2' ? { outcome: 'rejected', reason: 'too large' } : undefined);
    for (const subject of ['a', 'a', 'a']) scene.log.append(subject);
    const deliveries = scene.deliveries([sink]);
    await work(deliveries);
    expect(sink.got).toEqual(['a1', 'a3']);
    expect((await deliveries.deadLetters({ limit: 10 })).items).toMatchObject([
      { sequence: 1, attempts: 1, reason: 'too large' },
    ]);
  });

  it('is gone after 30 days', async () => {
    const { scene, deliveries } = await sceneOfDeadLetters();
    scene.clock.advance(30 * DAY);
    expect((await deliveries.deadLetters({ limit: 10 })).items).toEqual([]);
    expect(await codeOf(deliveries.replay({ sink: 'sink', sequence: 0 }))).toBe('DEAD_LETTER_NOT_FOUND');
  });

  it('that is not there, or is asked for in a malformed way, is refused', async () => {
    const scene = createScene();
    const deliveries = scene.deliveries([testSink()]);
    expect(await codeOf(deliveries.replay({ sink: 'sink', sequence: 7 }))).toBe('DEAD_LETTER_NOT_FOUND');
    expect(await codeOf(() => deliveries.replay({ sink: 'sink', sequence: -1 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => deliveries.replay({} as never))).toBe('INVALID_ARGUMENT');
    for (const limit of [0, 1_001, 1.5]) {
      expect(await codeOf(() => deliveries.deadLetters({ limit }))).toBe('INVALID_ARGUMENT');
    }
    expect(await codeOf(deliveries.deadLetters({ limit: 1, cursor: 'nonsense' }))).toBe('STORAGE_INVALID');
  });
});

describe('a receiver that wants no more events', () => {
  it('gets none until it is enabled, and then every one', async () => {
    const scene = createScene();
    const { logger, told } = recordLog();
    const sink = testSink();
    sink.answer = ({ subject }) =>
      subject === 'b' ? { outcome: 'gone', reason: 'answered 410', status: 410 } : undefined;
    for (const subject of ['a', 'b', 'c']) scene.log.append(subject);
    const deliveries = scene.deliveries([sink], { logger, concurrency: 1 });
    await work(deliveries);
    scene.log.append('d');
    await workFor(scene, deliveries, { forMs: 4 * DAY, stepMs: HOUR });
    expect(sink.tried).toEqual(['a1', 'b1']);
    expect(told).toEqual([
      ['A sink wants no more events: it is disabled', { sink: 'sink', reason: 'answered 410', status: 410 }],
    ]);
    expect(await deliveries.status()).toMatchObject([
      { state: 'disabled', position: 1, behind: 3, fault: { reason: 'answered 410', status: 410 } },
    ]);
    sink.answer = () => undefined;
    await deliveries.enable('sink');
    await work(deliveries);
    expect(sink.got).toEqual(['a1', 'b1', 'c1', 'd1']);
    expect(await deliveries.status()).toEqual([
      { sink: 'sink', state: 'active', position: 4, behind: 0, failingSubjects: 0 },
    ]);
  });

  it('keeps the events that had been waiting before', async () => {
    const scene = createScene();
    const sink = testSink();
    sink.answer = () => failed();
    for (const subject of ['a', 'a']) scene.log.append(subject);
    const deliveries = scene.deliveries([sink]);
    await work(deliveries);
    sink.answer = () => ({ outcome: 'gone', reason: 'answered 410', status: 410 });
    await workFor(scene, deliveries, { forMs: 10 * SECOND, stepMs: SECOND });
    sink.answer = () => undefined;
    await deliveries.enable('sink');
    await work(deliveries);
    expect(sink.got).toEqual(['a1', 'a2']);
  });

  it('cannot be enabled under a name that nobody has', async () => {
    const deliveries = createScene().deliveries([testSink()]);
    expect(await codeOf(deliveries.enable('other'))).toBe('SINK_NOT_FOUND');
  });
});

describe('a receiver that fails for every subject', () => {
  it('is tried with few events, and gets all of them once it is back', async () => {
    const scene = createScene();
    const sink = testSink();
    sink.answer = () => failed();
    for (let count = 0; count < 400; count++) scene.log.append(`s${count}`);
    const deliveries = scene.deliveries([sink], { concurrency: 4 });
    await work(deliveries);
    expect(sink.tried.length).toBeLessThanOrEqual(12);
    await workFor(scene, deliveries, { forMs: DAY, stepMs: HOUR });
    const [status] = await deliveries.status();
    expect(status?.quietUntil).toBeInstanceOf(Date);
    expect(status?.failingSubjects).toBeLessThan(300);
    expect(status?.behind).toBeGreaterThan(100);
    sink.answer = () => undefined;
    await workFor(scene, deliveries, { forMs: 3 * HOUR, stepMs: HOUR / 2 });
    expect(new Set(sink.got).size).toBe(400);
    expect(sink.got).toHaveLength(400);
    expect((await deliveries.deadLetters({ limit: 1 })).items).toEqual([]);
  });

  it('goes on at once where it is told that it is back', async () => {
    const scene = createScene();
    const sink = testSink();
    sink.answer = () => failed();
    for (let count = 0; count < 100; count++) scene.log.append(`s${count}`);
    const deliveries = scene.deliveries([sink]);
    await work(deliveries);
    await workFor(scene, deliveries, { forMs: 10 * MINUTE, stepMs: MINUTE });
    expect((await deliveries.status())[0]?.quietUntil).toBeInstanceOf(Date);
    sink.answer = () => undefined;
    await work(deliveries);
    expect(sink.got).toEqual([]);
    await deliveries.enable('sink');
    await work(deliveries);
    expect(sink.got.length).toBeGreaterThan(50);
    expect((await deliveries.status())[0]?.behind).toBe(0);
  });
});
