import {
  AcmeError,
  AuthenticationError,
  ChanceryError,
  type ChanceryErrorCode,
  ConflictError,
  InvalidInputError,
  NotFoundError,
  PathValidationError,
  PermissionError,
  PolicyError,
  RateLimitError,
  StorageError,
} from '@chancery/core';

/** The status of each family of errors. What is not listed is a failure of ours, not of the request. */
const BY_FAMILY = [
  [InvalidInputError, 400],
  [AuthenticationError, 401],
  [PermissionError, 403],
  [NotFoundError, 404],
  [ConflictError, 409],
  [PolicyError, 422],
  [PathValidationError, 422],
  [RateLimitError, 429],
  [AcmeError, 502],
] as const;

/** Codes that say more than their family does. */
const BY_CODE: Partial<Record<ChanceryErrorCode, number>> = {
  RANGE_NOT_SATISFIABLE: 416,
  RECORD_READS_SPENT: 410,
  ISSUER_ANSWER_REFUSED: 502,
  // The host has to do something before any request of this kind can succeed.
  AUTHORITY_NOT_READY: 503,
  EVENTS_KEYRING_MISSING: 500,
  EVENTS_STORAGE_MISMATCH: 500,
  STORE_COLLECTION_CONFLICT: 500,
  // Sent again, it may well succeed.
  COMMIT_CONFLICT: 503,
  OVERLOADED: 503,
  ABORTED: 503,
  STORAGE_ABORTED: 503,
  STORAGE_UNAVAILABLE: 503,
  STORAGE_CLOSED: 503,
  STORAGE_OUTCOME_UNKNOWN: 503,
};

/** The status that tells of an error; 500 for whatever was not thrown on purpose. */
export function statusOf(error: unknown): number {
  if (!(error instanceof ChanceryError)) return 500;
  const byCode = BY_CODE[error.code];
  if (byCode !== undefined) return byCode;
  if (error instanceof StorageError) return error.retryable ? 503 : 500;
  return BY_FAMILY.find(([family]) => error instanceof family)?.[1] ?? 500;
}
