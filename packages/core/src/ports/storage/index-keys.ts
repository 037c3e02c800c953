import type { JsonObject, JsonValue } from '../storage.ts';
import { type DeclaredCollection, type DeclaredIndex, type DeclaredUnique, DUE_AT } from './definitions.ts';
import { STORAGE_LIMITS } from './limits.ts';
import { assertInteger, assertText } from './names.ts';

/** Where a document stands in an index; documents of one key stand by id. */
export interface IndexKey {
  /** The values of the pinned fields, in the order of the definition. */
  readonly pinned: readonly string[];
  readonly order: number;
}

/** What of a document the indexes look at. */
export interface Indexable {
  readonly data: JsonObject;
  readonly dueAt?: number | undefined;
}

/**
 * The place of a document in one index; `undefined` where a field is missing. The document has passed
 * `assertIndexable`.
 */
export function indexKey(index: DeclaredIndex, document: Indexable): IndexKey | undefined {
  const order = index.orderBy === DUE_AT ? document.dueAt : field(document.data, index.orderBy);
  if (order === undefined) return undefined;
  const pinned = fieldValues(index.equals, document.data);
  return pinned && { pinned, order: order as number };
}

/** The values that a unique constraint claims for a document; `undefined` where a field is missing. */
export function uniqueKey(unique: DeclaredUnique, data: JsonObject): readonly string[] | undefined {
  return fieldValues(unique.fields, data);
}

/**
 * Joins pinned or unique values into one key. Stored texts hold no NUL, so that different values never give the same key.
 */
export function joinKey(values: readonly string[]): string {
  return values.length === 1 ? (values[0] as string) : values.join('\0');
}

/**
 * Checks every indexed field of a document that is there.
 *
 * @param label - what to call the document in an error
 * @throws {StorageError} STORAGE_INVALID: a pinned or unique field that is no string, a walked one that is no safe integer;
 *   STORAGE_TOO_LARGE: a string of more than 512 bytes
 */
export function assertIndexable(collection: DeclaredCollection, data: JsonObject, label: string): void {
  for (const { equals, orderBy } of collection.indexes) {
    const order = orderBy === DUE_AT ? undefined : field(data, orderBy);
    if (order !== undefined) assertInteger(order, `${label} data.${orderBy}`);
    for (const name of equals) assertIndexedText(data, name, label);
  }
  for (const { fields } of collection.unique) {
    for (const name of fields) assertIndexedText(data, name, label);
  }
}

function assertIndexedText(data: JsonObject, name: string, label: string): void {
  const value = field(data, name);
  if (value !== undefined) assertText(value, `${label} data.${name}`, STORAGE_LIMITS.indexedStringBytes);
}

function fieldValues(names: readonly string[], data: JsonObject): readonly string[] | undefined {
  const values: string[] = [];
  for (const name of names) {
    const value = field(data, name);
    if (value === undefined) return undefined;
    values.push(value as string);
  }
  return values;
}

/** Inherited properties, such as `constructor`, are no fields. */
function field(data: JsonObject, name: string): JsonValue | undefined {
  return Object.hasOwn(data, name) ? data[name] : undefined;
}
