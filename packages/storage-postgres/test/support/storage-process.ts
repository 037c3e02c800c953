import { PostgresStorage } from '@chancery/storage-postgres';
import { Pool } from 'pg';
import type { OpenStorage } from '../../../core/test/support/storage-process.ts';
import { overriding } from '../../../core/test/support/test-storage.ts';

/** Opens the storage at `url`, with a pool of its own that ends with it; by a clock that is `clockAheadMs` ahead, if that is given. */
export const openStorage: OpenStorage = ({ url, namespace = 'chancery', clockAheadMs }) => {
  const pool = new Pool({ connectionString: url, max: 4 });
  pool.on('error', () => undefined);
  const clock = clockAheadMs === undefined ? {} : { clock: { now: () => Date.now() + Number(clockAheadMs) } };
  const storage = new PostgresStorage({ pool, namespace, durability: 'async', ...clock });
  return overriding(storage, {
    close: async () => {
      await storage.close();
      await pool.end();
    },
  });
};
