import type { PreparedClaim, StoredDocument } from '@chancery/core/ports';
import type { MemoryCollection } from './memory-collection.ts';
import { storedDocument } from './memory-document.ts';

/** Leases due documents in one synchronous step. `freshVersion` gives a version that no document ever had. */
export function claimDue(
  collection: MemoryCollection,
  request: PreparedClaim,
  freshVersion: () => string,
  now: number,
): StoredDocument[] {
  return dueIds(collection, request, now).map((id) => {
    const document = collection.live(id, now);
    if (document === undefined) throw new Error(`Document ${id} left its queue within one step`);
    const leased = { ...document, version: freshVersion(), dueAt: now + request.leaseMs };
    collection.put(leased);
    return storedDocument(request.collection.name, leased, true);
  });
}

function dueIds(collection: MemoryCollection, request: PreparedClaim, now: number): string[] {
  const due: string[] = [];
  const expired: string[] = [];
  collection.due(request.queue)?.ascend(undefined, (dueAt, id) => {
    if (dueAt > now || due.length >= request.limit) return false;
    if (collection.live(id, now) === undefined) expired.push(id);
    else due.push(id);
    return true;
  });
  // Otherwise every claim until the next sweep would step over them again.
  for (const id of expired) collection.remove(id);
  return due;
}
