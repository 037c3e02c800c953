import { Buffer } from 'node:buffer';
import type { JsonObject, StoredDocument } from '@chancery/core/ports';
import type { SqlRow } from './driver.ts';

/** What makes a document, without its bytes. `t` is the table. */
export const COLUMNS = 't.id, t.version, t.data, t.expires_at, t.due_at, t.due_queue';

/** The instant of a statement that reads: the server's, or the parameter that stands in for it. */
export function readInstant(parameter: string): string {
  return `coalesce(${parameter}::bigint, floor(extract(epoch FROM statement_timestamp()) * 1000)::bigint)`;
}

/** The instant of a statement that writes, which may have waited for others. */
export function writeInstant(parameter: string): string {
  return `coalesce(${parameter}::bigint, floor(extract(epoch FROM clock_timestamp()) * 1000)::bigint)`;
}

/** Makes a document of a row with COLUMNS, and `bytes` if it was asked for. */
export function storedDocument(collection: string, row: SqlRow): StoredDocument {
  const { bytes, expires_at, due_at, due_queue } = row;
  return {
    collection,
    id: row.id as string,
    version: row.version as string,
    data: JSON.parse(row.data as string) as JsonObject,
    ...(bytes != null && { bytes: fromByteaText(bytes) }),
    ...(expires_at != null && { expiresAt: Number(expires_at) }),
    ...(due_at != null && { dueAt: Number(due_at) }),
    ...(due_queue !== '' && { dueQueue: due_queue as string }),
  };
}

/** Reads bytea in its hex form, `\x` and digits. */
function fromByteaText(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text.slice(2), 'hex'));
}
