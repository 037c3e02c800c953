import { describe, expect, it } from 'vitest';
import { faultInjector } from '../../../src/testing/fault-injector.ts';
import type { FaultKind } from '../../../src/testing/fault-plan.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { settled } from '../../support/settled.ts';
import { storageSize } from '../../support/test-storage.ts';
import { createScene, DAY, failed, HOUR, MINUTE, nameOf, SECOND, testSink, work, workFor } from './support.ts';

describe('two instances', () => {
  it('share the work: each event is delivered by one of them', async () => {
    const scene = createScene();
    const sink = testSink();
    for (let count = 0; count < 250; count++) scene.log.append(`s${count % 7}`);
    const instances = [scene.deliveries([sink]), scene.deliveries([sink], { on: scene.another() })];
    await Promise.all(instances.map((each) => each.register()));
    await Promise.all(instances.map((each) => work(each)));
    await work(instances[0] as (typeof instances)[0]);
    expect(sink.got).toHaveLength(250);
    expect(new Set(sink.got).size).toBe(250);
  });

  it('race for the registration of a sink, and the first decides where it begins', async () => {
    const scene = createScene();
    scene.log.append('a');
    const sink = testSink('sink', { from: 'newest' });
    const instances = [scene.deliveries([sink]), scene.deliveries([sink], { on: scene.another() })];
    await Promise.all(instances.map((each) => each.register()));
    scene.log.append('b');
    for (const each of instances) await work(each);
    expect(sink.got).toEqual(['b1']);
  });

  it('one of which was paused beyond its lease: the other goes on, and the first loses its commit', async () => {
    const scene = createScene();
    const sink = testSink();
    for (const subject of ['a', 'b', 'c']) scene.log.append(subject);
    const paused = scene.deliveries([sink], { concurrency: 1 });
    const other = scene.deliveries([sink], { concurrency: 1, on: scene.another() });
    let isPaused = false;
    sink.answer = async (event) => {
      if (nameOf(event) !== 'b1' || isPaused) return;
      isPaused = true;
      scene.clock.advance(2 * MINUTE);
      await work(other);
      expect(sink.got).toEqual(['a1', 'a1', 'b1', 'c1']);
      scene.log.append('d');
    };
    const [task] = paused.maintenance();
    expect((await task?.run({ limit: 100 }))?.more).toBe(false);
    // What was on its way arrives twice; what had not begun is left to the other one.
    expect(sink.got).toEqual(['a1', 'a1', 'b1', 'c1', 'b1']);
    expect((await other.status())[0]?.position).toBe(3);
    await work(other);
    expect(sink.got.slice(5)).toEqual(['d1']);
  });

  it('one of which takes long: its lease is renewed while it works', async () => {
    const scene = createScene();
    const sink = testSink();
    for (let count = 0; count < 60; count++) scene.log.append(`s${count}`);
    const slow = scene.deliveries([sink], { concurrency: 2 });
    const other = scene.deliveries([sink], { on: scene.another() });
    // Two at a time, in whatever order: together they stay within the ten seconds that an attempt may take, for which the lease is held.
    sink.answer = async () => {
      scene.clock.advance(4 * SECOND);
      await work(other);
    };
    await work(slow);
    // Had the lease been lost on the way, what was being delivered would come twice; who delivers the last of them is left open.
    sink.answer = async () => undefined;
    scene.clock.advance(MINUTE);
    await work(other);
    expect(sink.got).toHaveLength(60);
    expect(new Set(sink.got).size).toBe(60);
  });

  it('one of which dies: the other takes over once the lease is up', async () => {
    const scene = createScene();
    const dying = testSink();
    const sink = testSink();
    for (const subject of ['a', 'b']) scene.log.append(subject);
    const faults = faultInjector(scene.storage, { seed: 1 });
    const first = scene.deliveries([dying], { on: faults });
    const other = scene.deliveries([sink], { on: scene.another() });
    dying.answer = () => faults.plan({ kind: 'refuse', times: Number.POSITIVE_INFINITY });
    expect((await settled(work(first))).error?.code).toBe('STORAGE_UNAVAILABLE');
    await work(other);
    expect(sink.got).toEqual([]);
    await workFor(scene, other, { forMs: MINUTE, stepMs: MINUTE });
    expect(sink.got).toEqual(['a1', 'b1']);
    expect(sink.ids).toEqual(new Set([...dying.ids, ...sink.ids]));
  });
});

describe('an instance whose clock is a day ahead', () => {
  it('and which dies keeps a sink no longer than its lease by the clock of the storage', async () => {
    const scene = createScene();
    const ahead = new VirtualClock(scene.clock.now() + DAY);
    const sink = testSink();
    const subjects = 20;
    for (let count = 0; count < subjects; count++) scene.log.append(`s${count}`);
    const faults = faultInjector(scene.storage, { seed: 1 });
    const dying = scene.deliveries([sink], { on: faults, clock: ahead, concurrency: 1 });
    sink.answer = () => {
      // Long enough for the lease to be renewed by the instance itself.
      for (const clock of [scene.clock, ahead]) clock.advance(9 * SECOND);
      if (sink.tried.length === subjects - 1) faults.plan({ kind: 'refuse', times: Number.POSITIVE_INFINITY });
    };
    expect((await settled(work(dying))).error?.code).toBe('STORAGE_UNAVAILABLE');
    sink.answer = () => undefined;
    sink.got.length = 0;
    scene.clock.advance(MINUTE);
    await work(scene.deliveries([sink], { on: scene.another() }));
    expect(sink.got).toHaveLength(subjects);
  });
});

