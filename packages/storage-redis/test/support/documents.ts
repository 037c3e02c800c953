import type { CollectionDefinition, PutWrite } from '@chancery/core/ports';

/** A collection with an index of every kind and a constraint. */
export const JOBS = {
  name: 'jobs',
  indexes: {
    byRank: { orderBy: 'rank' },
    byOwner: { equals: ['owner'], orderBy: 'rank' },
    byDue: { orderBy: '$dueAt' },
  },
  unique: { email: ['email'] },
  watch: true,
} as const satisfies CollectionDefinition;

let versions = 0;

/** A put into JOBS, of a version of its own. */
export function put(id: string, data: PutWrite['data'] = {}, rest: Partial<PutWrite> = {}): PutWrite {
  versions += 1;
  return { kind: 'put', collection: 'jobs', id, version: `v${versions}`, data, ...rest };
}

/** A reference into JOBS. */
export function ref(id: string): { collection: string; id: string } {
  return { collection: 'jobs', id };
}
