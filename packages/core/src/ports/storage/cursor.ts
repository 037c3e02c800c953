import { StorageError } from '../../errors/storage-error.ts';
import { storableLength } from './text.ts';

/** The place behind the last document of a page. */
export interface IndexPosition {
  readonly order: number;
  readonly id: string;
}

/** What a cursor belongs to; with any other query it is refused. */
export interface CursorScope {
  readonly collection: string;
  readonly index: string;
  readonly pinned: readonly string[];
  readonly direction: 'ascending' | 'descending';
}

/**
 * Writes a cursor as text that fits into a URL. It names the last document seen, so that paging goes on wherever that document
 * has gone since.
 */
export function encodeCursor(scope: CursorScope, position: IndexPosition): string {
  return `${fingerprint(scope)}.${position.order}.${encodeURIComponent(position.id)}`;
}

/**
 * Reads a cursor back.
 *
 * @throws {StorageError} STORAGE_INVALID: it is malformed, or of another query
 */
export function decodeCursor(scope: CursorScope, cursor: unknown): IndexPosition {
  if (typeof cursor !== 'string' || cursor.length > MAX_CURSOR) throw invalid(scope, 'malformed');
  const [, mark, order, id] = CURSOR.exec(cursor) ?? [];
  if (mark === undefined || order === undefined || id === undefined) throw invalid(scope, 'malformed');
  if (mark !== fingerprint(scope)) throw invalid(scope, 'of another query');
  const position = { order: Number(order), id: decodeText(id) ?? '' };
  // One position has one text: this refuses leading zeros, other escapes and broken Unicode alike.
  if (encodeCursor(scope, position) !== cursor) throw invalid(scope, 'malformed');
  return position;
}

const CURSOR = /^([0-9a-z]{1,7})\.(-?[0-9]{1,16})\.(.+)$/;
// An id has at most 400 bytes, each of which may take three characters.
const MAX_CURSOR = 1300;

function decodeText(text: string): string | undefined {
  try {
    const decoded = decodeURIComponent(text);
    return storableLength(decoded) === undefined ? undefined : decoded;
  } catch {
    return undefined;
  }
}

/** FNV-1a over the scope: it catches a mistake; a forged cursor can only move within the caller's own query. */
function fingerprint(scope: CursorScope): string {
  let hash = 0x811c9dc5;
  const text = [scope.collection, scope.index, scope.direction, ...scope.pinned].join('\0');
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0).toString(36);
}

function invalid(scope: CursorScope, fault: string): StorageError {
  const message = `the cursor is ${fault} (collection "${scope.collection}", index "${scope.index}")`;
  return new StorageError('STORAGE_INVALID', message, { facts: { collection: scope.collection, index: scope.index } });
}
