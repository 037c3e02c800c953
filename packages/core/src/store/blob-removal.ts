import { blobChunks, blobRemovals, blobs, chunkId } from './blob-collections.ts';
import type { Store } from './store.ts';

const CHUNKS_A_COMMIT = 200;

/**
 * Removes a blob: its chunks first, and the document that counts them last, so that a crash in between leaves a removal
 * that starts over.
 *
 * A claim has moved the version that the owner's commit needs, so that nobody can take the blob back; and two workers
 * who remove the same blob do each other no harm. So no write here has a condition.
 *
 * @param store where the blob is
 * @param id of a blob whose removal was claimed
 * @throws {StorageError} any of its codes: the storage failed; the removal comes due again
 */
export async function removeBlob(store: Store, id: string): Promise<void> {
  const blob = await store.get(blobs, id);
  const chunks = blob?.value.chunks ?? 0;
  for (let first = 0; first < chunks; first += CHUNKS_A_COMMIT) {
    const count = Math.min(CHUNKS_A_COMMIT, chunks - first);
    await store.commit(Array.from({ length: count }, (_, at) => store.delete(blobChunks, chunkId(id, first + at))));
  }
  await store.commit([store.delete(blobs, id), store.delete(blobRemovals, id)]);
}
