import type { MaintenanceTask, StorageBackend } from '@chancery/core';
import { MemoryStorage } from '@chancery/storage-memory';
import type { StorageChoice } from './options.ts';

/** A storage with chores of its own, as all of the adapters have them. */
export type KeptStorage = StorageBackend & { maintenance(): MaintenanceTask[] };

/** A storage, and what ends its connections. */
export interface OpenStorage {
  readonly storage: KeptStorage;
  close(): Promise<void>;
}

/** Opens the storage that was chosen. Drivers are loaded only where they are needed. */
export async function openStorage(choice: StorageChoice): Promise<OpenStorage> {
  switch (choice.kind) {
    case 'memory':
      return closing(new MemoryStorage());
    case 'pglite': {
      const { PostgresStorage } = await import('@chancery/storage-postgres');
      return closing(new PostgresStorage({ folder: choice.folder }));
    }
    case 'postgres': {
      const [{ PostgresStorage }, { Pool }] = await Promise.all([import('@chancery/storage-postgres'), import('pg')]);
      const pool = new Pool({ connectionString: choice.url });
      // A connection that breaks while nobody uses it: the next use gets another.
      pool.on('error', ({ message }) => console.error(`PostgreSQL: ${message}`));
      return closing(new PostgresStorage({ pool }), () => pool.end());
    }
    case 'redis': {
      const [{ RedisStorage }, { Redis }] = await Promise.all([import('@chancery/storage-redis'), import('ioredis')]);
      const client = new Redis(choice.url, { lazyConnect: true });
      return closing(new RedisStorage({ client }), () => client.disconnect());
    }
  }
}

function closing(storage: KeptStorage, after: () => unknown = () => undefined): OpenStorage {
  return {
    storage,
    async close() {
      await storage.close();
      await after();
    },
  };
}
