import type { CheckWrite, DeleteWrite, PutWrite, Write } from '../ports/storage.ts';
import { BatchedReads, type ReadSource } from './batched-reads.ts';
import type { Collection } from './collection.ts';
import type { Entry } from './entry.ts';

/** What a put says besides the value. */
export interface PutOptions {
  /** The version that must be there; `null`: the document must be absent; left out: whatever is there. */
  readonly ifVersion?: string | null;
  /** At most 1 MiB. */
  readonly bytes?: Uint8Array;
  /** Epoch milliseconds. */
  readonly expiresAt?: number;
  /** Epoch milliseconds. */
  readonly dueAt?: number;
  /** Default `''`. */
  readonly dueQueue?: string;
}

/** What a delete says besides the id. */
export interface DeleteOptions {
  /** The version that must be there; left out: whatever is there, or nothing. */
  readonly ifVersion?: string;
}

/** What a transaction asks of its store. */
export interface TransactionStore extends ReadSource {
  put<T extends object>(collection: Collection<T>, id: string, value: T, options?: PutOptions): PutWrite;
  delete<T extends object>(collection: Collection<T>, id: string, options?: DeleteOptions): DeleteWrite;
  check<T extends object>(collection: Collection<T>, id: string, version: string): CheckWrite;
}

/**
 * One attempt at a transaction: it remembers what was read and gathers what is to be written.
 *
 * Every read guards the commit. A document that was read and is written must still be at the version that was read, or
 * still be absent; one that was only read is checked. Only an absence that is left alone is not guarded, since the
 * contract cannot assert it: insert a document where that matters.
 */
export class Transaction {
  readonly #store: TransactionStore;
  readonly #reader: BatchedReads;
  readonly #reads = new Map<string, { readonly collection: string; readonly entry: Entry<object> | undefined }>();
  readonly #writes = new Map<string, Write>();

  /** @param store where reads go, and what builds the writes */
  constructor(store: TransactionStore) {
    this.#store = store;
    this.#reader = new BatchedReads(store);
  }

  /**
   * Reads a document, once: the second time gives the same entry, or what this transaction has put since. Reads that are not awaited one by one are one call
   * of the storage.
   *
   * @returns the entry, or undefined where there is none
   * @throws {StorageError} any of its codes: the storage failed, or the document cannot be read
   */
  async get<T extends object>(collection: Collection<T>, id: string): Promise<Entry<T> | undefined> {
    const key = keyOf(collection.name, id);
    const write = this.#writes.get(key);
    if (write?.kind === 'put') return collection.decode(write);
    if (write?.kind === 'delete') return undefined;
    const read = this.#reads.get(key);
    if (read) return read.entry as Entry<T> | undefined;
    const entry = await this.#reader.read(collection, id);
    if (!this.#reads.has(key)) this.#reads.set(key, { collection: collection.name, entry });
    return this.#reads.get(key)?.entry as Entry<T> | undefined;
  }

  /**
   * Puts a document. Where it was read, or written before in this transaction, that is what it must still be.
   *
   * @throws {StorageError} STORAGE_INVALID: the value is not one of the collection's
   */
  put<T extends object>(collection: Collection<T>, id: string, value: T, options: PutOptions = {}): void {
    this.add(this.#store.put(collection, id, value, options));
  }

  /** Deletes a document. Where it was read, it must still be at that version; where it was read as absent, nothing is done. */
  delete<T extends object>(collection: Collection<T>, id: string, options: DeleteOptions = {}): void {
    this.add(this.#store.delete(collection, id, options));
  }

  /** Asserts that a document is at a version when the transaction commits. */
  check<T extends object>(collection: Collection<T>, id: string, version: string): void {
    this.add(this.#store.check(collection, id, version));
  }

  /** Adds a write that something else has built: an event, a blob. The rules of `put`, `delete` and `check` hold for it. */
  add(write: Write): void {
    const key = keyOf(write.collection, write.id);
    const earlier = this.#writes.get(key);
    const guard = earlier ? earlier.ifVersion : this.#readGuard(key);
    if (write.kind === 'check' && earlier && earlier.kind !== 'check') return;
    if (write.kind === 'delete' && guard === null) {
      // Nothing is there to delete; and what this transaction has inserted is not inserted after all.
      this.#writes.delete(key);
      return;
    }
    this.#writes.set(key, write.ifVersion === undefined && guard !== undefined ? guarded(write, guard) : write);
  }

  /**
   * Gives the commit that this transaction amounts to.
   *
   * @returns its writes, with a check for each document that was only read; none where nothing has to be asserted
   */
  writes(): Write[] {
    const writes = [...this.#writes.values()];
    const written = writes.length > 0;
    // One document alone was read at one instant: there is nothing for it to disagree with.
    if (!written && this.#reads.size <= 1) return [];
    for (const [key, { collection, entry }] of this.#reads) {
      if (entry && !this.#writes.has(key))
        writes.push({ kind: 'check', collection, id: entry.id, ifVersion: entry.version });
    }
    return writes;
  }

  #readGuard(key: string): string | null | undefined {
    const read = this.#reads.get(key);
    return read && (read.entry?.version ?? null);
  }
}

function keyOf(collection: string, id: string): string {
  return `${collection}/${id}`;
}

function guarded(write: PutWrite | DeleteWrite | CheckWrite, ifVersion: string | null): Write {
  return write.kind === 'put' ? { ...write, ifVersion } : { ...write, ifVersion: ifVersion as string };
}
