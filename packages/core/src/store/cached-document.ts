import { concatBytes, fromUtf8, utf8 } from '../encoding/bytes.ts';
import type { DocumentRef, PutWrite, StoredDocument } from '../ports/storage.ts';

/** What a cached document carries beside its data. Its own `expiresAt` says how long the copy may be served. */
interface Header {
  readonly expiresAt?: number;
  readonly dueAt?: number;
  readonly dueQueue?: string;
  readonly hasBytes: boolean;
}

const LENGTH_BYTES = 4;

/**
 * Writes a copy of a document. It cannot be due in the cache, and it expires with its freshness, so that what the original
 * says of both goes into a header before its bytes.
 *
 * @param freshUntil - the instant from which the copy may not be served, by the cache's clock
 */
export function cacheWrite(document: StoredDocument, freshUntil: number): PutWrite {
  const { collection, id, version, data, bytes, expiresAt, dueAt, dueQueue } = document;
  const header: Header = {
    hasBytes: bytes !== undefined,
    ...(expiresAt !== undefined && { expiresAt }),
    ...(dueAt !== undefined && { dueAt }),
    ...(dueQueue !== undefined && { dueQueue }),
  };
  const text = utf8(JSON.stringify(header));
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, text.length);
  return {
    kind: 'put',
    collection,
    id,
    version,
    data,
    bytes: concatBytes([length, text, bytes ?? new Uint8Array()]),
    expiresAt: Math.min(freshUntil, expiresAt ?? freshUntil),
  };
}

/** Reads a copy back; `undefined` for what is none. */
export function cachedDocument({ collection, id }: DocumentRef, copy: StoredDocument): StoredDocument | undefined {
  const { version, data, bytes } = copy;
  if (bytes === undefined || bytes.length < LENGTH_BYTES) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0);
  if (bytes.length < LENGTH_BYTES + length) return undefined;
  const { hasBytes, ...rest } = JSON.parse(fromUtf8(bytes.subarray(LENGTH_BYTES, LENGTH_BYTES + length))) as Header;
  return { collection, id, version, data, ...(hasBytes && { bytes: bytes.slice(LENGTH_BYTES + length) }), ...rest };
}
