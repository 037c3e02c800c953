import { uuidv7 } from '../crypto/random-id.ts';
import { concatBytes } from '../encoding/bytes.ts';
import { toHex } from '../encoding/hex.ts';
import { ConflictError, NotFoundError } from '../errors/families.ts';
import { StorageError } from '../errors/storage-error.ts';
import type { MaintenanceTask } from '../ports/maintenance.ts';
import type { Write } from '../ports/storage.ts';
import { blobChunks, blobRemovals, blobs, chunkId } from './blob-collections.ts';
import { removeBlob } from './blob-removal.ts';
import type { Entry } from './entry.ts';
import type { Store } from './store.ts';

const CHUNK_LENGTH = 1024 * 1024;
// Under the contract's 4 MiB a commit, with room for what goes along.
const CHUNKS_A_COMMIT = 3;
const CHUNKS_A_READ = 4;
// Small enough to leave the owner's commit most of its 4 MiB.
const INLINE_LENGTH = 256 * 1024;
const HOUR_MS = 3_600_000;
const LEASE_MS = 60_000;

/** The collections that `Blobs` works with: list them in its store. */
export const blobCollections = [blobs, blobChunks, blobRemovals] as const;

/** A blob that is written, but belongs to nobody until its owner's commit holds `commitWith`. */
export interface WrittenBlob {
  readonly id: string;
  /** Put these into the commit of the document that refers to `id`, within the hour. */
  readonly commitWith: readonly Write[];
}

/**
 * Values too large for a document, such as a CRL of a million entries.
 *
 * A large blob is written in chunks, ahead of the commit that refers to it, and is on the list of removals until that
 * commit takes it off. So a crash at any step leaves no reference to a missing chunk, and the maintenance removes what no
 * commit came for: whichever of the two is first moves the version that the other needs.
 */
export class Blobs {
  readonly #store: Store;

  /** @param store with `blobCollections` among its collections */
  constructor(store: Store) {
    this.#store = store;
  }

