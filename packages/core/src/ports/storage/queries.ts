import { quote } from '../../errors/quote.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { ClaimRequest, CountQuery, DocumentRef, IndexRange, Query, ReadOptions } from '../storage.ts';
import { decodeCursor, type IndexPosition } from './cursor.ts';
import { type DeclaredCollection, type DeclaredIndex, requireIndex, undeclaredCollection } from './definitions.ts';
import { STORAGE_LIMITS } from './limits.ts';
import { assertId, assertInteger, assertText, typeName } from './names.ts';
import type { CollectionLookup } from './writes.ts';

/** A stretch of an index that was checked. */
export interface PreparedRange {
  readonly collection: DeclaredCollection;
  readonly index: DeclaredIndex;
  /** The values of the pinned fields, in the order of the definition. */
  readonly pinned: readonly string[];
  readonly from: number | undefined;
  readonly to: number | undefined;
  /** How stale an answer may be, in milliseconds; 0 for a strong read. */
  readonly maxStaleMs: number;
}

export interface PreparedQuery extends PreparedRange {
  readonly direction: 'ascending' | 'descending';
  readonly limit: number;
  /** The last document seen; the page begins behind it. */
  readonly after: IndexPosition | undefined;
  readonly withBytes: boolean;
}

export interface PreparedCount extends PreparedRange {
  readonly upTo: number;
}

/** A claim request that keeps the rules, its collection looked up. */
export interface PreparedClaim {
  readonly collection: DeclaredCollection;
  readonly queue: string;
  readonly limit: number;
  readonly leaseMs: number;
}

/**
 * Checks a query.
 *
 * @throws {StorageError} STORAGE_UNDECLARED, STORAGE_INVALID, STORAGE_TOO_LARGE
 */
export function prepareQuery(query: Query, lookup: CollectionLookup): PreparedQuery {
  const range = prepareRange(query, lookup);
  const { direction = 'ascending', limit, cursor, withBytes = false } = query;
  if (direction !== 'ascending' && direction !== 'descending') {
    throw invalid(`direction must be ascending or descending, not ${quote(direction)}`);
  }
  assertPageLimit(limit, 'the limit of a query');
  const { pinned } = range;
  const scope = { collection: range.collection.name, index: range.index.name, pinned, direction };
  const after = cursor === undefined ? undefined : decodeCursor(scope, cursor);
  return { ...range, direction, limit, after, withBytes: withBytes === true };
}

/**
 * Checks a count.
 *
 * @throws {StorageError} STORAGE_UNDECLARED, STORAGE_INVALID, STORAGE_TOO_LARGE
 */
export function prepareCount(query: CountQuery, lookup: CollectionLookup): PreparedCount {
  const range = prepareRange(query, lookup);
  assertInteger(query.upTo, 'upTo of a count', 1);
  return { ...range, upTo: query.upTo };
}

/**
 * Checks a claim.
 *
 * @throws {StorageError} STORAGE_UNDECLARED, STORAGE_INVALID, STORAGE_TOO_LARGE
 */
export function prepareClaim(request: ClaimRequest, lookup: CollectionLookup): PreparedClaim {
  const collection = requireCollection(request.collection, lookup);
  const { queue = '', limit, leaseMs } = request;
  assertText(queue, 'the queue of a claim', STORAGE_LIMITS.indexedStringBytes);
  assertPageLimit(limit, 'the limit of a claim');
  assertInteger(leaseMs, 'leaseMs of a claim', 1, MAX_LEASE_MS);
  return { collection, queue, limit, leaseMs };
}

// A thousand years: now + leaseMs stays an instant.
const MAX_LEASE_MS = 1000 * 366 * 86_400_000;

/**
 * Checks the references of a `get`, and its options.
 *
 * @throws {StorageError} STORAGE_UNDECLARED, STORAGE_INVALID, STORAGE_TOO_LARGE
 */
export function prepareRefs(
  refs: readonly DocumentRef[],
  options: ReadOptions | undefined,
  lookup: CollectionLookup,
): { readonly refs: readonly { collection: DeclaredCollection; id: string }[]; readonly maxStaleMs: number } {
  if (!Array.isArray(refs)) throw invalid(`the references of a get must be an array, not ${typeName(refs)}`);
  if (refs.length > STORAGE_LIMITS.getRefs) {
    throw tooLarge(`a get of ${refs.length} references is larger than ${STORAGE_LIMITS.getRefs}`);
  }
  const prepared = (refs as readonly DocumentRef[]).map(({ collection, id }, at) => {
    assertId(id, `the id of reference ${at}`);
    return { collection: requireCollection(collection, lookup), id };
  });
  return { refs: prepared, maxStaleMs: staleness(options) };
}

/**
 * Checks the limit of a `sweep`.
 *
 * @throws {StorageError} STORAGE_INVALID
 */
export function assertSweepLimit(limit: unknown): asserts limit is number {
  assertInteger(limit, 'the limit of a sweep', 1);
}

function prepareRange(range: IndexRange, lookup: CollectionLookup): PreparedRange {
  const collection = requireCollection(range.collection, lookup);
  const index = requireIndex(collection, range.index);
  const { from, to } = range;
  if (from !== undefined) assertInteger(from, 'from of a query');
  if (to !== undefined) assertInteger(to, 'to of a query');
  return { collection, index, pinned: pinnedValues(range.equals ?? {}, index), from, to, maxStaleMs: staleness(range) };
}

function pinnedValues(equals: Readonly<Record<string, string>>, index: DeclaredIndex): string[] {
  for (const field of Object.keys(equals)) {
    if (!index.equals.includes(field)) throw invalid(`index "${index.name}" does not pin ${JSON.stringify(field)}`);
  }
  return index.equals.map((field) => {
    const value = Object.hasOwn(equals, field) ? equals[field] : undefined;
    if (value === undefined)
      throw invalid(`index "${index.name}" pins "${field}", and the query gives no value for it`);
    assertText(value, `equals.${field}`, STORAGE_LIMITS.indexedStringBytes);
    return value;
  });
}

function requireCollection(name: string, lookup: CollectionLookup): DeclaredCollection {
  const collection = lookup(name);
  if (collection === undefined) throw undeclaredCollection(name);
  return collection;
}

function staleness(options: ReadOptions | undefined): number {
  const consistency = options?.consistency ?? 'strong';
  if (consistency === 'strong') return 0;
  if (typeof consistency !== 'object')
    throw invalid(`consistency must be strong or { maxStaleMs }, not ${String(consistency)}`);
  assertInteger(consistency.maxStaleMs, 'maxStaleMs', 0);
  return consistency.maxStaleMs;
}

function assertPageLimit(limit: unknown, label: string): asserts limit is number {
  assertInteger(limit, label, 1);
  if (limit > STORAGE_LIMITS.pageDocuments) {
    throw tooLarge(`${label} is ${limit}, more than ${STORAGE_LIMITS.pageDocuments}`);
  }
}

function invalid(message: string): StorageError {
  return new StorageError('STORAGE_INVALID', message);
}

function tooLarge(message: string): StorageError {
  return new StorageError('STORAGE_TOO_LARGE', message);
}
