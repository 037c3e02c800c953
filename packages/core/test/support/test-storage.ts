import { MemoryDatabase, MemoryStorage } from '@chancery/storage-memory';
import type { Clock } from '../../src/ports/clock.ts';
import type { Query, StorageBackend, Write } from '../../src/ports/storage.ts';

/** A fresh, empty storage, and further instances of it. The one place that says which backend the tests run on. */
export interface TestStorage {
  readonly storage: StorageBackend;
  /** Another instance on the same data, as another process would open it. */
  another(): StorageBackend;
}

/** Makes a storage for one test. `clock` drives expiry and leases. */
export type TestStorageFactory = (clock: Clock) => TestStorage;

let backend: { readonly create: TestStorageFactory; readonly isMemory: boolean } = {
  create: (clock) => {
    const database = new MemoryDatabase();
    const open = () => new MemoryStorage({ clock, database });
    return { storage: open(), another: open };
  },
  isMemory: true,
};

/** Makes a storage for one test, on memory unless `useTestStorage` chose another backend. */
export const createTestStorage: TestStorageFactory = (clock) => backend.create(clock);

/**
 * Chooses the backend of the tests that follow. The setup files of the `on-…` projects of vitest do it, before the tests
 * of a file are read.
 */
export function useTestStorage(create: TestStorageFactory): void {
  backend = { create, isMemory: false };
}

/**
 * How much of a test to run: a number of steps, or the cases themselves.
 *
 * @param memory All of it, on memory.
 * @param elsewhere What is worth its time on a database, where each step is a round trip, and a fresh storage many.
 */
export function storageSize<T>(memory: T, elsewhere: T): T {
  return backend.isMemory ? memory : elsewhere;
}

/** A storage that keeps a list of what was written through it. */
export interface RecordedStorage {
  readonly storage: StorageBackend;
  /** The writes of each commit that took effect, in order. */
  readonly commits: (readonly Write[])[];
}

/** Wraps a storage, so that a test can tell that nothing was written. */
export function recordCommits(backend: StorageBackend): RecordedStorage {
  const commits: (readonly Write[])[] = [];
  const storage = overriding(backend, {
    commit: async (writes) => {
      const result = await backend.commit(writes);
      if (result.committed) commits.push(writes);
      return result;
    },
  });
  return { storage, commits };
}

/** Wraps a storage, so that a test can do something at a moment that a race would have to hit: after each query was answered. */
export function afterQueries(backend: StorageBackend, act: (query: Query) => Promise<void>): StorageBackend {
  return overriding(backend, {
    query: async (query) => {
      const page = await backend.query(query);
      await act(query);
      return page;
    },
  });
}

/** A storage of which some methods are other ones. */
export function overriding(backend: StorageBackend, methods: Partial<StorageBackend>): StorageBackend {
  return new Proxy(backend, {
    get(target, property) {
      const changed: unknown = Reflect.get(methods, property);
      const value: unknown = changed ?? Reflect.get(target, property, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
