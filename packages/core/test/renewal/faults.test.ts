import { describe, expect, it } from 'vitest';
import { type FaultKind, faultInjector, SeededRandom } from '../../src/testing/index.ts';
import { seed } from '../support/soak.ts';
import { storageSize } from '../support/test-storage.ts';
import { createTestBed, DAY, HOUR } from './support/test-bed.ts';

const KINDS: readonly FaultKind[] = ['refuse', 'loseRequest', 'loseAnswer', 'landLate'];

/** Renews two certificates over a storage that fails from one call on, and then once more over a sound one. */
async function renewThrough(kind: FaultKind, skip: number, times: number) {
  const bed = createTestBed();
  const { clock, storage, create, manager, issuer, certificates, scheduler } = bed;
  const ids = [(await create('a.example')).id, (await create('b.example')).id];
  clock.advance(60 * DAY);
  const faulty = faultInjector(storage, { seed: 1 });
  faulty.plan({ kind, skip, times });
  const through = manager({ storage: faulty, sleep: async () => undefined });
  await scheduler({ certificates: through, concurrency: 1, timer: quick })
    .runOnce()
    .catch(() => undefined);
  await faulty.settle();
  // Whoever has died holds his lease no longer than that.
  clock.advance(HOUR);
  for (let turn = 0; turn < 3; turn++, clock.advance(HOUR)) await scheduler().runOnce();
  const after = await Promise.all(ids.map((id) => certificates.get(id)));
  return {
    generations: after.map(({ generation }) => generation),
    issued: issuer.issued.length,
    hit: faulty.log.length,
  };
}

/** What the schedulers wait for here is only the storage, which needs no time. */
const quick = (ms: number, callback: () => void) => {
  const handle = ms > 60_000 ? undefined : setTimeout(callback, Math.min(ms, 1));
  return () => clearTimeout(handle);
};

describe('a storage that fails at any call of a run', () => {
  it.each(KINDS)('and comes back (%s) has every certificate renewed once', async (kind) => {
    const calls = Array.from({ length: 60 }, (_, call) => call);
    let reached = 0;
    for (const skip of storageSize(calls, [4, 9])) {
      const { generations, issued, hit } = await renewThrough(kind, skip, 1);
      expect([kind, skip, generations, issued]).toEqual([kind, skip, [2, 2], 4]);
      reached += hit;
      if (hit === 0) break;
    }
    expect(reached).toBeGreaterThan(storageSize(2, 1));
  });

  it('and is gone for the rest of the run has every certificate renewed once by another instance', async () => {
    const random = new SeededRandom(seed(8));
    for (let turn = 0; turn < storageSize(20, 1); turn++) {
      const [kind, skip] = [random.pick(KINDS), random.integer(0, 30)];
      const { generations, issued } = await renewThrough(kind, skip, Number.POSITIVE_INFINITY);
      expect([random.seed, kind, skip, generations, issued]).toEqual([random.seed, kind, skip, [2, 2], 4]);
    }
  });
});
