import {
  type CommitConflict,
  type CommitResult,
  joinKey,
  type PreparedPut,
  type PreparedWrite,
  uniqueKey,
} from '@chancery/core/ports';
import type { MemoryCollection } from './memory-collection.ts';
import { documentOf, isLive } from './memory-document.ts';

/** Finds the stored side of a collection; every collection of a prepared write has one. */
export type CollectionOf = (name: string) => MemoryCollection;

/** What a commit did: the answer, and the ids that it changed by collection. */
export interface CommitOutcome {
  readonly result: CommitResult;
  readonly changed: ReadonlyMap<string, readonly string[]>;
}

/** Judges and applies a commit in one synchronous step at one instant. */
export function commitWrites(writes: readonly PreparedWrite[], collectionOf: CollectionOf, now: number): CommitOutcome {
  const conflict = versionConflict(writes, collectionOf, now) ?? uniqueConflict(writes, collectionOf, now);
  if (conflict !== undefined) return { result: { committed: false, conflict }, changed: new Map() };
  const changed = new Map<string, string[]>();
  for (const write of writes) {
    if (!apply(write, collectionOf(write.collection.name), now)) continue;
    const ids = changed.get(write.collection.name);
    if (ids === undefined) changed.set(write.collection.name, [write.id]);
    else ids.push(write.id);
  }
  return { result: { committed: true }, changed };
}

function versionConflict(
  writes: readonly PreparedWrite[],
  collectionOf: CollectionOf,
  now: number,
): CommitConflict | undefined {
  for (const { collection, id, ifVersion, at } of writes) {
    if (ifVersion === undefined) continue;
    const actual = collectionOf(collection.name).live(id, now)?.version ?? null;
    if (actual !== ifVersion) return { write: at, reason: 'version', actual };
  }
  return undefined;
}

/** The values of a constraint that a put would hold when the commit is done. */
interface UniqueClaim {
  readonly put: PreparedPut;
  readonly constraint: string;
}

/** Judges the state that the commit would leave, so that documents may swap values in it. */
function uniqueConflict(
  writes: readonly PreparedWrite[],
  collectionOf: CollectionOf,
  now: number,
): CommitConflict | undefined {
  const claims = new Map<string, UniqueClaim>();
  let leaving: ReadonlySet<string> | undefined;
  const faults: UniqueClaim[] = [];
  for (const put of writes) {
    if (put.kind !== 'put' || put.collection.unique.length === 0 || !isLive(put, now)) continue;
    const { collection } = put;
    for (const unique of collection.unique) {
      const values = uniqueKey(unique, put.data);
      if (values === undefined) continue;
      const key = joinKey(values);
      const claim = { put, constraint: unique.name };
      const place = `${collection.name}\0${unique.name}\0${key}`;
      const rival = claims.get(place);
      if (rival === undefined) claims.set(place, claim);
      else faults.push(rival);
      const holder = collectionOf(collection.name).holder(unique, key);
      if (holder === undefined || holder.id === put.id || !isLive(holder, now)) continue;
      leaving ??= rewritten(writes);
      if (!leaving.has(`${collection.name}\0${holder.id}`)) faults.push(claim);
    }
  }
  const [first] = faults.sort(byWriteThenConstraint);
  return first && { write: first.put.at, reason: 'unique', constraint: first.constraint };
}

/** Documents whose old values are gone when the commit is done. What is only checked keeps them. */
function rewritten(writes: readonly PreparedWrite[]): Set<string> {
  const touched = writes.filter(({ kind }) => kind !== 'check');
  return new Set(touched.map(({ collection, id }) => `${collection.name}\0${id}`));
}

function byWriteThenConstraint(left: UniqueClaim, right: UniqueClaim): number {
  return left.put.at - right.put.at || (left.constraint < right.constraint ? -1 : 1);
}

function apply(write: PreparedWrite, collection: MemoryCollection, now: number): boolean {
  if (write.kind === 'check') return false;
  if (write.kind === 'delete') return collection.remove(write.id);
  // What is expired on arrival must not take the values of a live document.
  if (!isLive(write, now)) return collection.remove(write.id);
  collection.put(documentOf(write));
  return true;
}
