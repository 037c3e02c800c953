import type { CollectionDefinition, StorageBackend, Write } from '@chancery/core/ports';

/** A document as an application would have it: two indexes, about 300 bytes. */
export interface Item {
  readonly id: string;
  readonly owner: string;
  readonly rank: number;
  readonly at: number;
  readonly text: string;
}

/** What everybody in a race of storages can do. Each call is a round trip of its own. */
export interface ItemStore {
  /** Inserts or replaces one document, its index entries included. */
  put(item: Item): Promise<void>;
  /** Reads one document. Returns whether it was there. */
  get(id: string): Promise<boolean>;
  /** Reads the first documents of an owner, in the order of `rank`. Returns how many. */
  page(owner: string, limit: number): Promise<number>;
  /** Leases jobs that are due, for a millisecond. Returns how many. */
  claim(limit: number): Promise<number>;
}

export const ITEMS: CollectionDefinition = {
  name: 'items',
  indexes: { byOwner: { equals: ['owner'], orderBy: 'rank' }, byTime: { orderBy: 'at' } },
};
export const JOBS: CollectionDefinition = { name: 'jobs' };
export const OWNERS = 20;
export const PAGE = 100;
/** For so short a lease the same jobs are due again and again. */
export const LEASE_MS = 1;

/** The item of a number: always the same, but for `rank`, which changes with the turn so that the index moves. */
export function itemOf(number: number, turn = 0): Item {
  return {
    id: `item-${number}`,
    owner: `owner-${number % OWNERS}`,
    rank: (number * 7919 + turn * 104_729) % 1_000_003,
    at: number,
    text: `item ${number} `.repeat(16),
  };
}

export const ownerOf = (turn: number): string => `owner-${turn % OWNERS}`;
export const jobOf = (number: number): string => `job-${number}`;

/** Our side of the race, on any backend. */
export async function ourItems(storage: StorageBackend): Promise<ItemStore> {
  await storage.open([ITEMS, JOBS]);
  let versions = 0;
  return {
    put: async ({ id, ...data }) => {
      const result = await storage.commit([{ kind: 'put', collection: 'items', id, version: `v${++versions}`, data }]);
      if (!result.committed) throw new Error(`a conflict where there can be none: ${id}`);
    },
    get: async (id) => (await storage.get([{ collection: 'items', id }]))[0] !== undefined,
    page: async (owner, limit) => {
      const page = await storage.query({ collection: 'items', index: 'byOwner', equals: { owner }, limit });
      return page.documents.length;
    },
    claim: async (limit) => (await storage.claim({ collection: 'jobs', limit, leaseMs: LEASE_MS })).length,
  };
}

/** Fills our side with items and jobs. */
export async function fillOurs(storage: StorageBackend, items: number, jobs: number): Promise<void> {
  await storage.open([ITEMS, JOBS]);
  await inBatches(items, (number): Write => {
    const { id, ...data } = itemOf(number);
    return { kind: 'put', collection: 'items', id, version: 'v', data };
  });
  await inBatches(jobs, (number) => {
    return { kind: 'put', collection: 'jobs', id: jobOf(number), version: 'v', data: { number }, dueAt: number };
  });

  async function inBatches(count: number, write: (number: number) => Write): Promise<void> {
    let next = 0;
    const filler = async () => {
      for (let done = next; done < count; done = next) {
        next += 250;
        const size = Math.min(250, count - done);
        await storage.commit(Array.from({ length: size }, (_, at) => write(done + at)));
      }
    };
    await Promise.all([filler(), filler(), filler()]);
  }
}
