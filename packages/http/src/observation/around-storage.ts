import type { StorageBackend } from '@chancery/core';

/** What can be asked of a storage and takes its time. */
export type StorageOperation =
  | 'open'
  | 'get'
  | 'query'
  | 'count'
  | 'commit'
  | 'claim'
  | 'throttle'
  | 'sweep'
  | 'watch'
  | 'health';

/** One use of a storage, without anything that is stored. */
export interface StorageCall {
  readonly operation: StorageOperation;
  /** The collections that it names; of a commit and a read of several documents each once. */
  readonly collections: readonly string[];
  /** How many documents it reads or writes by name; 0 where it names none. */
  readonly documents: number;
}

/** Runs a call, and gives or throws what that does. */
export type AroundStorage = <T>(call: StorageCall, run: () => Promise<T>) => Promise<T>;

/** The same storage with something around each operation. It can what the storage can, and no more: `watch` is there exactly where it was. */
export function aroundStorage(storage: StorageBackend, around: AroundStorage): StorageBackend {
  const named = (operation: StorageOperation, refs: readonly { readonly collection: string }[]): StorageCall => ({
    operation,
    collections: Array.isArray(refs) ? [...new Set(refs.map((ref) => ref?.collection))] : [],
    documents: Array.isArray(refs) ? refs.length : 0,
  });
  const of = (operation: StorageOperation, collection?: string): StorageCall => ({
    operation,
    collections: collection === undefined ? [] : [collection],
    documents: 0,
  });
  return {
    get namespace() {
      return storage.namespace;
    },
    get capabilities() {
      return storage.capabilities;
    },
    open: (collections) => around(of('open'), async () => storage.open(collections)),
    get: (refs, options) => around(named('get', refs), async () => storage.get(refs, options)),
    query: (query) => around(of('query', query?.collection), async () => storage.query(query)),
    count: (query) => around(of('count', query?.collection), async () => storage.count(query)),
    commit: (writes) => around(named('commit', writes), async () => storage.commit(writes)),
    claim: (request) => around(of('claim', request?.collection), async () => storage.claim(request)),
    throttle: (requests) => around(of('throttle'), async () => storage.throttle(requests)),
    sweep: (limit) => around(of('sweep'), async () => storage.sweep(limit)),
    ...(storage.watch && {
      watch: (collection, listener) =>
        around(of('watch', collection), async () => {
          const end = await storage.watch?.(collection, listener);
          return end as () => Promise<void>;
        }),
    }),
    health: () => around(of('health'), async () => storage.health()),
    close: () => storage.close(),
  };
}
