import { describe, expect, it } from 'vitest';
import { nodeCrypto } from '../../../src/crypto/node-provider.ts';
import type { CryptoProvider } from '../../../src/ports/crypto.ts';
import { faultInjector } from '../../../src/testing/fault-injector.ts';
import { SeededRandom } from '../../../src/testing/random.ts';
import { settled } from '../../support/settled.ts';
import { seed, soakSize } from '../../support/soak.ts';
import { storageSize } from '../../support/test-storage.ts';
import { createScene, DAY, failed, MINUTE, nameOf, testSink, work, workFor } from './support.ts';

/** Jitter from a seed. */
function seededCrypto(start: number): CryptoProvider {
  const random = new SeededRandom(start);
  const randomBytes = (length: number) => Uint8Array.from({ length }, () => random.integer(0, 255));
  return new Proxy(nodeCrypto(), {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (property === 'randomBytes') return randomBytes;
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const SUBJECTS = ['a', 'b', 'c', 'd', 'e', 'f'];

describe('deliveries whose attempts and storage calls fail at random', () => {
  it('keep the order of each subject and lose nothing', { timeout: 24 * 60 * 60 * 1_000 }, async () => {
    const start = seed(20_260_815);
    const rounds = soakSize(storageSize(12, 2), 400);
    let doubled = 0;
    let delivered = 0;
    for (let round = 0; round < rounds; round++) {
      const random = new SeededRandom(start + round);
      const chances = new SeededRandom(start + round + 2 ** 32);
      const scene = createScene();
      const sink = testSink();
      const faults = [1, 2].map((which) =>
        faultInjector(which === 1 ? scene.storage : scene.another(), {
          seed: start + round * 2 + which,
          rate: 0.08,
        }),
      );
      const instances = faults.map((on) =>
        scene.deliveries([sink], { on, concurrency: random.integer(1, 8), crypto: seededCrypto(start + round) }),
      );
      sink.answer = async () => {
        for (let turns = chances.integer(0, 3); turns > 0; turns--) await Promise.resolve();
        if (chances.chance(0.02)) scene.clock.advance(chances.integer(1, 90_000));
        return chances.chance(0.3)
          ? failed(chances.chance(0.1) ? { retryAfterMs: chances.integer(1, 60_000) } : {})
          : undefined;
      };
      for (let step = 0; step < 15; step++) {
        for (let count = random.integer(0, 12); count > 0; count--) scene.log.append(random.pick(SUBJECTS));
        scene.clock.advance(random.integer(0, 10 * MINUTE));
        await Promise.all(instances.map((each) => settled(work(each, random.integer(1, 60)))));
      }
      for (const each of faults) each.heal();
      for (const each of faults) await each.settle();
      sink.answer = () => undefined;
      const judge = scene.deliveries([sink], { on: scene.another() });
      await workFor(scene, judge, { forMs: DAY, stepMs: 60 * MINUTE });

      const told = `seed ${start + round}`;
      const firsts = [...new Set(sink.got)];
      const logged = scene.log.entries.map(({ event }) => nameOf(event));
      expect(new Set(firsts), told).toEqual(new Set(logged));
      for (const subject of SUBJECTS) {
        const inOrder = logged.filter((name) => name.startsWith(subject));
        expect(
          firsts.filter((name) => name.startsWith(subject)),
          told,
        ).toEqual(inOrder);
      }
      expect(sink.ids.size, told).toBe(logged.length);
      expect((await judge.status())[0], told).toMatchObject({ behind: 0, failingSubjects: 0 });
      doubled += sink.got.length - logged.length;
      delivered += logged.length;
    }
    console.info(`seed ${start}: ${delivered} events delivered, ${doubled} doubled, none lost`);
  });
});
