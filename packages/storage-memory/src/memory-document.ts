import type { JsonObject, PreparedPut, StoredDocument } from '@chancery/core/ports';

/** A document as it lies in memory. It is replaced, never changed; its data is frozen, its bytes are never handed out. */
export interface MemoryDocument {
  readonly id: string;
  readonly version: string;
  readonly data: JsonObject;
  readonly dataSize: number;
  readonly bytes: Uint8Array | undefined;
  readonly expiresAt: number | undefined;
  readonly dueAt: number | undefined;
  readonly dueQueue: string;
}

export function documentOf(put: PreparedPut): MemoryDocument {
  const { id, version, data, dataSize, bytes, expiresAt, dueAt, dueQueue } = put;
  return { id, version, data, dataSize, bytes, expiresAt, dueAt, dueQueue };
}

/** Whether the document is there at an instant: from `expiresAt` on it is not. */
export function isLive({ expiresAt }: Pick<MemoryDocument, 'expiresAt'>, now: number): boolean {
  return expiresAt === undefined || expiresAt > now;
}

/** The document as a reader gets it. */
export function storedDocument(collection: string, document: MemoryDocument, withBytes: boolean): StoredDocument {
  const { id, version, data, bytes, expiresAt, dueAt, dueQueue } = document;
  return {
    collection,
    id,
    version,
    data,
    ...(withBytes && bytes !== undefined && { bytes: new Uint8Array(bytes) }),
    ...(expiresAt !== undefined && { expiresAt }),
    ...(dueAt !== undefined && { dueAt }),
    ...(dueQueue !== '' && { dueQueue }),
  };
}
