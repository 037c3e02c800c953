import {
  assertIndexable,
  type CollectionDefinition,
  type DeclaredUnique,
  declareCollections,
  joinKey,
  type MergedCollection,
  mergeCollection,
  StorageError,
  uniqueKey,
} from '@chancery/core/ports';
import { MemoryCollection } from './memory-collection.ts';
import { isLive } from './memory-document.ts';

/**
 * Creates or extends collections in one synchronous step: everything is checked before the first change.
 *
 * @returns the opened collections, by the order of the definitions
 * @throws {StorageError} STORAGE_INVALID: a definition is malformed, or contradicts stored definitions or documents
 */
export function openCollections(
  stored: Map<string, MemoryCollection>,
  definitions: readonly CollectionDefinition[],
  now: number,
): MemoryCollection[] {
  const plans = declareCollections(definitions).map((wanted) => {
    const collection = stored.get(wanted.name);
    const plan = mergeCollection(collection?.declared, wanted);
    if (collection !== undefined) assertDocumentsFit(collection, plan, now);
    return { collection, plan };
  });
  return plans.map(({ collection, plan: { merged, addedIndexes, addedUnique } }) => {
    if (collection === undefined) {
      const created = new MemoryCollection(merged);
      stored.set(merged.name, created);
      return created;
    }
    collection.extend(merged, addedIndexes, addedUnique, now);
    return collection;
  });
}

function assertDocumentsFit(collection: MemoryCollection, plan: MergedCollection, now: number): void {
  const { addedIndexes, addedUnique, merged } = plan;
  if (addedIndexes.length + addedUnique.length === 0) return;
  const added = { ...merged, indexes: addedIndexes, unique: addedUnique };
  for (const document of collection.documents()) {
    if (isLive(document, now)) assertIndexable(added, document.data, `${merged.name}/${document.id}`);
  }
  for (const unique of addedUnique) assertUnique(collection, unique, now);
}

function assertUnique(collection: MemoryCollection, unique: DeclaredUnique, now: number): void {
  const holders = new Map<string, string>();
  for (const document of collection.documents()) {
    const values = isLive(document, now) ? uniqueKey(unique, document.data) : undefined;
    if (values === undefined) continue;
    const key = joinKey(values);
    const other = holders.get(key);
    if (other !== undefined) {
      const { name } = collection.declared;
      const message = `constraint "${unique.name}" cannot be added: ${name}/${other} and ${name}/${document.id} share its values`;
      throw new StorageError('STORAGE_INVALID', message, { facts: { collection: name, constraint: unique.name } });
    }
    holders.set(key, document.id);
  }
}
