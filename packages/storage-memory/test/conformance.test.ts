import { storageConformance, VirtualClock } from '@chancery/core/testing';
import { MemoryDatabase, MemoryStorage } from '@chancery/storage-memory';
import { it } from 'vitest';

const clock = new VirtualClock();
const database = new MemoryDatabase();
const newer = new MemoryDatabase();
Object.assign(newer, { layout: newer.layout + 1 });
const newerNamespaces = new Set<string>();

storageConformance({
  test: it,
  clock,
  createBackend: ({ namespace, clock }) =>
    new MemoryStorage({ namespace, clock, database: newerNamespaces.has(namespace) ? newer : database }),
  storeNewerLayout: (namespace) => newerNamespaces.add(namespace),
  onSkip: (test, reason) => {
    throw new Error(`The memory adapter skips nothing, but "${test}" did: ${reason}`);
  },
});
