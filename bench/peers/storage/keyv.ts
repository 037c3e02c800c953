import KeyvPostgres from '@keyv/postgres';
import KeyvRedis from '@keyv/redis';
import { Keyv } from 'keyv';
import type { ItemStore } from '../../workload/items.ts';

/** What keyv offers of the work: values under keys, without indexes. */
export interface KeyvItems extends Pick<ItemStore, 'put' | 'get'> {
  readonly name: string;
  close(): Promise<void>;
}

/** keyv on the server of the race. */
export function keyvItems(kind: 'Postgres' | 'Redis', url: string): KeyvItems {
  const store = kind === 'Postgres' ? new KeyvPostgres({ uri: url, table: 'keyv_items' }) : new KeyvRedis(url);
  const keyv = new Keyv({ store });
  return {
    name: 'keyv, no indexes',
    put: async ({ id, ...item }) => {
      if (!(await keyv.set(id, item))) throw new Error(`keyv did not set ${id}`);
    },
    get: async (id) => (await keyv.get(id)) !== undefined,
    close: () => keyv.disconnect(),
  };
}
