import type {
  CollectionDefinition,
  CommitConflict,
  CommitResult,
  DocumentRef,
  IndexRange,
  PutWrite,
  StoredDocument,
  Write,
} from '../../ports/storage.ts';
import { asStored } from './test-bed.ts';

/**
 * The contract as a full scan over a list of documents: too slow to be an adapter and too simple to be wrong. The oracle
 * of the random tests; it shares no code with the rules that adapters share.
 */
export class StorageModel {
  readonly #definitions: readonly CollectionDefinition[];
  #documents: readonly StoredDocument[] = [];

  constructor(definitions: readonly CollectionDefinition[]) {
    this.#definitions = definitions;
  }

  get(refs: readonly DocumentRef[], now: number): (StoredDocument | undefined)[] {
    return refs.map((ref) => this.#live(now).find((document) => isAt(document, ref)));
  }

  /** All documents of a stretch, in ascending order, with their bytes. */
  select(range: IndexRange, now: number): StoredDocument[] {
    const index = this.#definition(range.collection).indexes?.[range.index];
    if (index === undefined) throw new Error(`The model has no index ${range.index}`);
    const order = (document: StoredDocument) =>
      index.orderBy === '$dueAt' ? document.dueAt : (document.data[index.orderBy] as number | undefined);
    return this.#live(now)
      .filter((document) => {
        const value = order(document);
        if (document.collection !== range.collection || value === undefined) return false;
        if (range.from !== undefined && value < range.from) return false;
        if (range.to !== undefined && value >= range.to) return false;
        return (index.equals ?? []).every((field) => document.data[field] === range.equals?.[field]);
      })
      .sort((left, right) => (order(left) as number) - (order(right) as number) || compareBytes(left.id, right.id));
  }

  commit(writes: readonly Write[], now: number): CommitResult {
    const conflict = this.#versionConflict(writes, now) ?? this.#uniqueConflict(writes, now);
    if (conflict !== undefined) return { committed: false, conflict };
    this.#documents = this.#after(writes);
    return { committed: true };
  }

  /** The ids that a claim gets, in order. */
  due(collection: string, queue: string, limit: number, now: number): string[] {
    return this.#live(now)
      .filter((document) => document.collection === collection && (document.dueQueue ?? '') === queue)
      .filter(({ dueAt }) => dueAt !== undefined && dueAt <= now)
      .sort((left, right) => (left.dueAt as number) - (right.dueAt as number) || compareBytes(left.id, right.id))
      .slice(0, limit)
      .map(({ id }) => id);
  }

  /** Takes over what a claim did, since the backend chooses the version. */
  lease(ref: DocumentRef, version: string, dueAt: number): StoredDocument | undefined {
    this.#documents = this.#documents.map((document) =>
      isAt(document, ref) ? { ...document, version, dueAt } : document,
    );
    return this.#documents.find((document) => isAt(document, ref));
  }

  /** Removes what has expired and says how many those were. */
  sweepAll(now: number): number {
    const before = this.#documents.length;
    this.#documents = this.#live(now);
    return before - this.#documents.length;
  }

  #live(now: number): StoredDocument[] {
    return this.#documents.filter(({ expiresAt }) => expiresAt === undefined || now < expiresAt);
  }

  #definition(name: string): CollectionDefinition {
    const definition = this.#definitions.find((candidate) => candidate.name === name);
    if (definition === undefined) throw new Error(`The model has no collection ${name}`);
    return definition;
  }

  #after(writes: readonly Write[]): StoredDocument[] {
    const puts = writes.filter((write): write is PutWrite => write.kind === 'put');
    const touched = writes.filter(({ kind }) => kind !== 'check');
    return [
      ...this.#documents.filter((document) => !touched.some((write) => isAt(document, write))),
      ...puts.map(asStored),
    ];
  }

  #versionConflict(writes: readonly Write[], now: number): CommitConflict | undefined {
    for (const [at, write] of writes.entries()) {
      if (write.ifVersion === undefined) continue;
      const actual = this.get([write], now)[0]?.version ?? null;
      if (actual !== write.ifVersion) return { write: at, reason: 'version', actual };
    }
    return undefined;
  }

  #uniqueConflict(writes: readonly Write[], now: number): CommitConflict | undefined {
    const final = this.#after(writes).filter(({ expiresAt }) => expiresAt === undefined || now < expiresAt);
    for (const [at, write] of writes.entries()) {
      const document = write.kind === 'put' ? final.find((candidate) => isAt(candidate, write)) : undefined;
      if (document === undefined) continue;
      const constraints = Object.entries(this.#definition(write.collection).unique ?? {});
      for (const [constraint, fields] of constraints.sort(([left], [right]) => (left < right ? -1 : 1))) {
        if (fields.some((field) => document.data[field] === undefined)) continue;
        const rival = final.find(
          (other) =>
            other !== document &&
            other.collection === document.collection &&
            fields.every((field) => other.data[field] === document.data[field]),
        );
        if (rival !== undefined) return { write: at, reason: 'unique', constraint };
      }
    }
    return undefined;
  }
}

function isAt(left: DocumentRef, right: DocumentRef): boolean {
  return left.collection === right.collection && left.id === right.id;
}

function compareBytes(left: string, right: string): number {
  const encoder = new TextEncoder();
  const [a, b] = [encoder.encode(left), encoder.encode(right)];
  const at = a.findIndex((byte, index) => byte !== b[index]);
  return at === -1 ? a.length - b.length : (a[at] as number) - (b[at] ?? -1);
}
