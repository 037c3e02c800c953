import { storageConformance, VirtualClock } from '@chancery/core/testing';
import { MemoryDatabase, MemoryStorage } from '@chancery/storage-memory';
import { it } from 'vitest';
import { createMetrics, createTracing } from '../../src/index.ts';

/** The tests of the kit whose length is a matter of choice. */
const RANDOM = /random operations|linearizable|exact over time|under writes between pages/;

const clock = new VirtualClock();
const database = new MemoryDatabase();
const { observedStorage } = await createMetrics();
const { tracedStorage } = await createTracing();

// Both at once: what one of them lost, the other cannot give back.
storageConformance({
  test: (name, run) => !RANDOM.test(name) && it(name, run),
  clock,
  createBackend: (request) => tracedStorage(observedStorage(new MemoryStorage({ ...request, database }))),
  onSkip: () => undefined,
});
