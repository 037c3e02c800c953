import { z } from 'zod';
import { nodeCrypto } from '../../src/crypto/node-provider.ts';
import type { StorageBackend } from '../../src/ports/storage.ts';
import { defineCollection } from '../../src/store/collection.ts';
import { Store, type StoreOptions } from '../../src/store/store.ts';
import { FaultInjector } from '../../src/testing/fault-injector.ts';
import { VirtualClock } from '../../src/testing/virtual-clock.ts';
import { createTestStorage } from '../support/test-storage.ts';

/** Documents that are replaced and deleted. */
export const notes = defineCollection({
  name: 'notes',
  schema: z.strictObject({ text: z.string(), owner: z.string().optional(), at: z.number().int().optional() }),
  recordVersion: 1,
  indexes: { byOwner: { equals: ['owner'], orderBy: 'at' } },
  unique: { text: ['text'] },
});

/** Documents under random ids that stay. */
export const ledger = defineCollection({
  name: 'ledger',
  schema: z.strictObject({ total: z.number().int() }),
  recordVersion: 1,
  freshIds: true,
});

export interface TestStore {
  readonly store: Store;
  /** What the store sees. */
  readonly faults: FaultInjector;
  /** What is really there. */
  readonly backend: StorageBackend;
  readonly clock: VirtualClock;
  /** Called at each pause between attempts: what others do meanwhile. */
  meanwhile: () => Promise<void>;
  pauses: number;
}

/** Makes a store over a faulty storage, whose pauses take no time. */
export function testStore(
  options: Partial<StoreOptions> & { readonly seed?: number; readonly rate?: number } = {},
): TestStore {
  const clock = new VirtualClock();
  const { storage: backend } = createTestStorage(clock);
  const faults = new FaultInjector(backend, {
    seed: options.seed ?? 1,
    rate: options.rate ?? 0,
    methods: ['commit', 'get'],
  });
  const store = new Store({
    storage: faults,
    crypto: nodeCrypto(),
    clock,
    collections: [notes, ledger],
    sleep: async () => {
      test.pauses++;
      await test.meanwhile();
    },
    ...options,
  });
  const test: TestStore = { store, faults, backend, clock, meanwhile: async () => undefined, pauses: 0 };
  return test;
}

/** A store beside another on the same storage, without faults. */
export function storeOn(storage: StorageBackend, clock: VirtualClock, options: Partial<StoreOptions> = {}): Store {
  return new Store({ storage, crypto: nodeCrypto(), clock, collections: [notes, ledger], ...options });
}
