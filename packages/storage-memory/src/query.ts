import {
  encodeCursor,
  type IndexPosition,
  type Page,
  type PreparedCount,
  type PreparedQuery,
  type PreparedRange,
  STORAGE_LIMITS,
  type StoredDocument,
} from '@chancery/core/ports';
import type { MemoryCollection } from './memory-collection.ts';
import { storedDocument } from './memory-document.ts';
import type { Visit } from './ordered-ids.ts';

/** Reads one page at one instant. */
export function readPage(collection: MemoryCollection, query: PreparedQuery, now: number): Page {
  const documents: StoredDocument[] = [];
  let size = 0;
  let last: IndexPosition | undefined;
  let cut = false;
  walk(collection, query, (order, id) => {
    const document = collection.live(id, now);
    if (document === undefined) return true;
    size += document.dataSize + (query.withBytes ? (document.bytes?.length ?? 0) : 0);
    cut = documents.length === query.limit || (documents.length > 0 && size > STORAGE_LIMITS.pageBytes);
    if (cut) return false;
    documents.push(storedDocument(query.collection.name, document, query.withBytes));
    last = { order, id };
    return true;
  });
  if (!cut || last === undefined) return { documents };
  const { pinned, direction } = query;
  const scope = { collection: query.collection.name, index: query.index.name, pinned, direction };
  return { documents, cursor: encodeCursor(scope, last) };
}

/** Counts the documents of a stretch at one instant. */
export function countRange(collection: MemoryCollection, range: PreparedCount, now: number): number {
  let count = 0;
  walk(collection, { ...range, direction: 'ascending', after: undefined }, (_order, id) => {
    if (collection.live(id, now) !== undefined) count += 1;
    return count < range.upTo;
  });
  return count;
}

type Stretch = PreparedRange & Pick<PreparedQuery, 'direction' | 'after'>;

function walk(collection: MemoryCollection, stretch: Stretch, visit: Visit): void {
  const { index, pinned, from, to, direction, after } = stretch;
  const entries = collection.indexed(index.name, pinned);
  if (entries === undefined) return;
  if (direction === 'ascending') {
    entries.ascend(ascendingStart(from, after), (order, id) => (to === undefined || order < to) && visit(order, id));
  } else {
    entries.descend(descendingEnd(to, after), (order, id) => (from === undefined || order >= from) && visit(order, id));
  }
}

function ascendingStart(from: number | undefined, after: IndexPosition | undefined): IndexPosition | undefined {
  if (after !== undefined && (from === undefined || after.order >= from)) {
    // No id holds NUL, so that this is the very next position.
    return { order: after.order, id: `${after.id}\0` };
  }
  return from === undefined ? undefined : { order: from, id: '' };
}

function descendingEnd(to: number | undefined, after: IndexPosition | undefined): IndexPosition | undefined {
  if (after !== undefined && (to === undefined || after.order < to)) return after;
  return to === undefined ? undefined : { order: to, id: '' };
}
