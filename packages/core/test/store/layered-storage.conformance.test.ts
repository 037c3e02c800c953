import { storageConformance, VirtualClock } from '@chancery/core/testing';
import { MemoryDatabase, MemoryStorage } from '@chancery/storage-memory';
import { it } from 'vitest';
import { layeredStorage } from '../../src/store/layered-storage.ts';

const clock = new VirtualClock();
const truth = new MemoryDatabase();
const copies = new MemoryDatabase();
const newer = new MemoryDatabase();
Object.assign(newer, { layout: newer.layout + 1 });
const newerNamespaces = new Set<string>();

storageConformance({
  test: it,
  clock,
  createBackend: ({ namespace, clock }) =>
    layeredStorage({
      primary: new MemoryStorage({ namespace, clock, database: newerNamespaces.has(namespace) ? newer : truth }),
      cache: new MemoryStorage({ namespace, clock, database: copies }),
      maxStaleMs: 1000,
      clock,
    }),
  storeNewerLayout: (namespace) => newerNamespaces.add(namespace),
  onSkip: (test, reason) => {
    throw new Error(`A layered storage skips nothing, but "${test}" did: ${reason}`);
  },
});
