/**
 * Every code that the SDK throws on purpose, grouped by the class that carries it. A closed union: a `switch` over
 * `error.code` is checked by the compiler, and a code once published keeps its meaning.
 */
export const INVALID_INPUT_CODES = [
  'INVALID_ARGUMENT',
  'HEX_INVALID',
  'BASE64_INVALID',
  'PEM_INVALID',
  'DER_INVALID',
  'DER_TOO_LARGE',
  'DER_TOO_DEEP',
  'NAME_INVALID',
  'GENERAL_NAME_INVALID',
  'EXTENSION_INVALID',
  'CERTIFICATE_INVALID',
  'CSR_INVALID',
  'CSR_SIGNATURE_INVALID',
  'CRL_INVALID',
  'OCSP_INVALID',
  'PKCS12_INVALID',
  'PKCS7_INVALID',
  'KEY_INVALID',
  'KEY_UNSUPPORTED',
  'SIGNATURE_ALGORITHM_UNSUPPORTED',
  'PASSPHRASE_TOO_SHORT',
  'ROOT_FILE_INVALID',
  'ROOT_CRL_INVALID',
  'INTERMEDIATE_INVALID',
  'EVENT_INVALID',
  'CHECKPOINT_INVALID',
  'VERIFIER_KEY_INVALID',
  'VAULT_KEY_INVALID',
  'RANGE_NOT_SATISFIABLE',
  'PASSWORD_REFUSED',
  'PASSWORD_HASH_INVALID',
  'WEBHOOK_ADDRESS_REFUSED',
  'ISSUER_UNKNOWN',
  'CHAIN_INVALID',
] as const;

export const NOT_FOUND_CODES = [
  'CERTIFICATE_NOT_FOUND',
  'CERTIFICATE_NAME_NOT_FOUND',
  'INTERMEDIATE_NOT_FOUND',
  'INTERMEDIATE_REQUEST_NOT_FOUND',
  'BLOB_NOT_FOUND',
  'ACCOUNT_NOT_FOUND',
  'SECOND_FACTOR_NOT_FOUND',
  'PASSKEY_NOT_FOUND',
  'SINK_NOT_FOUND',
  'DEAD_LETTER_NOT_FOUND',
  'SET_ASIDE_NOT_FOUND',
  'RECORD_NOT_FOUND',
  'VAULT_OWNER_NOT_FOUND',
  'ERASURE_NOT_FOUND',
  'WRAP_NOT_FOUND',
] as const;

export const CONFLICT_CODES = [
  'COMMIT_CONFLICT',
  'UNIQUE_CONFLICT',
  'AUTHORITY_EXISTS',
  'AUTHORITY_NOT_READY',
  'INTERMEDIATE_AMBIGUOUS',
  'INTERMEDIATE_ALREADY_INSTALLED',
  'ALREADY_REVOKED',
  'NOT_ON_HOLD',
  'REQUEST_ID_REUSED',
  'ROOT_CRL_OLDER',
  'EVENTS_STORAGE_MISMATCH',
  'EVENTS_KEYRING_MISSING',
  'STORE_COLLECTION_CONFLICT',
  'LOGIN_TAKEN',
  'SESSION_LIMIT',
  'ACCOUNT_CHANGED',
  'PASSKEY_EXISTS',
  'PASSKEY_LIMIT',
  'SINK_NAME_TAKEN',
  'RECORD_VERSION_CONFLICT',
  'RECORD_ROLLED_BACK',
  'RECORD_READS_SPENT',
  'RECORD_NOT_DELETED',
  'VAULT_OWNER_ERASED',
  'WRAP_ALREADY_UNWRAPPED',
  'NAME_TAKEN',
  'CERTIFICATE_NAME_TAKEN',
  'CERTIFICATE_EXISTS',
  'CERTIFICATE_CHANGED',
  'CERTIFICATE_REVOKED',
  'CERTIFICATE_NOT_ISSUED',
  'CERTIFICATE_NOT_RENEWABLE',
  'CSR_REQUIRED',
  'REVOCATION_UNSUPPORTED',
  'PRIVATE_KEY_NOT_HELD',
] as const;

export const POLICY_CODES = ['ISSUANCE_REFUSED'] as const;

/** Codes of `AuthenticationError`: who asks is not proved. */
export const AUTHENTICATION_CODES = [
  'CREDENTIALS_INVALID',
  'SECOND_FACTOR_REQUIRED',
  'SECOND_FACTOR_INVALID',
  'PASSKEY_INVALID',
  'TOKEN_INVALID',
  'TOKEN_EXPIRED',
  'TOKEN_REVOKED',
  'REFRESH_TOKEN_REUSED',
  'BINDING_REQUIRED',
  'PROOF_REQUIRED',
  'PROOF_INVALID',
  'PROOF_REPLAYED',
  'PROOF_NONCE_REQUIRED',
] as const;

