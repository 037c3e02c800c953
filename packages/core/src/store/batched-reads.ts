import { STORAGE_LIMITS } from '../ports/storage/limits.ts';
import type { Collection } from './collection.ts';
import type { Entry } from './entry.ts';

/** One document to be read. */
export interface ReadRef {
  readonly collection: Collection<object>;
  readonly id: string;
}

/** Where reads go. */
export interface ReadSource {
  get(collection: Collection<object>, id: string): Promise<Entry<object> | undefined>;
  getMany(refs: readonly ReadRef[]): Promise<readonly (Entry<object> | undefined)[]>;
}

/** Somebody who waits for a document. */
interface Reader extends ReadRef {
  readonly resolve: (entry: Entry<object> | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Sends reads that are asked for at once as one call of the storage, which gives them in one snapshot: where the storage is a server, several calls would be
 * several round trips.
 */
export class BatchedReads {
  readonly #source: ReadSource;
  #readers: Reader[] = [];

  constructor(source: ReadSource) {
    this.#source = source;
  }

  /**
   * Reads a document, together with all that is asked for in the same turn.
   *
   * @throws {StorageError} any of its codes: the storage failed, or one of the documents cannot be read
   */
  read(collection: Collection<object>, id: string): Promise<Entry<object> | undefined> {
    return new Promise((resolve, reject) => {
      this.#readers.push({ collection, id, resolve, reject });
      if (this.#readers.length === 1) queueMicrotask(() => this.#send());
    });
  }

  #send(): void {
    const readers = this.#readers;
    this.#readers = [];
    for (let from = 0; from < readers.length; from += STORAGE_LIMITS.getRefs) {
      void this.#answer(readers.slice(from, from + STORAGE_LIMITS.getRefs));
    }
  }

  async #answer(readers: readonly Reader[]): Promise<void> {
    try {
      const entries = await this.#entriesFor(readers);
      for (const [at, { resolve }] of readers.entries()) resolve(entries[at]);
    } catch (error) {
      for (const { reject } of readers) reject(error);
    }
  }

  async #entriesFor(readers: readonly Reader[]): Promise<readonly (Entry<object> | undefined)[]> {
    const [reader] = readers;
    if (reader !== undefined && readers.length === 1) return [await this.#source.get(reader.collection, reader.id)];
    return this.#source.getMany(readers);
  }
}
