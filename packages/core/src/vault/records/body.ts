import { concatBytes } from '../../encoding/bytes.ts';
import { StorageError } from '../../errors/storage-error.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry, Store } from '../../store/store.ts';
import { recordChunks, records } from '../collections.ts';
import { RECORD_HEAD_LENGTH } from '../format/envelope.ts';
import { type RecordSource, SPAN_LENGTH } from '../format/record-source.ts';
import type { RecordValue } from './record.ts';
import { recordNotFound } from './record-errors.ts';

/** What a chunk document holds, in bytes: what readers of the format ask for at once, so that no chunk lies in two documents. */
export const BODY_CHUNK_LENGTH = SPAN_LENGTH;

/** Names the document that holds a chunk of a body. */
export function bodyChunkId(body: string, index: number): string {
  return `${body}/${index}`;
}

/**
 * A stored record as the format reads it: its head from the record's own document, the rest from the chunk documents that a read
 * touches. The document that was read last is kept, since readers go through it chunk by chunk.
 *
 * @throws {StorageError} STORAGE_CORRUPT: on reading, a chunk document is missing or too short
 * @throws {NotFoundError} RECORD_NOT_FOUND: on reading, the record was deleted or replaced, and its chunks are gone
 */
export function storedBody(store: Store, entry: Entry<RecordValue>): RecordSource {
  const { value, bytes: own = new Uint8Array() } = entry;
  const { body, sealedLength } = value;
  if (body === undefined) {
    return { length: sealedLength, read: (offset, length) => part(entry, own, offset, length) };
  }
  let held: { readonly index: number; readonly bytes: Uint8Array } | undefined;
  const chunk = async (index: number): Promise<Uint8Array> => {
    if (held?.index === index) return held.bytes;
    const found = await store.get(recordChunks, bodyChunkId(body.id, index));
    if (found?.bytes === undefined) throw await missing(store, entry, index);
    held = { index, bytes: found.bytes };
    return found.bytes;
  };
  const headPart = (at: number, wanted: number): Uint8Array =>
    part(entry, own, at, Math.min(wanted, RECORD_HEAD_LENGTH - at));
  const bodyPart = async (at: number, wanted: number): Promise<Uint8Array> => {
    const start = at % BODY_CHUNK_LENGTH;
    const bytes = await chunk((at - start) / BODY_CHUNK_LENGTH);
    return part(entry, bytes, start, Math.min(wanted, BODY_CHUNK_LENGTH - start));
  };
  return {
    length: sealedLength,
    async read(offset, length, { signal }: Abortable = {}) {
      const pieces: Uint8Array[] = [];
      for (let at = offset; at < offset + length; ) {
        throwIfAborted(signal);
        const wanted = offset + length - at;
        const piece = at < RECORD_HEAD_LENGTH ? headPart(at, wanted) : await bodyPart(at - RECORD_HEAD_LENGTH, wanted);
        pieces.push(piece);
        at += piece.length;
      }
      const [only = new Uint8Array()] = pieces;
      return pieces.length > 1 ? concatBytes(pieces) : only;
    },
  };
}

function part({ id }: Entry<RecordValue>, bytes: Uint8Array, offset: number, length: number): Uint8Array {
  if (bytes.length >= offset + length) return bytes.subarray(offset, offset + length);
  throw new StorageError('STORAGE_CORRUPT', `Record '${id}' is damaged: ${bytes.length} bytes are left of a document`, {
    facts: { record: id },
  });
}

async function missing(store: Store, { id, value }: Entry<RecordValue>, index: number): Promise<Error> {
  const present = await store.get(records, id);
  if (present?.value.body?.id !== value.body?.id) return recordNotFound(id);
  return new StorageError('STORAGE_CORRUPT', `Record '${id}' is damaged: chunk document ${index} is missing`, {
    facts: { record: id, chunk: index },
  });
}
