import { MemoryDatabase, MemoryStorage } from '@chancery/storage-memory';
import { expect, it } from 'vitest';
import type { Clock } from '../../../src/ports/clock.ts';
import { simulateRenewals } from '../../../src/testing/index.ts';
import { seed, soakSize } from '../../support/soak.ts';

it('renews every certificate in time and once, through outages, kills and pauses of years', async () => {
  const database = new MemoryDatabase();
  const openStorage = (clock: Clock) => new MemoryStorage({ clock, database });
  const begun = performance.now();
  const result = await simulateRenewals({
    seed: seed(60),
    names: soakSize(150, 10_000),
    days: soakSize(240, 730),
    openStorage,
  });
  const seconds = (performance.now() - begun) / 1_000;
  console.info(`${result.summary}; ${seconds.toFixed(1)} s`);
  expect(result.violations).toEqual([]);
  expect(result.names).toBe(soakSize(150, 10_000));
}, 120_000);
