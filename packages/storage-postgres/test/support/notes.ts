import type { CollectionDefinition, PutWrite, StorageBackend, StoredDocument } from '@chancery/core/ports';

/** A collection with an index of each kind and a constraint. */
export const NOTES = {
  name: 'notes',
  indexes: { byTime: { orderBy: 'time' }, byOwner: { equals: ['owner'], orderBy: 'time' } },
  unique: { title: ['title'] },
  watch: true,
} as const satisfies CollectionDefinition;

/** A collection without constraints, for work that comes due. */
export const JOBS = { name: 'jobs', indexes: { byDue: { orderBy: '$dueAt' } } } as const satisfies CollectionDefinition;

let versions = 0;

/** A put with a version of its own. */
export function put(id: string, data = {}, rest: Partial<PutWrite> = {}): PutWrite {
  versions += 1;
  return { kind: 'put', collection: 'notes', id, version: `version ${versions}`, data, ...rest };
}

export async function read(
  storage: StorageBackend,
  id: string,
  collection = 'notes',
): Promise<StoredDocument | undefined> {
  return (await storage.get([{ collection, id }]))[0];
}
