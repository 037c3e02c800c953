import { ConflictError, NotFoundError } from '../../errors/families.ts';
import { type RecordCard, type RecordState, stateOf } from './record.ts';

/** Makes the error for a record that is not there. It names the record by the id of its document, where there can be one. */
export function recordNotFound(documentId: string | undefined, state?: RecordState): NotFoundError {
  if (documentId === undefined) return new NotFoundError('RECORD_NOT_FOUND', 'The owner has no such record');
  const reason = state === undefined ? 'does not exist' : `is ${state}`;
  return new NotFoundError('RECORD_NOT_FOUND', `The record '${documentId}' ${reason}`, {
    facts: { record: documentId, ...(state === undefined ? {} : { state }) },
  });
}

/** Makes the error for a record that is at another version than the caller said. */
export function versionConflict(documentId: string, expected: number | null, actual: number | null): ConflictError {
  const is = actual === null ? 'absent' : `at version ${actual}`;
  const wanted = expected === null ? 'absent' : `at version ${expected}`;
  return new ConflictError('RECORD_VERSION_CONFLICT', `The record '${documentId}' is ${is}, not ${wanted}`, {
    facts: { record: documentId, expected, actual },
  });
}

/** Makes the error for a record that is at an earlier version than the caller has seen. */
export function rolledBack(documentId: string, expected: number, actual: number): ConflictError {
  return new ConflictError(
    'RECORD_ROLLED_BACK',
    `The record '${documentId}' is at version ${actual}, although version ${expected} was stored: an old state was put back`,
    { facts: { record: documentId, expected, actual } },
  );
}

/** Makes the error for a record whose reads are used up. */
export function readsSpent(documentId: string, maxReads: number): ConflictError {
  return new ConflictError(
    'RECORD_READS_SPENT',
    `The record '${documentId}' was read ${maxReads} times, and may not be again`,
    {
      facts: { record: documentId, maxReads },
    },
  );
}

/** Makes the error for an owner who was erased while one of their records was being stored. */
export function ownerErased(): ConflictError {
  return new ConflictError(
    'VAULT_OWNER_ERASED',
    'The owner was erased while the record was being stored; nothing was stored',
  );
}

/** Makes the error for a record that is to be brought back, and is there. */
export function notDeleted(documentId: string): ConflictError {
  return new ConflictError('RECORD_NOT_DELETED', `The record '${documentId}' is not deleted`, {
    facts: { record: documentId },
  });
}

/**
 * Refuses a record that is not there to be read.
 *
 * @param now epoch milliseconds
 * @throws {NotFoundError} RECORD_NOT_FOUND: it is deleted or expired
 * @throws {ConflictError} RECORD_READS_SPENT
 */
export function requireLive(documentId: string, card: RecordCard, now: number): void {
  const state = stateOf(card, now);
  if (state === 'spent') throw readsSpent(documentId, card.maxReads ?? 0);
  if (state !== 'live') throw recordNotFound(documentId, state);
}
