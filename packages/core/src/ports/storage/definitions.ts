import { StorageError } from '../../errors/storage-error.ts';
import type { CollectionDefinition } from '../storage.ts';
import { STORAGE_LIMITS } from './limits.ts';
import { assertFieldName, assertIndexName, assertStorageName, typeName } from './names.ts';

/** The `orderBy` that walks a document's `dueAt` rather than a field of its data. */
export const DUE_AT = '$dueAt';

/** An index as adapters see it. */
export interface DeclaredIndex {
  readonly name: string;
  readonly equals: readonly string[];
  readonly orderBy: string;
}

/** A unique constraint as adapters see it. */
export interface DeclaredUnique {
  readonly name: string;
  readonly fields: readonly string[];
}

/** A collection as adapters see it: checked, indexes and constraints sorted by name. It survives JSON. */
export interface DeclaredCollection {
  readonly name: string;
  readonly indexes: readonly DeclaredIndex[];
  readonly unique: readonly DeclaredUnique[];
  readonly watch: boolean;
}

/**
 * Checks the definitions given to `open`.
 *
 * @throws {StorageError} STORAGE_INVALID: a malformed one, or one collection twice
 */
export function declareCollections(definitions: readonly CollectionDefinition[]): DeclaredCollection[] {
  const declared = definitions.map(declareCollection);
  const seen = new Set<string>();
  for (const { name } of declared) {
    if (seen.has(name)) throw invalid(name, `collection "${name}" is defined twice in one call`);
    seen.add(name);
  }
  return declared;
}

function declareCollection(definition: CollectionDefinition): DeclaredCollection {
  if (typeof definition !== 'object' || definition === null) {
    throw invalid('', `a collection definition must be an object, not ${typeName(definition)}`);
  }
  const { name } = definition;
  assertStorageName(name, 'a collection name');
  const indexes = sortedEntries(definition.indexes, name, 'indexes').map(([index, { equals = [], orderBy }]) => {
    const label = `index "${index}" of collection "${name}"`;
    assertFields(equals, name, label, 0);
    if (orderBy !== DUE_AT) assertFieldName(orderBy, `orderBy of ${label}`);
    return { name: index, equals: [...equals], orderBy };
  });
  const unique = sortedEntries(definition.unique, name, 'unique').map(([constraint, fields]) => {
    assertFields(fields, name, `constraint "${constraint}" of collection "${name}"`, 1);
    return { name: constraint, fields: [...fields] };
  });
  return { name, indexes, unique, watch: definition.watch === true };
}

function sortedEntries<T>(
  record: Readonly<Record<string, T>> | undefined,
  collection: string,
  kind: string,
): [string, T][] {
  const entries = Object.entries(record ?? {});
  for (const [name] of entries) assertIndexName(name, `a name in ${kind} of collection "${collection}"`);
  if (entries.length > STORAGE_LIMITS.indexesPerCollection) {
    const limit = STORAGE_LIMITS.indexesPerCollection;
    throw invalid(collection, `collection "${collection}" has ${entries.length} ${kind}, more than ${limit}`);
  }
  return entries.sort(([left], [right]) => (left < right ? -1 : 1));
}

function assertFields(fields: unknown, collection: string, label: string, min: number): void {
  if (!Array.isArray(fields)) throw invalid(collection, `${label} must list its fields, not ${typeName(fields)}`);
  const max = STORAGE_LIMITS.fieldsPerIndex;
  if (fields.length < min || fields.length > max) {
    throw invalid(collection, `${label} must name ${min} to ${max} fields, not ${fields.length}`);
  }
  for (const field of fields) assertFieldName(field, `a field of ${label}`);
  if (new Set(fields).size < fields.length) throw invalid(collection, `${label} names a field twice`);
}

/** What `open` has to do for one collection. */
export interface MergedCollection {
  /** Everything stored, and what the instance adds. */
  readonly merged: DeclaredCollection;
  /** To be back-filled before `open` resolves. */
  readonly addedIndexes: readonly DeclaredIndex[];
  /** To be claimed for every live document before `open` resolves. */
  readonly addedUnique: readonly DeclaredUnique[];
}

/**
 * Joins what is stored of a collection with what an instance declares. Nothing is dropped; the generation rises exactly if
 * an index or a constraint was added to a collection that was stored.
 *
 * @throws {StorageError} STORAGE_INVALID: an index or a constraint is stored under that name with other fields
 */
export function mergeCollection(stored: DeclaredCollection | undefined, wanted: DeclaredCollection): MergedCollection {
  const addedIndexes = missing(stored?.indexes ?? [], wanted.indexes, wanted.name, 'index');
  const addedUnique = missing(stored?.unique ?? [], wanted.unique, wanted.name, 'constraint');
  const merged = {
    name: wanted.name,
    indexes: byName([...(stored?.indexes ?? []), ...addedIndexes]),
    unique: byName([...(stored?.unique ?? []), ...addedUnique]),
    watch: wanted.watch || stored?.watch === true,
  };
  return { merged, addedIndexes, addedUnique };
}

function missing<T extends DeclaredIndex | DeclaredUnique>(
  stored: readonly T[],
  wanted: readonly T[],
  collection: string,
  kind: string,
): T[] {
  return wanted.filter((item) => {
    const present = stored.find(({ name }) => name === item.name);
    if (present === undefined) return true;
    if (shape(present) === shape(item)) return false;
    const message = `${kind} "${item.name}" of collection "${collection}" is stored as ${shape(present)}, not ${shape(item)}`;
    throw invalid(collection, `${message}: declare it under another name`);
  });
}

function shape(item: DeclaredIndex | DeclaredUnique): string {
  return 'fields' in item ? `(${item.fields.join(', ')})` : `(${item.equals.join(', ')}) by ${item.orderBy}`;
}

function byName<T extends { readonly name: string }>(items: T[]): T[] {
  return items.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/**
 * Finds an index of a collection.
 *
 * @throws {StorageError} STORAGE_UNDECLARED
 */
export function requireIndex(collection: DeclaredCollection, name: string): DeclaredIndex {
  const index = collection.indexes.find((candidate) => candidate.name === name);
  if (index !== undefined) return index;
  throw new StorageError('STORAGE_UNDECLARED', `collection "${collection.name}" has no index ${JSON.stringify(name)}`, {
    facts: { collection: collection.name, index: String(name) },
  });
}

/** The error for a collection that `open` was not called with. */
export function undeclaredCollection(name: unknown): StorageError {
  const shown = typeof name === 'string' ? JSON.stringify(name.slice(0, 80)) : typeName(name);
  return new StorageError('STORAGE_UNDECLARED', `collection ${shown} was not opened`, {
    facts: { collection: String(name).slice(0, 80) },
  });
}

function invalid(collection: string, message: string): StorageError {
  return new StorageError('STORAGE_INVALID', message, { facts: { collection } });
}
