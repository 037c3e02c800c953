import { MemoryDatabase, MemoryStorage } from '@chancery/storage-memory';
import { expect, it } from 'vitest';
import type { Clock } from '../../../src/ports/clock.ts';
import { simulateRenewals } from '../../../src/testing/index.ts';
import { seed, soakSize } from '../../support/soak.ts';

it('renews every certificate in time and once, through outages, kills and pauses of years', async () => {
  const database = new MemoryDatabase();
  const openStorage = (clock: Clock) => new MemoryStorage({ clock, database });
  const begun = process.cpuUsage();
  const result = await simulateRenewals({
    seed: seed(60),
    names: soakSize(150, 10_000),
    days: soakSize(240, 730),
    openStorage,
  });
  const { user, system } = process.cpuUsage(begun);
  console.info(`${result.summary}; ${((user + system) / 1e6).toFixed(1)} s of one core`);
  expect(result.violations).toEqual([]);
  expect(result.names).toBe(soakSize(150, 10_000));
}, 600_000);