describe('an attempt', () => {
  it('that never ends is ended when its time is up, and tried again', async () => {
    const scene = createScene();
    const waits: number[] = [];
    let aborted = false;
    const sink = testSink('sink', { timeoutMs: 1_234 });
    sink.answer = (_event, { signal, attempt }) => {
      if (attempt > 1) return undefined;
      signal.addEventListener('abort', () => {
        aborted = true;
      });
      return new Promise(() => undefined);
    };
    scene.log.append('a');
    const sleep = async (ms: number) => void waits.push(ms);
    const deliveries = scene.deliveries([sink], { sleep });
    await work(deliveries);
    expect([waits, aborted]).toEqual([[1_234], true]);
    expect(sink.got).toEqual([]);
    sink.answer = () => undefined;
    const patient = scene.deliveries([sink]);
    await workFor(scene, patient, { forMs: 6 * SECOND, stepMs: SECOND });
    expect(sink.got).toEqual(['a1']);
  });

  it('that is under way when the work is stopped is repeated, and the lease is let go of', async () => {
    const scene = createScene();
    const sink = testSink();
    for (const subject of ['a', 'b', 'c']) scene.log.append(subject);
    const stop = new AbortController();
    sink.answer = (event) => {
      if (nameOf(event) !== 'b1') return undefined;
      stop.abort();
      return new Promise(() => undefined);
    };
    const [task] = scene.deliveries([sink], { concurrency: 1 }).maintenance();
    expect((await task?.run({ limit: 100, signal: stop.signal }))?.more).toBe(false);
    expect(sink.got).toEqual(['a1']);
    sink.answer = () => undefined;
    const other = scene.deliveries([sink], { on: scene.another() });
    await work(other);
    expect(sink.got).toEqual(['a1', 'b1', 'c1']);
    expect((await settled(task?.run({ limit: 1, signal: AbortSignal.abort() }) as Promise<unknown>)).error?.code).toBe(
      'ABORTED',
    );
  });

  it.each([
    [() => Promise.reject(new Error('secret of the receiver')), 'Error'],
    [() => Promise.reject(Object.assign(new TypeError('secret'), { code: 'ECONNREFUSED' })), 'ECONNREFUSED'],
    [() => Promise.reject(Object.assign(new TypeError('x'), { code: 'secret code' })), 'TypeError'],
    [() => Promise.reject('secret'), 'threw no error'],
    [() => Promise.resolve({ outcome: 'nonsense' } as never), 'the sink returned no outcome that is known'],
    [() => Promise.resolve({ outcome: 'failed', reason: 'nul\u0000 \ud800 end' } as const), 'nul? ? end'],
    [() => Promise.resolve({ outcome: 'failed', reason: 'x'.repeat(300), status: 0.5 } as const), 'x'.repeat(200)],
    [() => Promise.resolve({ outcome: 'failed' } as never), 'undefined'],
  ])('that ends in another way than it should is told by words that can be stored: %#', async (answer, reason) => {
    const scene = createScene();
    const sink = { name: 'sink', from: 'beginning', deliver: answer } as const;
    scene.log.append('a');
    const deliveries = scene.deliveries([sink], { retryForMs: 0 });
    await work(deliveries);
    expect((await deliveries.deadLetters({ limit: 1 })).items).toMatchObject([{ reason }]);
  });
});

const KINDS: readonly FaultKind[] = ['refuse', 'loseRequest', 'loseAnswer', 'landLate', 'delay'];

describe.each(KINDS)('a storage whose calls meet %s, at each call of a round of deliveries', (kind) => {
  it('loses no event and no place, doubles only under one id, and keeps the order', { timeout: 120_000 }, async () => {
    let doubled = 0;
    for (let skip = 0; ; skip += storageSize(1, 6)) {
      const scene = createScene();
      const sink = testSink();
      const judge = scene.deliveries([sink], { on: scene.another() });
      // A lane, a dead letter that is to be replayed, and new entries: everything that a round can meet.
      sink.answer = ({ subject }) => (subject === 'a' ? failed() : undefined);
      const dying = scene.deliveries([sink], { on: scene.another(), retryForMs: 0 });
      scene.log.append('a');
      await work(dying);
      for (const subject of ['a', 'a', 'b']) scene.log.append(subject);
      await work(judge);
      await judge.replay({ sink: 'sink', sequence: 0 });
      for (const subject of ['c', 'b', 'c', 'd']) scene.log.append(subject);
      sink.answer = ({ subject }) => (subject === 'd' ? failed() : undefined);
      scene.clock.advance(6 * SECOND);

      const faults = faultInjector(scene.storage, { seed: skip });
      faults.plan({ kind, skip, times: 2 });
      await settled(work(scene.deliveries([sink], { on: faults })));
      const hits = faults.log.length;
      faults.heal();
      await faults.settle();
      sink.answer = () => undefined;
      await workFor(scene, judge, { forMs: 2 * HOUR, stepMs: 20 * MINUTE });

      expect(new Set(sink.got)).toEqual(new Set(['a1', 'a2', 'a3', 'b1', 'b2', 'c1', 'c2', 'd1']));
      expect(sink.ids.size).toBe(8);
      for (const subject of ['a', 'b', 'c']) {
        const firsts = [...new Set(sink.got.filter((name) => name.startsWith(subject)))];
        expect(firsts).toEqual([...firsts].sort());
      }
      expect(await judge.status()).toEqual([
        { sink: 'sink', state: 'active', position: 8, behind: 0, failingSubjects: 0 },
      ]);
      expect((await judge.deadLetters({ limit: 10 })).items).toEqual([]);
      doubled += sink.got.length - 8;
      if (hits === 0) break;
      expect(skip).toBeLessThan(60);
    }
    console.info(`${kind}: ${doubled} events doubled, none lost`);
  });
});
