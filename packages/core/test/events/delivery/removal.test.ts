import { describe, expect, it } from 'vitest';
import { faultInjector } from '../../../src/testing/fault-injector.ts';
import { codeOf } from '../../support/expect-error.ts';
import { createScene, DAY, failed, testSink, work } from './support.ts';

async function sceneWithLeftovers() {
  const scene = createScene();
  const [kept, gone] = [testSink('kept'), testSink('gone')];
  gone.answer = ({ subject }) => {
    if (subject === 'c') return { outcome: 'rejected', reason: 'no' };
    return subject === 'b' ? failed() : undefined;
  };
  for (const subject of ['a', 'b', 'c']) scene.log.append(subject);
  const before = scene.deliveries([kept, gone]);
  await work(before);
  const after = scene.deliveries([kept], { on: scene.another() });
  return { scene, kept, gone, before, after };
}

describe('a sink that no instance has any more', () => {
  it('is forgotten after 30 days with what waited for it, and never while an instance has it', async () => {
    const { scene, after, before } = await sceneWithLeftovers();
    scene.clock.advance(29 * DAY);
    await work(after);
    expect((await after.status()).map(({ sink }) => sink)).toEqual(['gone', 'kept']);
    expect(await after.oldestNeeded()).toBe(1);
    scene.clock.advance(2 * DAY);
    await work(after);
    expect((await after.status()).map(({ sink }) => sink)).toEqual(['kept']);
    expect(await after.oldestNeeded()).toBe(3);
    scene.clock.advance(31 * DAY);
    const leftovers = before.maintenance().at(-1);
    expect(leftovers?.name).toBe(`events:${scene.storage.namespace}:deliver-leftovers`);
    await leftovers?.run({ limit: 10 });
    expect((await after.status()).map(({ sink }) => sink)).toEqual(['kept']);
  });

  it('is looked for in pages that a storage answers, whatever the limit of a run', async () => {
    const { before } = await sceneWithLeftovers();
    expect(await before.maintenance().at(-1)?.run({ limit: 5_000 })).toMatchObject({ more: false });
  });

  it('is not meant where a sink is disabled and an instance has it: it goes on where it stood', async () => {
    const scene = createScene();
    const sink = testSink('sink', { from: 'newest' });
    const having = scene.deliveries([sink]);
    const other = scene.deliveries([testSink('other')], { on: scene.another() });
    await having.register();
    sink.answer = () => ({ outcome: 'gone', reason: 'answered 410' });
    scene.log.append('a');
    for (let days = 0; days < 32; days += 4) {
      await work(having);
      await work(other);
      scene.clock.advance(4 * DAY);
    }
    sink.answer = () => undefined;
    await having.enable('sink');
    await work(having);
    expect(sink.got).toEqual(['a1']);
  });

  it('can be removed at once, and is a new one if it comes back', async () => {
    const { scene, gone, before, after } = await sceneWithLeftovers();
    expect((await after.deadLetters({ sink: 'gone', limit: 10 })).items).toHaveLength(1);
    await after.remove('gone');
    expect((await after.status()).map(({ sink }) => sink)).toEqual(['kept']);
    expect((await after.deadLetters({ limit: 10 })).items).toEqual([]);
    expect(await codeOf(after.remove('gone'))).toBe('SINK_NOT_FOUND');
    expect(await codeOf(after.enable('gone'))).toBe('SINK_NOT_FOUND');
    scene.clock.advance(DAY);
    const tried = gone.tried.length;
    await work(before);
    expect(gone.tried.slice(tried)).toEqual(['a1', 'b1', 'c1']);
  });

  it('stays removed where removing it was cut short, and is cleared away before it can be a new one', async () => {
    const { scene, gone, before, after } = await sceneWithLeftovers();
    const faults = faultInjector(scene.another(), { seed: 1 });
    faults.plan({ method: 'commit', kind: 'refuse', skip: 1 });
    expect(await codeOf(scene.deliveries([], { on: faults }).remove('gone'))).toBe('STORAGE_UNAVAILABLE');
    expect((await after.status()).map(({ sink }) => sink)).toEqual(['kept']);
    gone.answer = () => undefined;
    const tried = gone.tried.length;
    await work(before);
    expect(gone.tried.slice(tried)).toEqual(['a1', 'b1', 'c1']);
    expect((await after.status())[0]).toMatchObject({ sink: 'gone', failingSubjects: 0 });
    expect((await after.deadLetters({ limit: 10 })).items).toEqual([]);
  });

  it('keeps no instance from working that has it still: its round is lost, and it begins anew', async () => {
    const { scene, gone, before, after } = await sceneWithLeftovers();
    for (const subject of ['d', 'e']) scene.log.append(subject);
    let isRemoved = false;
    gone.answer = async () => {
      if (isRemoved) return;
      isRemoved = true;
      await after.remove('gone');
    };
    await work(before);
    await work(before);
    expect((await after.status()).find(({ sink }) => sink === 'gone')).toMatchObject({
      position: 5,
      failingSubjects: 0,
    });
    expect(new Set(gone.got)).toEqual(new Set(['a1', 'b1', 'c1', 'd1', 'e1']));
  });
});

describe('the log', () => {
  it('is needed from the oldest event on that a sink has not dealt with', async () => {
    const scene = createScene();
    expect(await scene.deliveries([]).oldestNeeded()).toBeUndefined();
    const sink = testSink();
    sink.answer = ({ subject }) => (subject === 'b' ? failed() : undefined);
    for (const subject of ['a', 'b', 'c']) scene.log.append(subject);
    const deliveries = scene.deliveries([sink]);
    await work(deliveries);
    expect(await deliveries.oldestNeeded()).toBe(1);
  });
});
