import {
  type DeclaredCollection,
  type DeclaredIndex,
  type DeclaredUnique,
  DUE_AT,
  type IndexKey,
  indexKey,
  joinKey,
  uniqueKey,
} from '@chancery/core/ports';
import { isLive, type MemoryDocument } from './memory-document.ts';
import { OrderedIds } from './ordered-ids.ts';

interface MemoryIndex {
  readonly declared: DeclaredIndex;
  /** Joined pinned values to what they select. */
  readonly groups: Map<string, OrderedIds>;
}

interface MemoryUnique {
  readonly declared: DeclaredUnique;
  /** Joined values to the id of the document that holds them. */
  readonly holders: Map<string, string>;
}

/** The documents of one collection with everything that finds them. Each method is one synchronous step. */
export class MemoryCollection {
  readonly #documents = new Map<string, MemoryDocument>();
  readonly #expiring = new OrderedIds();
  readonly #queues = new Map<string, OrderedIds>();
  #declared: DeclaredCollection;
  #generation = 1;
  #indexes: readonly MemoryIndex[] = [];
  #uniques: readonly MemoryUnique[] = [];

  constructor(declared: DeclaredCollection) {
    this.#declared = declared;
    this.#indexes = declared.indexes.map((index) => ({ declared: index, groups: new Map() }));
    this.#uniques = declared.unique.map((unique) => ({ declared: unique, holders: new Map() }));
  }

  get declared(): DeclaredCollection {
    return this.#declared;
  }

  /** Rises with every index or constraint that is added. */
  get generation(): number {
    return this.#generation;
  }

  /** Documents that expired and were not removed count too. */
  get size(): number {
    return this.#documents.size;
  }

  /** Every document, expired ones included, in no order. */
  documents(): Iterable<MemoryDocument> {
    return this.#documents.values();
  }

  /** The document, unless it is absent at that instant. */
  live(id: string, now: number): MemoryDocument | undefined {
    const document = this.#documents.get(id);
    return document !== undefined && isLive(document, now) ? document : undefined;
  }

  /** What the pinned values select of an index. */
  indexed(index: string, pinned: readonly string[]): OrderedIds | undefined {
    const entry = this.#indexes.find(({ declared }) => declared.name === index);
    return entry?.groups.get(joinKey(pinned));
  }

  /** The documents of a queue by `dueAt`. */
  due(queue: string): OrderedIds | undefined {
    return this.#queues.get(queue);
  }

  /** The document that holds the values of a constraint, which may have expired. */
  holder(constraint: DeclaredUnique, key: string): MemoryDocument | undefined {
    const entry = this.#uniques.find(({ declared }) => declared.name === constraint.name);
    const id = entry?.holders.get(key);
    return id === undefined ? undefined : this.#documents.get(id);
  }

  /** Writes a document over whatever has its id. */
  put(document: MemoryDocument): void {
    const before = this.#documents.get(document.id);
    this.#documents.set(document.id, document);
    this.#reindex(document.id, before, document);
  }

  /** Removes a document; `false` if there is none. */
  remove(id: string): boolean {
    const before = this.#documents.get(id);
    if (before === undefined) return false;
    this.#documents.delete(id);
    this.#reindex(id, before, undefined);
    return true;
  }

  /** The ids of expired documents, the earliest first, at most `limit`. */
  expired(now: number, limit: number): string[] {
    const ids: string[] = [];
    this.#expiring.ascend(undefined, (expiresAt, id) => {
      if (expiresAt > now || ids.length >= limit) return false;
      ids.push(id);
      return true;
    });
    return ids;
  }

  /** Adds indexes and constraints and fills them. The caller has checked that every live document fits them. */
  extend(
    merged: DeclaredCollection,
    indexes: readonly DeclaredIndex[],
    uniques: readonly DeclaredUnique[],
    now: number,
  ): void {
    const addedIndexes = indexes.map((declared) => ({ declared, groups: new Map<string, OrderedIds>() }));
    const addedUniques = uniques.map((declared) => ({ declared, holders: new Map<string, string>() }));
    for (const document of this.#documents.values()) {
      if (!isLive(document, now)) {
        // Nobody has checked that it fits; and what replaced it would be taken for indexed.
        this.remove(document.id);
        continue;
      }
      for (const index of addedIndexes) moveInIndex(index, document.id, undefined, indexKey(index.declared, document));
      for (const unique of addedUniques) moveClaim(unique, document.id, undefined, document);
    }
    this.#declared = merged;
    this.#indexes = [...this.#indexes, ...addedIndexes];
    this.#uniques = [...this.#uniques, ...addedUniques];
    if (indexes.length + uniques.length > 0) this.#generation += 1;
  }

  #reindex(id: string, before: MemoryDocument | undefined, after: MemoryDocument | undefined): void {
    for (const index of this.#indexes) {
      if (before !== undefined && after !== undefined && stays(index.declared, before, after)) continue;
      const left = before && indexKey(index.declared, before);
      moveInIndex(index, id, left, after && indexKey(index.declared, after));
    }
    for (const unique of this.#uniques) moveClaim(unique, id, before, after);
    if (before?.expiresAt !== after?.expiresAt) {
      if (before?.expiresAt !== undefined) this.#expiring.delete(before.expiresAt, id);
      if (after?.expiresAt !== undefined) this.#expiring.add(after.expiresAt, id);
    }
    if (before?.dueAt !== after?.dueAt || before?.dueQueue !== after?.dueQueue) {
      if (before?.dueAt !== undefined) leaveGroup(this.#queues, before.dueQueue, before.dueAt, id);
      if (after?.dueAt !== undefined) joinGroup(this.#queues, after.dueQueue, after.dueAt, id);
    }
  }
}

/** Whether a document keeps its place in an index: most writes leave most indexes alone. */
function stays({ equals, orderBy }: DeclaredIndex, before: MemoryDocument, after: MemoryDocument): boolean {
  const keepsOrder = orderBy === DUE_AT ? before.dueAt === after.dueAt : before.data[orderBy] === after.data[orderBy];
  return keepsOrder && equals.every((name) => before.data[name] === after.data[name]);
}

function moveInIndex(
  { groups }: MemoryIndex,
  id: string,
  before: IndexKey | undefined,
  after: IndexKey | undefined,
): void {
  if (before !== undefined) leaveGroup(groups, joinKey(before.pinned), before.order, id);
  if (after !== undefined) joinGroup(groups, joinKey(after.pinned), after.order, id);
}

function joinGroup(groups: Map<string, OrderedIds>, key: string, order: number, id: string): void {
  let group = groups.get(key);
  if (group === undefined) {
    group = new OrderedIds();
    groups.set(key, group);
  }
  group.add(order, id);
}

function leaveGroup(groups: Map<string, OrderedIds>, key: string, order: number, id: string): void {
  const group = groups.get(key);
  if (group?.delete(order, id) && group.size === 0) groups.delete(key);
}

/** A claim that another document has taken since, in a swap or after expiry, stays with it. */
function moveClaim(
  { declared, holders }: MemoryUnique,
  id: string,
  before: MemoryDocument | undefined,
  after: MemoryDocument | undefined,
): void {
  const left = before && claimOf(declared, before);
  const taken = after && claimOf(declared, after);
  if (left !== undefined && left !== taken && holders.get(left) === id) holders.delete(left);
  if (taken !== undefined) holders.set(taken, id);
}

function claimOf(declared: DeclaredUnique, { data }: MemoryDocument): string | undefined {
  const values = uniqueKey(declared, data);
  return values && joinKey(values);
}
