import { describe, expect, it } from 'vitest';
import { recordCommits, storageSize } from '../../support/test-storage.ts';
import { createScene, failed, HOUR, testSink, work, workFor } from './support.ts';

/** How many documents a test left in the collections of deliveries. */
function documentsOf(
  commits: readonly (readonly { readonly kind: string; readonly collection: string; readonly id: string }[])[],
) {
  const present = new Map<string, Set<string>>();
  for (const { kind, collection, id } of commits.flat()) {
    const ids = present.get(collection) ?? new Set();
    present.set(collection, ids);
    if (kind === 'put') ids.add(id);
    if (kind === 'delete') ids.delete(id);
  }
  return (collection: string) => present.get(collection)?.size ?? 0;
}

describe('the storage that deliveries take', () => {
  it('stays small while one of two sinks is out of order', { timeout: 60_000 }, async () => {
    const scene = createScene();
    const { storage, commits } = recordCommits(scene.storage);
    const events = storageSize(10_000, 600);
    for (let count = 0; count < events; count++) scene.log.append(`s${count % 997}`);
    const [healthy, broken] = [testSink('healthy'), testSink('broken')];
    broken.answer = () => failed();
    const deliveries = scene.deliveries([healthy, broken], { on: storage });
    await work(deliveries);
    await workFor(scene, deliveries, { forMs: 12 * HOUR, stepMs: HOUR });
    expect(healthy.got).toHaveLength(events);
    const count = documentsOf(commits);
    expect(count('events_sinks')).toBe(2);
    expect(count('events_lanes')).toBeLessThan(200);
    expect(count('events_dead_letters')).toBe(0);
    broken.answer = () => undefined;
    await workFor(scene, deliveries, { forMs: 6 * HOUR, stepMs: HOUR });
    expect(broken.got).toHaveLength(events);
    expect(documentsOf(commits)('events_lanes')).toBe(0);
  });

  it('is one document for a subject, however many of its events wait, and there is an end to them', async () => {
    const scene = createScene();
    const { storage, commits } = recordCommits(scene.storage);
    const sink = testSink();
    sink.answer = ({ subject }) => (subject === 'a' ? failed() : undefined);
    for (let count = 0; count < 1_050; count++) scene.log.append('a');
    scene.log.append('b');
    const deliveries = scene.deliveries([sink], { on: storage });
    await work(deliveries);
    expect(documentsOf(commits)('events_lanes')).toBe(1);
    // A thousand wait; the others, and what is behind them, stay in the log until there is room.
    expect((await deliveries.status())[0]?.position).toBe(1_000);
    sink.answer = () => undefined;
    await workFor(scene, deliveries, { forMs: HOUR, stepMs: HOUR / 4 });
    expect(sink.got).toHaveLength(1_051);
    expect(sink.got.filter((name) => name.startsWith('a'))).toEqual(
      Array.from({ length: 1_050 }, (_, at) => `a${at + 1}`),
    );
  });

  it('is one commit a round, however many subjects have events to be given up', { timeout: 60_000 }, async () => {
    const scene = createScene();
    const sink = testSink();
    const [subjects, events] = [60, 7];
    const append = () => {
      for (let count = 0; count < subjects; count++) scene.log.append(`s${count}`);
    };
    sink.answer = () => failed();
    for (let count = 0; count < events; count++) append();
    const deliveries = scene.deliveries([sink]);
    await workFor(scene, deliveries, { forMs: 24 * HOUR, stepMs: 2 * HOUR });
    scene.clock.advance(72 * HOUR);
    // The new events bring the lanes of all subjects into one round, and most of what waits there has had its three days.
    append();
    await work(deliveries);
    expect((await deliveries.status())[0]).toMatchObject({ behind: 0, failingSubjects: subjects });
    const { items } = await deliveries.deadLetters({ limit: 1_000 });
    expect(items).toHaveLength(subjects * events);
  });

  it('is not added to once a thousand subjects fail', { timeout: 60_000 }, async () => {
    const scene = createScene();
    const sink = testSink();
    // Some get through, so that it is the subjects that fail and not the receiver.
    sink.answer = ({ subject }) => (subject.startsWith('ok') ? undefined : failed());
    for (let count = 0; count < 1_500; count++) scene.log.append(count % 10 === 0 ? `ok${count}` : `s${count}`);
    const deliveries = scene.deliveries([sink]);
    await work(deliveries);
    const [status] = await deliveries.status();
    expect(status?.failingSubjects).toBeGreaterThanOrEqual(1_000);
    expect(status?.failingSubjects).toBeLessThan(1_100);
    expect(status?.behind).toBeGreaterThan(0);
    sink.answer = () => undefined;
    await workFor(scene, deliveries, { forMs: HOUR, stepMs: HOUR / 4 });
    expect(new Set(sink.got).size).toBe(1_500);
  });
});
