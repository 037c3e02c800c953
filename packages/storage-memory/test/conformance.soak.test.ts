import { storageConformance, VirtualClock } from '@chancery/core/testing';
import { MemoryDatabase, MemoryStorage } from '@chancery/storage-memory';
import { it } from 'vitest';
import { seed, soakSize } from '../../core/test/support/soak.ts';

/** The tests of the kit whose length is a matter of choice. */
const RANDOM = /random operations|linearizable|exact over time|under writes between pages/;

const database = new MemoryDatabase();
const clock = new VirtualClock();

storageConformance({
  test: (name, run) => RANDOM.test(name) && it(name, run),
  clock,
  createBackend: (request) => new MemoryStorage({ ...request, database }),
  seed: seed(20_261_122),
  scale: soakSize(2, 200),
});