/** Codes of `PermissionError`: who asks is known, and may not. */
export const PERMISSION_CODES = ['PERMISSION_DENIED', 'NAME_NOT_PERMITTED'] as const;

/** Codes of `RateLimitError`: later, and `retryAfterMs` says when. */
export const RATE_LIMIT_CODES = ['RATE_LIMITED', 'OVERLOADED'] as const;

/** Codes of `PathValidationError`: why a certification path is not valid. */
export const PATH_CODES = [
  'PATH_CERTIFICATE_MALFORMED',
  'PATH_NOT_FOUND',
  'PATH_BUDGET_EXCEEDED',
  'PATH_SIGNATURE_INVALID',
  'PATH_ALGORITHM_REFUSED',
  'PATH_KEY_REFUSED',
  'PATH_NOT_YET_VALID',
  'PATH_EXPIRED',
  'PATH_FORM_VIOLATION',
  'PATH_EXTENSION_UNKNOWN',
  'PATH_NOT_A_CA',
  'PATH_TOO_LONG',
  'PATH_KEY_USAGE',
  'PATH_EXTENDED_KEY_USAGE',
  'PATH_NAME_CONSTRAINTS',
  'PATH_POLICY',
  'PATH_NAME_MISMATCH',
  'PATH_REVOKED',
  'PATH_REVOCATION_UNKNOWN',
] as const;

export const STORAGE_CODES = [
  'STORAGE_UNAVAILABLE',
  'STORAGE_CLOSED',
  'STORAGE_INVALID',
  'STORAGE_TOO_LARGE',
  'STORAGE_UNDECLARED',
  'STORAGE_SCHEMA_NEWER',
  'STORAGE_SCHEMA_STALE',
  'STORAGE_UNSAFE_CONFIG',
  'STORAGE_CORRUPT',
  'STORAGE_OUTCOME_UNKNOWN',
  'STORAGE_ABORTED',
] as const;

export const SEAL_CODES = [
  'SEAL_OPEN_FAILED',
  'SEAL_INVALID',
  'SEAL_TRUNCATED',
  'SEAL_KEY_UNKNOWN',
  'KEYRING_MISMATCH',
  'ROOT_PASSPHRASE_WRONG',
  'PKCS12_PASSWORD_WRONG',
] as const;

/** Codes of `AcmeError`: an ACME server, or what it asks for, stands in the way. */
export const ACME_CODES = [
  'ACME_UNAVAILABLE',
  'ACME_PROTOCOL',
  'ACME_UNSUPPORTED',
  'ACME_REFUSED',
  'ACME_RATE_LIMITED',
  'ACME_EXTERNAL_ACCOUNT_REQUIRED',
  'ACME_NO_SOLVER',
  'ACME_SOLVER_FAILED',
  'ACME_CHALLENGE_FAILED',
  'ACME_ORDER_FAILED',
  'ACME_CERTIFICATE_UNFIT',
] as const;

/** Codes of `ChanceryError` itself: the host, rather than a value, is at fault. */
export const GENERAL_CODES = [
  'CRYPTO_UNSUPPORTED',
  'ABORTED',
  'ISSUER_ANSWER_REFUSED',
  'PROCESSOR_FAILED',
  'PACKAGE_MISSING',
] as const;

/** The codes of `InvalidInputError`. */
export type InvalidInputCode = (typeof INVALID_INPUT_CODES)[number];
/** The codes of `NotFoundError`. */
export type NotFoundCode = (typeof NOT_FOUND_CODES)[number];
/** The codes of `ConflictError`. */
export type ConflictCode = (typeof CONFLICT_CODES)[number];
/** The codes of `PolicyError`. */
export type PolicyCode = (typeof POLICY_CODES)[number];
/** The codes of `AuthenticationError`. */
export type AuthenticationCode = (typeof AUTHENTICATION_CODES)[number];
/** The codes of `PermissionError`. */
export type PermissionCode = (typeof PERMISSION_CODES)[number];
/** The codes of `RateLimitError`. */
export type RateLimitCode = (typeof RATE_LIMIT_CODES)[number];
/** The codes of `PathValidationError`. */
export type PathValidationCode = (typeof PATH_CODES)[number];
/** The codes of `StorageError`. */
export type StorageErrorCode = (typeof STORAGE_CODES)[number];
/** The codes of `SealError`. */
export type SealCode = (typeof SEAL_CODES)[number];
/** The codes of `AcmeError`. */
export type AcmeCode = (typeof ACME_CODES)[number];
/** The codes of errors that belong to no family. */
export type GeneralCode = (typeof GENERAL_CODES)[number];

/** Every code there is. */
export type ChanceryErrorCode =
  | InvalidInputCode
  | NotFoundCode
  | ConflictCode
  | PolicyCode
  | AuthenticationCode
  | PermissionCode
  | RateLimitCode
  | PathValidationCode
  | StorageErrorCode
  | SealCode
  | AcmeCode
  | GeneralCode;
