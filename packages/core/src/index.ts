export type { BootstrapOptions, BootstrapResult } from './authority/bootstrap.ts';
export { CertificateAuthority, type CertificateAuthorityOptions } from './authority/certificate-authority.ts';
export type { InstallIntermediateOptions } from './authority/intermediates/install.ts';
export type { Intermediate, IntermediateState } from './authority/intermediates/intermediate.ts';
export type { IntermediateRequest, RequestIntermediateOptions } from './authority/intermediates/request.ts';
export type { IssuedCertificate } from './authority/issuance/issued-certificate.ts';
export type { IssueOptions } from './authority/issuance/request.ts';
export type { CertificateRecord, CertificateStatus, ListCertificatesOptions } from './authority/ledger.ts';
export type { SignIntermediateOptions } from './authority/offline-root/intermediate-request.ts';
export type { RootIssuedCertificate } from './authority/offline-root/issued-intermediates.ts';
export { type CreateRootOptions, OfflineRoot, type OpenRootOptions } from './authority/offline-root/offline-root.ts';
export type { IssuanceDecision, IssuancePolicy, IssuanceRequest } from './authority/policy/hook.ts';
export { type BuiltInProfile, builtInProfiles, type CertificateProfile } from './authority/profiles.ts';
export type { RevokeOptions } from './authority/revocation.ts';
export type { SignedCrl } from './authority/signed-crl.ts';
export { nodeCrypto } from './crypto/node-provider.ts';
export { createWebCryptoProvider } from './crypto/webcrypto-provider.ts';
export { ChanceryError, type ChanceryErrorOptions, type ErrorFacts } from './errors/chancery-error.ts';
export type {
  ChanceryErrorCode,
  ConflictCode,
  GeneralCode,
  InvalidInputCode,
  NotFoundCode,
  PathValidationCode,
  PolicyCode,
  SealCode,
  StorageErrorCode,
} from './errors/codes.ts';
export {
  ConflictError,
  type InputIssue,
  InvalidInputError,
  NotFoundError,
  PolicyError,
  type PolicyViolation,
  SealError,
} from './errors/families.ts';
export { PathValidationError, type PathValidationFacts } from './errors/path-validation-error.ts';
export { StorageError, type StorageErrorOptions } from './errors/storage-error.ts';
export type { CloudEvent, EventFacts } from './events/cloud-event.ts';
export { EventLog, type EventLogOptions } from './events/event-log.ts';
export type { Keyring, SealContext } from './keyring/keyring.ts';
export {
  type KeyringKeys,
  LocalKeyring,
  type LocalKeyringOptions,
  type PassphraseKeyringOptions,
} from './keyring/local-keyring.ts';
export type { Abortable } from './ports/abortable.ts';
export type { Clock } from './ports/clock.ts';
export type {
  CryptoProvider,
  DigestAlgorithm,
  KeyAlgorithm,
  KeyKind,
  MaybePromise,
  PrivateKey,
  PublicKey,
  ScryptCost,
  SignatureAlgorithm,
} from './ports/crypto.ts';
export type { CertificateRequest, CertificateRequestResult, CertificateValidity, Issuer } from './ports/issuer.ts';
export type { LogFields, Logger } from './ports/logger.ts';
export type { MaintenanceTask } from './ports/maintenance.ts';
export type { StorageBackend, StorageCapabilities } from './ports/storage.ts';
export { type LayeredStorageOptions, layeredStorage } from './store/layered-storage.ts';
export type { CrlReason } from './x509/crl/crl-reason.ts';
export type { ExtendedKeyUsage } from './x509/extensions/extended-key-usage.ts';
export type { KeyUsage } from './x509/extensions/key-usage.ts';
export type { Inspection } from './x509/inspect/inspect.ts';
export type { GeneralNameKind } from './x509/name/general-name.ts';
export type { PathProfile } from './x509/path/certificate-checks.ts';
export type { CertificateInput } from './x509/path/certificate-pool.ts';
export type { PathRequest, ValidatePathOptions } from './x509/path/path-options.ts';
export {
  type InvalidPathResult,
  type PathValidationResult,
  PathValidator,
  type PathValidatorOptions,
  type ValidPathResult,
} from './x509/path/path-validator.ts';
export type { PolicyOptions } from './x509/path/policy-check.ts';
export type { ReferenceIdentity } from './x509/path/subject-identity.ts';
export { validatePath } from './x509/path/validate-path.ts';
export type { RevocationStatus } from './x509/revocation/revocation-status.ts';