  /**
   * Writes a blob.
   *
   * @param bytes the content; not changed until the promise settles
   * @returns its id, and what the owner's commit must hold
   * @throws {ConflictError} COMMIT_CONFLICT: writing took more than an hour, and the maintenance removed it meanwhile
   * @throws {StorageError} any of its codes: the storage failed; what was written is removed within the hour
   */
  async write(bytes: Uint8Array): Promise<WrittenBlob> {
    const { crypto, clock } = this.#store;
    const id = uuidv7(clock, crypto);
    const sha256 = toHex(await crypto.digest('SHA-256', bytes));
    const inline = bytes.length <= INLINE_LENGTH;
    const chunks = inline ? 0 : Math.ceil(bytes.length / CHUNK_LENGTH);
    const blob = { length: bytes.length, sha256, chunks };
    if (inline) {
      // An empty value is spelled by its length alone: not every backend tells empty bytes from none.
      const content = bytes.length > 0 ? { bytes: Uint8Array.from(bytes) } : {};
      return { id, commitWith: [this.#store.put(blobs, id, blob, { ifVersion: null, ...content })] };
    }
    const removal = this.#store.put(blobRemovals, id, {}, { ifVersion: null, dueAt: clock.now() + HOUR_MS });
    await this.#commit(id, [this.#store.put(blobs, id, blob, { ifVersion: null }), removal]);
    for (let first = 0; first < chunks; first += CHUNKS_A_COMMIT) {
      const writes: Write[] = [this.#store.check(blobRemovals, id, removal.version)];
      for (let index = first; index < Math.min(first + CHUNKS_A_COMMIT, chunks); index++) {
        const content = bytes.subarray(index * CHUNK_LENGTH, (index + 1) * CHUNK_LENGTH);
        writes.push(this.#store.put(blobChunks, chunkId(id, index), {}, { ifVersion: null, bytes: content }));
      }
      await this.#commit(id, writes);
    }
    return { id, commitWith: [this.#store.delete(blobRemovals, id, { ifVersion: removal.version })] };
  }

  /**
   * Reads a blob, and checks its length and digest.
   *
   * @param id of a blob whose owner refers to it, or did within the last hour
   * @returns the content
   * @throws {NotFoundError} BLOB_NOT_FOUND: there is none, or it was discarded and is gone
   * @throws {StorageError} STORAGE_CORRUPT: a chunk is missing or the content is not what was written
   * @throws {StorageError} any other of its codes: the storage failed
   */
  async read(id: string): Promise<Uint8Array> {
    const entry = await this.#store.get(blobs, id);
    if (!entry) throw notFound(id);
    const content = await this.#content(entry);
    const { length, sha256 } = entry.value;
    if (content.length !== length) throw corrupt(id, `it has ${content.length} bytes, not ${length}`);
    if (toHex(await this.#store.crypto.digest('SHA-256', content)) !== sha256)
      throw corrupt(id, 'its SHA-256 digest differs');
    return content;
  }

  /**
   * Builds the write that discards a blob. Put it into the commit that drops the reference.
   *
   * It can still be read for an hour, by those who have read the reference before.
   *
   * @param id the blob
   * @returns the write
   */
  discard(id: string): Write {
    return this.#store.put(blobRemovals, id, {}, { dueAt: this.#store.clock.now() + HOUR_MS });
  }

  /**
   * Offers the chore of removing what was discarded, and what was half written.
   *
   * @returns one task, `store:blobs` and the namespace
   */
  maintenance(): MaintenanceTask[] {
    return [
      {
        name: `store:blobs:${this.#store.namespace}`,
        run: async ({ limit, signal }) => {
          const due = await this.#store.claim(blobRemovals, { limit, leaseMs: LEASE_MS });
          for (const { id } of due) {
            if (signal?.aborted) break;
            await removeBlob(this.#store, id);
          }
          const more = due.length === limit;
          return { more, nextDueAt: this.#store.clock.now() + (more ? 0 : HOUR_MS) };
        },
      },
    ];
  }

  async #content({ id, value, bytes }: Entry<{ readonly chunks: number }>): Promise<Uint8Array> {
    if (value.chunks === 0) return bytes ?? new Uint8Array();
    const parts: Uint8Array[] = [];
    for (let first = 0; first < value.chunks; first += CHUNKS_A_READ) {
      const count = Math.min(CHUNKS_A_READ, value.chunks - first);
      const refs = Array.from({ length: count }, (_, at) => ({ collection: blobChunks, id: chunkId(id, first + at) }));
      for (const [at, chunk] of (await this.#store.getMany(refs)).entries()) {
        if (!chunk?.bytes) throw await this.#missing(id, first + at);
        parts.push(chunk.bytes);
      }
    }
    return concatBytes(parts);
  }

  // A chunk may go while others are read, if the blob was discarded an hour ago.
  async #missing(id: string, index: number): Promise<NotFoundError | StorageError> {
    const [blob, removal] = await this.#store.getMany([
      { collection: blobs, id },
      { collection: blobRemovals, id },
    ]);
    return blob && !removal ? corrupt(id, `chunk ${index} is missing`) : notFound(id);
  }

  async #commit(id: string, writes: readonly Write[]): Promise<void> {
    const result = await this.#store.commit(writes);
    if (!result.committed) {
      throw new ConflictError('COMMIT_CONFLICT', `Blob '${id}' was removed while it was being written`, {
        facts: { blob: id },
      });
    }
  }
}

function notFound(id: string): NotFoundError {
  return new NotFoundError('BLOB_NOT_FOUND', `There is no blob '${id}'`, { facts: { blob: id } });
}

function corrupt(id: string, problem: string): StorageError {
  return new StorageError('STORAGE_CORRUPT', `Blob '${id}' is damaged: ${problem}`, { facts: { blob: id } });
}
