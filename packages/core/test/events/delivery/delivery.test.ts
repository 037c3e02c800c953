import { describe, expect, it } from 'vitest';
import { recordCommits } from '../../support/test-storage.ts';
import { createScene, DAY, failed, recordLog, SECOND, testSink, work } from './support.ts';

describe('a sink', () => {
  it('gets every event once, in order, and goes on where it stood after a restart', async () => {
    const scene = createScene();
    const sink = testSink();
    for (const subject of ['a', 'b', 'a', 'c']) scene.log.append(subject);
    await work(scene.deliveries([sink], { concurrency: 1 }));
    expect([...sink.got].sort()).toEqual(['a1', 'a2', 'b1', 'c1']);
    expect(sink.got.indexOf('a1')).toBeLessThan(sink.got.indexOf('a2'));
    scene.log.append('b');
    const restarted = scene.deliveries([sink], { on: scene.another() });
    await work(restarted);
    expect(sink.got.slice(4)).toEqual(['b2']);
    expect(await restarted.status()).toEqual([
      { sink: 'sink', state: 'active', position: 5, behind: 0, failingSubjects: 0 },
    ]);
  });

  it('that is new begins with the events to come, unless it wants those that are there', async () => {
    const scene = createScene();
    scene.log.append('a');
    const taken: string[] = [];
    const late = { name: 'late', deliver: async ({ subject }: { subject: string }) => void taken.push(subject) };
    const all = testSink('all', { from: 'beginning' });
    const deliveries = scene.deliveries([late, all]);
    await deliveries.register();
    scene.log.append('b');
    await work(deliveries);
    expect(taken).toEqual(['b']);
    expect(all.got).toEqual(['a1', 'b1']);
    expect((await deliveries.status()).map(({ sink, position }) => [sink, position])).toEqual([
      ['all', 2],
      ['late', 2],
    ]);
  });

  it('gets the types that it asks for alone', async () => {
    const scene = createScene();
    const types = [
      'certificate.issued',
      'certificate.revoked',
      'certificates.merged',
      'account.created',
      'vault.stored',
    ];
    for (const type of types) scene.log.append(type, { type });
    const sinks = [
      testSink('one', { types: ['certificate.*'] }),
      testSink('two', { types: ['account.created', 'certificate.issued'] }),
      testSink('three', { types: ['*'] }),
    ];
    await work(scene.deliveries(sinks, { concurrency: 1 }));
    expect(sinks.map(({ got }) => got.map((name) => name.slice(0, -1)))).toEqual([
      types.slice(0, 2),
      ['certificate.issued', 'account.created'],
      types,
    ]);
  });

  it('gets the personal part of events only if it asks for it', async () => {
    const scene = createScene();
    scene.log.append('a', { personal: { email: 'a@b.example' } });
    const seen: unknown[] = [];
    const answer = (event: object) => void seen.push('personal' in event ? event.personal : 'left out');
    const [without, withIt] = [testSink('without'), testSink('with', { includePersonal: true })];
    without.answer = answer;
    withIt.answer = answer;
    await work(scene.deliveries([without, withIt]));
    expect(seen).toEqual(['left out', { email: 'a@b.example' }]);
  });

  it('costs one commit for a hundred events, and none while it is idle', async () => {
    const scene = createScene();
    const { storage, commits } = recordCommits(scene.storage);
    for (let count = 0; count < 1_000; count++) scene.log.append(`s${count % 50}`);
    const sink = testSink();
    const deliveries = scene.deliveries([sink], { on: storage });
    await deliveries.register();
    const before = commits.length;
    await work(deliveries);
    expect(sink.got).toHaveLength(1_000);
    const made = commits.slice(before);
    expect(made).toHaveLength(10);
    expect(new Set(made.map((writes) => writes.length))).toEqual(new Set([1]));
    scene.clock.advance(10 * SECOND);
    await work(deliveries);
    expect(commits).toHaveLength(before + 10);
    scene.clock.advance(DAY);
    await work(deliveries);
    // Once a day it leaves a mark that it is still there.
    expect(commits).toHaveLength(before + 11);
  });

  it('is worked for within the limit of a run', async () => {
    const scene = createScene();
    for (let count = 0; count < 25; count++) scene.log.append('a');
    const sink = testSink();
    const [task] = scene.deliveries([sink]).maintenance();
    expect(task?.name).toBe(`events:${scene.storage.namespace}:deliver:sink`);
    const runs = [];
    do runs.push(await task?.run({ limit: 10 }));
    while (runs.at(-1)?.more === true && runs.length < 10);
    expect(runs).toEqual([
      { more: true, nextDueAt: scene.clock.now() },
      { more: true, nextDueAt: scene.clock.now() },
      { more: false, nextDueAt: scene.clock.now() + SECOND },
    ]);
    expect(sink.got).toHaveLength(25);
  });

  it('goes on past entries that retention has removed, and past a log that lost its end', async () => {
    const scene = createScene();
    const { logger, told } = recordLog();
    const sink = testSink();
    const deliveries = scene.deliveries([sink], { logger });
    for (const subject of ['a', 'b', 'c', 'd', 'e']) scene.log.append(subject);
    scene.log.first = 2;
    await work(deliveries);
    expect([...sink.got].sort()).toEqual(['c1', 'd1', 'e1']);
    expect(told).toEqual([]);
    for (const subject of ['f', 'g']) scene.log.append(subject);
    scene.log.first = 6;
    await work(deliveries);
    expect(sink.got.at(-1)).toBe('g1');
    expect(told.map(([message]) => message)).toEqual(['Entries were removed from the log before a sink had them']);
    scene.log.entries.length = 6;
    await work(deliveries);
    scene.log.append('h');
    await work(deliveries);
    expect(sink.got.at(-1)).toBe('h1');
    expect(told).toHaveLength(2);
  });

  it('takes an event that waits already but once, where a log that lost its end has grown again', async () => {
    const scene = createScene();
    const sink = testSink();
    sink.answer = () => failed();
    for (const subject of ['a', 'a']) scene.log.append(subject);
    const deliveries = scene.deliveries([sink]);
    await work(deliveries);
    const [second] = scene.log.entries.splice(1);
    await work(deliveries);
    scene.log.entries.push(second!);
    sink.answer = () => undefined;
    scene.clock.advance(10 * SECOND);
    await work(deliveries);
    expect(sink.got).toEqual(['a1', 'a2']);
  });
});
