import { expect, it } from 'vitest';
import { type FaultInjector, faultInjector } from '../../src/testing/fault-injector.ts';
import type { FaultKind } from '../../src/testing/fault-plan.ts';
import { SeededRandom } from '../../src/testing/random.ts';
import { seed, soakSize } from '../support/soak.ts';
import { storageSize } from '../support/test-storage.ts';
import { commit, createTestLog, expectSound, factsOf, sequence } from './support.ts';

const FINAL: readonly FaultKind[] = ['refuse', 'loseAnswer', 'landLate'];

const rounds = soakSize(storageSize(120, 25), 4_000);
const first = seed(53_281);

it(`sequencers that die at any storage call lose and double nothing: ${rounds} rounds, seed ${first}`, {
  timeout: soakSize(120_000, 24 * 3_600_000),
}, async () => {
  const random = new SeededRandom(first);
  const test = createTestLog({ holdBackMs: 1_000 });
  await test.events.pending({ limit: 1 });
  const heard = new Set<string>();
  const written = new Set<string>();
  const revisions = new Map<string, number>();
  const dead: FaultInjector[] = [];
  let kills = 0;

  for (let round = 0; round < rounds; round++) {
    const faults = faultInjector(test.another().storage, { seed: first + round });
    const sequencer = test.another({ storage: faults });
    sequencer.on('*', ({ id }) => heard.add(id));
    const skip = random.integer(0, 25);
    // The call it dies at is ambiguous; nothing gets through after it.
    faults.plan({ kind: random.pick(FINAL), skip, times: 1 });
    faults.plan({ kind: 'refuse', skip, times: Number.POSITIVE_INFINITY });
    const work = sequence(sequencer).then(
      () => false,
      () => true,
    );
    for (let count = random.integer(0, 12); count > 0; count--) {
      const subject = `s${random.integer(0, 40)}`;
      const revision = (revisions.get(subject) ?? 0) + 1;
      const write = test.events.write(factsOf(subject, revision));
      await commit(test.storage, [write]);
      revisions.set(subject, revision);
      written.add(write.id);
      // Clocks differ: the next writer's may be behind.
      test.clock.set(test.clock.now() + random.integer(-200, 400));
    }
    if (await work) kills += 1;
    dead.push(faults);
    if (random.chance(0.3)) {
      for (const late of dead.splice(0)) await late.settle();
    }
    test.clock.advance(random.pick([0, 100, 15_000]));
  }

  for (const late of dead) await late.settle();
  test.clock.advance(60_000);
  test.events.on('*', ({ id }) => heard.add(id));
  await sequence(test.events);
  test.clock.advance(2_000);
  await sequence(test.events);

  const chained = await expectSound(test.events);
  const ids = new Set(chained.map(({ event }) => event.id));
  const lost = [...written].filter((id) => !ids.has(id)).length;
  const untold = [...written].filter((id) => !heard.has(id)).length;
  console.info(
    `${kills} kills, ${written.size} events: lost ${lost}, doubled ${chained.length - ids.size}, untold ${untold}`,
  );
  expect({ lost, untold, extra: chained.length - written.size }).toEqual({ lost: 0, untold: 0, extra: 0 });
  expect(kills).toBeGreaterThan(rounds / 10);
  const last = new Map<string, number>();
  for (const { event } of chained) {
    expect(event.subjectRevision).toBe((last.get(event.subject) ?? 0) + 1);
    last.set(event.subject, event.subjectRevision);
  }
});
