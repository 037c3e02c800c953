export { ChanceryError, type ChanceryErrorOptions, type ErrorFacts } from '../errors/chancery-error.ts';
export type { ChanceryErrorCode, StorageErrorCode } from '../errors/codes.ts';
export { StorageError, type StorageErrorOptions } from '../errors/storage-error.ts';
export type { CertificateChange, CertificateSource, ServedCertificate } from './certificate-source.ts';
export type { CertificateStatusSource, IdentifiedCertificate } from './certificate-status.ts';
export type { Clock } from './clock.ts';
export type {
  AeadKey,
  CryptoProvider,
  DigestAlgorithm,
  KeyAlgorithm,
  KeyKind,
  MaybePromise,
  PrivateKey,
  PublicKey,
  ScryptCost,
  SignatureAlgorithm,
} from './crypto.ts';
export type { CertificateRequest, CertificateRequestResult, CertificateValidity, Issuer } from './issuer.ts';
export type { LogFields, Logger } from './logger.ts';
export type { MaintenanceTask } from './maintenance.ts';
export { type CursorScope, decodeCursor, encodeCursor, type IndexPosition } from './storage/cursor.ts';
export {
  type DeclaredCollection,
  type DeclaredIndex,
  type DeclaredUnique,
  DUE_AT,
  declareCollections,
  type MergedCollection,
  mergeCollection,
  requireIndex,
  undeclaredCollection,
} from './storage/definitions.ts';
export {
  assertIndexable,
  type Indexable,
  type IndexKey,
  indexKey,
  joinKey,
  uniqueKey,
} from './storage/index-keys.ts';
export { type NormalizedJson, normalizeJson } from './storage/json.ts';
export { STORAGE_LIMITS } from './storage/limits.ts';
export { assertStorageName, assertStorageOptions } from './storage/names.ts';
export {
  assertSweepLimit,
  type PreparedClaim,
  type PreparedCount,
  type PreparedQuery,
  type PreparedRange,
  prepareClaim,
  prepareCount,
  prepareQuery,
  prepareRefs,
} from './storage/queries.ts';
export { type SweepTaskOptions, sweepTask } from './storage/sweep-task.ts';
export { compareUtf8, storableLength } from './storage/text.ts';
export {
  decideThrottle,
  drainedLevel,
  type PreparedThrottle,
  prepareThrottle,
  type ThrottleMeter,
  type ThrottleVerdict,
} from './storage/throttle.ts';
export {
  type CollectionLookup,
  type PreparedCheck,
  type PreparedDelete,
  type PreparedPut,
  type PreparedWrite,
  prepareWrites,
} from './storage/writes.ts';
export type {
  CheckWrite,
  ClaimRequest,
  CollectionDefinition,
  CommitConflict,
  CommitResult,
  CountQuery,
  DeleteWrite,
  DocumentRef,
  IndexDefinition,
  IndexRange,
  JsonObject,
  JsonValue,
  Page,
  PutWrite,
  Query,
  ReadOptions,
  StorageBackend,
  StorageCapabilities,
  StorageHealth,
  StoredDocument,
  ThrottleDecision,
  ThrottleRequest,
  WatchListener,
  Write,
} from './storage.ts';
export { systemClock } from './system-clock.ts';
export { systemTimer } from './system-timer.ts';
export type { Timer } from './timer.ts';
