import { z } from 'zod';
import { StorageError } from '../errors/storage-error.ts';
import { storableLength } from '../ports/storage/text.ts';
import type { StoredDocument } from '../ports/storage.ts';
import type { Collection } from '../store/collection.ts';
import { type EventRecord, eventRecords } from './event-collections.ts';

// A document takes 256 KiB, and being chained adds some 200 bytes to it. No event that was checked comes near.
const MOST_BYTES = 250 * 1024;

/** A document of the outbox: an event, or what cannot be chained as one. */
export type OutboxDocument =
  | { readonly record: EventRecord }
  | { readonly malformed: StoredDocument; readonly reason: string };

/**
 * The collection of events, read so that a malformed document keeps nobody from the others. One that a later version of the SDK wrote is
 * not malformed: it is refused as ever, since whoever can read it is to chain it in its turn.
 */
export const outboxDocuments: Collection<OutboxDocument> = {
  ...eventRecords,
  schema: z.custom<OutboxDocument>(),
  encode() {
    throw new TypeError('Events are written through their own collection');
  },
  decode(document) {
    const { id, version } = document;
    return { id, version, value: judged(document) };
  },
};

function judged(document: StoredDocument): OutboxDocument {
  try {
    const { value: record } = eventRecords.decode(document);
    const size = storableLength(JSON.stringify(document.data)) ?? Number.POSITIVE_INFINITY;
    if (size <= MOST_BYTES) return { record };
    return { malformed: document, reason: `it takes more than ${MOST_BYTES} bytes as JSON` };
  } catch (error) {
    if (!(error instanceof StorageError) || error.code !== 'STORAGE_CORRUPT') throw error;
    return { malformed: document, reason: error.message };
  }
}
