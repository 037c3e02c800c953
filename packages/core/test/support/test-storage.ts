import { MemoryDatabase, MemoryStorage } from '@chancery/storage-memory';
import type { Clock } from '../../src/ports/clock.ts';
import type { StorageBackend, Write } from '../../src/ports/storage.ts';

/** A fresh, empty storage, and further instances of it. The one place that says which backend the tests run on. */
export interface TestStorage {
  readonly storage: StorageBackend;
  /** Another instance on the same data, as another process would open it. */
  another(): StorageBackend;
}

/**
 * Makes a storage for one test.
 *
 * @param clock drives expiry and leases
 */
export function createTestStorage(clock: Clock): TestStorage {
  const database = new MemoryDatabase();
  const open = () => new MemoryStorage({ clock, database });
  return { storage: open(), another: open };
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
  const storage = new Proxy(backend, {
    get(target, property) {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      if (property !== 'commit') return value.bind(target);
      return async (writes: readonly Write[]) => {
        const result = await target.commit(writes);
        if (result.committed) commits.push(writes);
        return result;
      };
    },
  });
  return { storage, commits };
}
