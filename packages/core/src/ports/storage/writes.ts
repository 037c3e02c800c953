import { quote } from '../../errors/quote.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { JsonObject, PutWrite, Write } from '../storage.ts';
import { type DeclaredCollection, undeclaredCollection } from './definitions.ts';
import { assertIndexable } from './index-keys.ts';
import { normalizeJson } from './json.ts';
import { STORAGE_LIMITS } from './limits.ts';
import { assertId, assertInteger, assertText, typeName } from './names.ts';

/** Looks a collection up; adapters pass their own table. */
export type CollectionLookup = (name: string) => DeclaredCollection | undefined;

/** A put that was checked: its data and bytes are copies that nobody else holds. */
export interface PreparedPut {
  readonly kind: 'put';
  /** Place in the caller's list. */
  readonly at: number;
  readonly collection: DeclaredCollection;
  readonly id: string;
  readonly version: string;
  readonly ifVersion: string | null | undefined;
  readonly data: JsonObject;
  /** The UTF-8 length of `JSON.stringify(data)`. */
  readonly dataSize: number;
  readonly bytes: Uint8Array | undefined;
  readonly expiresAt: number | undefined;
  readonly dueAt: number | undefined;
  readonly dueQueue: string;
}

/** A `delete` that was checked. */
export interface PreparedDelete {
  readonly kind: 'delete';
  readonly at: number;
  readonly collection: DeclaredCollection;
  readonly id: string;
  readonly ifVersion: string | undefined;
}

/** A condition, itself checked, on a document that the commit leaves as it is. */
export interface PreparedCheck {
  readonly kind: 'check';
  readonly at: number;
  readonly collection: DeclaredCollection;
  readonly id: string;
  readonly ifVersion: string;
}

/** One write of a commit that `prepareWrites` has let through. */
export type PreparedWrite = PreparedPut | PreparedDelete | PreparedCheck;

/**
 * Checks the writes of a commit against every rule that needs no look at what is stored.
 *
 * @throws {StorageError} STORAGE_UNDECLARED, STORAGE_INVALID, STORAGE_TOO_LARGE
 */
export function prepareWrites(writes: readonly Write[], lookup: CollectionLookup): PreparedWrite[] {
  if (!Array.isArray(writes)) throw invalid(`the writes of a commit must be an array, not ${typeName(writes)}`);
  if (writes.length > STORAGE_LIMITS.commitWrites) {
    throw tooLarge(`a commit of ${writes.length} writes is larger than ${STORAGE_LIMITS.commitWrites}`);
  }
  const prepared: PreparedWrite[] = [];
  const named = new Set<string>();
  let size = 0;
  for (const [at, write] of writes.entries()) {
    const ready = prepareWrite(write, at, lookup);
    const key = `${ready.collection.name}\0${ready.id}`;
    if (named.has(key)) throw invalid(`${labelOf(ready.collection.name, ready.id)} is named twice in one commit`);
    named.add(key);
    prepared.push(ready);
    if (ready.kind !== 'put') continue;
    size += ready.dataSize + (ready.bytes?.length ?? 0);
    if (size > STORAGE_LIMITS.commitBytes) {
      throw tooLarge(`a commit of more than ${STORAGE_LIMITS.commitBytes} bytes, passed at write ${at}`);
    }
  }
  return prepared;
}

function prepareWrite(write: Write, at: number, lookup: CollectionLookup): PreparedWrite {
  if (typeof write !== 'object' || write === null)
    throw invalid(`write ${at} must be an object, not ${typeName(write)}`);
  const collection = lookup(write.collection);
  if (collection === undefined) throw undeclaredCollection(write.collection);
  const { id } = write;
  assertId(id, `the id of write ${at}`);
  const label = labelOf(collection.name, id);
  switch (write.kind) {
    case 'put':
      return preparePut(write, at, collection, label);
    case 'delete':
      if (write.ifVersion !== undefined) assertVersion(write.ifVersion, `${label} ifVersion`);
      return { kind: 'delete', at, collection, id, ifVersion: write.ifVersion };
    case 'check':
      assertVersion(write.ifVersion, `${label} ifVersion`);
      return { kind: 'check', at, collection, id, ifVersion: write.ifVersion };
    default:
      throw invalid(`write ${at} must be a put, a delete or a check, not ${quote((write as Write).kind)}`);
  }
}

function preparePut(write: PutWrite, at: number, collection: DeclaredCollection, label: string): PreparedPut {
  const { id, version, ifVersion, expiresAt, dueAt, dueQueue = '' } = write;
  assertVersion(version, `${label} version`);
  if (ifVersion !== undefined && ifVersion !== null) assertVersion(ifVersion, `${label} ifVersion`);
  if (expiresAt !== undefined) assertInteger(expiresAt, `${label} expiresAt`, 0);
  if (dueAt !== undefined) assertInteger(dueAt, `${label} dueAt`, 0);
  assertText(dueQueue, `${label} dueQueue`, STORAGE_LIMITS.indexedStringBytes);
  const { value: data, size: dataSize } = normalizeJson(write.data, `${label} data`);
  assertIndexable(collection, data, label);
  const bytes = copyBytes(write.bytes, `${label} bytes`);
  return { kind: 'put', at, collection, id, version, ifVersion, data, dataSize, bytes, expiresAt, dueAt, dueQueue };
}

function assertVersion(version: unknown, label: string): asserts version is string {
  assertText(version, label, STORAGE_LIMITS.versionBytes, 1);
}

function copyBytes(bytes: unknown, label: string): Uint8Array | undefined {
  if (bytes === undefined) return undefined;
  // By structure, since a Uint8Array of another realm is no instance of ours.
  if (Object.prototype.toString.call(bytes) !== '[object Uint8Array]') {
    throw invalid(`${label} must be a Uint8Array, not ${typeName(bytes)}`);
  }
  const source = bytes as Uint8Array;
  if (source.length > STORAGE_LIMITS.bytesBytes) {
    throw tooLarge(`${label} takes ${source.length} bytes, more than ${STORAGE_LIMITS.bytesBytes}`);
  }
  return new Uint8Array(source);
}

function labelOf(collection: string, id: string): string {
  return `${collection}/${id}`;
}

function invalid(message: string): StorageError {
  return new StorageError('STORAGE_INVALID', message);
}

function tooLarge(message: string): StorageError {
  return new StorageError('STORAGE_TOO_LARGE', message);
}
