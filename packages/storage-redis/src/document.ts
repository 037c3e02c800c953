import { Buffer } from 'node:buffer';
import { type JsonObject, StorageError, type StoredDocument } from '@chancery/core/ports';
import { integerOf, listOf, optionalText, type Reply, textOf } from './reply.ts';

/** The fields of a document's hash that readers get, in the order of replies. */
export const DOCUMENT_FIELDS = ['version', 'data', 'expiresAt', 'dueAt', 'dueQueue', 'bytes'] as const;

/**
 * Reads a document from the values of `DOCUMENT_FIELDS`.
 *
 * @throws {StorageError} STORAGE_CORRUPT: what is stored is not what a commit writes
 */
export function documentOf(collection: string, id: string, reply: Reply): StoredDocument {
  const [version, data, expiresAt, dueAt, dueQueue, bytes] = listOf(reply);
  const queue = optionalText(dueQueue);
  return {
    collection,
    id,
    version: textOf(version),
    data: dataOf(collection, id, textOf(data)),
    ...(Buffer.isBuffer(bytes) && { bytes: plainBytes(bytes) }),
    ...(isThere(expiresAt) && { expiresAt: integerOf(expiresAt) }),
    ...(isThere(dueAt) && { dueAt: integerOf(dueAt) }),
    ...(queue !== undefined && { dueQueue: queue }),
  };
}

/**
 * Reads the data of a document.
 *
 * @throws {StorageError} STORAGE_CORRUPT: it is no JSON
 */
export function dataOf(collection: string, id: string, text: string): JsonObject {
  try {
    return JSON.parse(text) as JsonObject;
  } catch (cause) {
    throw new StorageError('STORAGE_CORRUPT', `the data of ${collection}/${id} is no JSON`, {
      facts: { collection, id },
      cause,
    });
  }
}

/** Copied: a slice of the client's buffer would keep the whole reply alive. */
function plainBytes(bytes: Buffer): Uint8Array {
  return new Uint8Array(bytes);
}

function isThere(reply: Reply): boolean {
  return reply !== null && reply !== undefined;
}
