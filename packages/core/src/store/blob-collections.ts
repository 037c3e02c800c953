import { z } from 'zod';
import { defineCollection } from './collection.ts';

const natural = z.number().int().nonnegative();

/** One document a blob, never changed. A small blob is its `bytes`; a large one has `chunks`. */
export const blobs = defineCollection({
  name: 'store_blobs',
  schema: z.strictObject({
    length: natural,
    /** Lower-case hex. */
    sha256: z.string(),
    /** 0 where the content is in this document. */
    chunks: natural,
  }),
  recordVersion: 1,
  freshIds: true,
});

/** The content of large blobs, each chunk the bytes of one document. */
export const blobChunks = defineCollection({
  name: 'store_blob_chunks',
  schema: z.strictObject({}),
  recordVersion: 1,
  freshIds: true,
});

/**
 * Blobs to be removed once due: those that are being written, until their owner's commit takes them off this list, and
 * those that were discarded.
 */
export const blobRemovals = defineCollection({
  name: 'store_blob_removals',
  schema: z.strictObject({}),
  recordVersion: 1,
});

/**
 * Names the document that holds a chunk.
 *
 * @param blobId the blob
 * @param index of the chunk, from 0
 * @returns its id
 */
export function chunkId(blobId: string, index: number): string {
  return `${blobId}/${index}`;
}
