export { AccountManager } from './accounts/account-manager.ts';
export type { AccountManagerOptions } from './accounts/account-manager-options.ts';
export type { Account } from './accounts/accounts/account.ts';
export type { CreateAccountOptions } from './accounts/accounts/create.ts';
export type { ListAccountsOptions } from './accounts/accounts/find.ts';
export type { AccountPatch, UpdateAccountOptions } from './accounts/accounts/update.ts';
export type { LoginListener, LoginMethod, LoginOutcome } from './accounts/login/login-listeners.ts';
export type { LoginOptions } from './accounts/login/login-options.ts';
export type { PasswordLoginResult } from './accounts/login/login-result.ts';
export type { BeginPasskeyOptions, PasskeyLoginOptions } from './accounts/login/passkey-login.ts';
export type { HashQueueOptions } from './accounts/passwords/hash-queue.ts';
export type {
  BreachedPasswordCheck,
  PasswordPolicyOptions,
  PasswordRule,
} from './accounts/passwords/password-policy.ts';
export type { PasswordOptions } from './accounts/passwords/passwords.ts';
export type { VerifyPasswordOptions } from './accounts/passwords/prove-password.ts';
export type { ChangePasswordOptions, SetPasswordOptions } from './accounts/passwords/set-password.ts';
export type { RoleHolder, RolePermissions } from './accounts/permissions.ts';
export {
  type ClientCertificateFormat,
  clientCertificateFromHeader,
} from './accounts/proofs/client-certificate-header.ts';
export type { ClientCertificate, DpopProof, SenderProof } from './accounts/proofs/proof.ts';
export type {
  EnrollTotpOptions,
  RecoveryCodeSet,
  SecondFactorStatus,
  TotpEnrollment,
} from './accounts/second-factor/enrollment.ts';
export type { SecondFactor } from './accounts/second-factor/judge-second-factor.ts';
export type { Passkey } from './accounts/second-factor/passkeys/passkey.ts';
export type {
  PasskeyAuthenticationResponse,
  PasskeyCreationOptions,
  PasskeyDescriptor,
  PasskeyRegistrationResponse,
  PasskeyRequestOptions,
} from './accounts/second-factor/passkeys/passkey-ceremony.ts';
export type { PasskeyOptions } from './accounts/second-factor/passkeys/passkey-options.ts';
export type { RegisterPasskeyOptions } from './accounts/second-factor/passkeys/register-passkey.ts';
export type { AuthenticateOptions } from './accounts/sessions/authenticate.ts';
export type { ListSessionsOptions, Session } from './accounts/sessions/list-sessions.ts';
export type { LoginResult } from './accounts/sessions/login-result.ts';
export type { LogoutOptions } from './accounts/sessions/logout.ts';
export type { RefreshOptions } from './accounts/sessions/refresh-session.ts';
export type { DpopOptions, SessionOptions, SessionPolicy } from './accounts/sessions/session-options.ts';
export type { JsonWebKeySet, PublishedJwk } from './accounts/signing-keys/json-web-key-set.ts';
export type { RotatedSigningKey, RotateSigningKeyOptions } from './accounts/signing-keys/signing-keys.ts';
export type { LoginThrottleOptions, Rate } from './accounts/throttle/throttle-options.ts';
export type { SigningAlgorithm } from './accounts/tokens/jws-algorithm.ts';
export type { BoundTo, Principal } from './accounts/tokens/principal.ts';
export type { CreateAcmeAccountOptions } from './acme/client/accounts.ts';
export { AcmeClient, type AcmeClientOptions } from './acme/client/acme-client.ts';
export type { RevokeAcmeCertificateOptions } from './acme/client/certificates.ts';
export type { AcmeServerOptions } from './acme/client/open-session.ts';
export type { CreateAcmeOrderOptions } from './acme/client/orders.ts';
export { acmeCertificateId } from './acme/client/renewal-info.ts';
export type {
  AcmeAccount,
  AcmeAuthorization,
  AcmeCertificate,
  AcmeChallenge,
  AcmeDirectory,
  AcmeDirectoryMeta,
  AcmeOrder,
} from './acme/client/types.ts';
export { ACME_DIRECTORIES, type AcmeDirectoryName } from './acme/directories.ts';
export type { AcmeFetch, AcmeFetchInit, AcmeFetchResponse } from './acme/http/acme-fetch.ts';
export { AcmeIssuer } from './acme/issuer/acme-issuer.ts';
export type { AcmeIssuerOptions } from './acme/issuer/acme-issuer-options.ts';
export type { Http01Responder } from './acme/issuer/http-01-responder.ts';
export type { TlsAlpnCertificate } from './acme/issuer/tls-alpn-certificate.ts';
export type { ExternalAccountBinding } from './acme/jws/external-account.ts';
export { type Dns01Options, dns01, type TxtRecord } from './acme/solvers/dns-01.ts';
export type { DnsResolver } from './acme/solvers/dns-lookup.ts';
export { http01 } from './acme/solvers/http-01.ts';
export type { ChallengeSolver, PresentedChallenge } from './acme/solvers/solver.ts';
export { tlsAlpn01 } from './acme/solvers/tls-alpn-01.ts';
export type { BootstrapOptions, BootstrapResult } from './authority/bootstrap.ts';
export { CertificateAuthority } from './authority/certificate-authority.ts';
export type { CertificateAuthorityOptions } from './authority/certificate-authority-options.ts';
export type { CrlOptions } from './authority/crl/crl-options.ts';
export type { CrlRequest } from './authority/crl/crl-request.ts';
export type { RevocationFreshness } from './authority/crl/revocation-freshness.ts';
export type { SignedCrl } from './authority/crl/signed-crl.ts';
export type { InstallIntermediateOptions } from './authority/intermediates/install.ts';
export type { Intermediate, IntermediateState } from './authority/intermediates/intermediate.ts';
export type { IntermediateRequest, RequestIntermediateOptions } from './authority/intermediates/request.ts';
export type { IssuedCertificate } from './authority/issuance/issued-certificate.ts';
export type { IssueOptions } from './authority/issuance/request.ts';
export type { CertificateRecord, CertificateStatus, ListCertificatesOptions } from './authority/ledger.ts';
export type { SignedOcspResponse } from './authority/ocsp/ocsp-outcome.ts';
export type { OcspOptions } from './authority/ocsp/options.ts';
export type { SignIntermediateOptions } from './authority/offline-root/intermediate-request.ts';
export type { RootIssuedCertificate } from './authority/offline-root/issued-intermediates.ts';
export { type CreateRootOptions, OfflineRoot, type OpenRootOptions } from './authority/offline-root/offline-root.ts';
export type { IssuanceDecision, IssuancePolicy, IssuanceRequest } from './authority/policy/hook.ts';
export { type BuiltInProfile, builtInProfiles, type CertificateProfile } from './authority/profiles.ts';
export type { RevokeOptions } from './authority/revocation.ts';
export type {
  Certificate,
  CertificateFailure,
  CertificateState,
  ManagedCertificateStatus,
} from './certificates/certificate.ts';
export { CertificateManager } from './certificates/certificate-manager.ts';
export type { CertificateManagerOptions } from './certificates/certificate-manager-options.ts';
export type { CertificateProcessor, ProcessedGeneration } from './certificates/generations/processor.ts';
export type { ClaimJobsOptions } from './certificates/jobs/claim.ts';
export type { RenewAllBeforeOptions } from './certificates/jobs/renew-all-before.ts';
export type { NameGuard } from './certificates/names/name-guard.ts';
export { type RenewalDueOptions, type RenewalPolicy, renewalDue } from './certificates/renewal-due.ts';
export type { CertificateLifetime, ChangeCertificateOptions } from './certificates/verbs/certificate-input.ts';
export type { CountCertificatesOptions, CountDueJobsOptions } from './certificates/verbs/count.ts';
export type { CreateCertificateOptions } from './certificates/verbs/create.ts';
export type {
  ExportCertificateOptions,
  ExportedDer,
  ExportedPem,
  ExportedPkcs12,
} from './certificates/verbs/export.ts';
export type { ListManagedCertificatesOptions } from './certificates/verbs/find.ts';
export type { ImportCertificateOptions } from './certificates/verbs/import.ts';
export type { RemoveNameOptions } from './certificates/verbs/remove-name.ts';
export type { RenewCertificateOptions } from './certificates/verbs/renew.ts';
export type { RevokeManagedCertificateOptions } from './certificates/verbs/revoke.ts';
export type {
  ListUnsettledRevocationsOptions,
  UnsettledRevocation,
} from './certificates/verbs/unsettled-revocations.ts';
export type { CertificatePatch } from './certificates/verbs/update.ts';
export type { PublicJwk } from './crypto/jwk.ts';
export { nodeCrypto } from './crypto/node-provider.ts';
export type { Argon2idCost } from './crypto/passwords/argon2id.ts';
export type { PasswordHashing } from './crypto/passwords/password-hasher.ts';
export { createWebCryptoProvider } from './crypto/webcrypto-provider.ts';
export { AcmeError, type AcmeErrorOptions, type AcmeIdentifier, type AcmeProblem } from './errors/acme-error.ts';
export { ChanceryError, type ChanceryErrorOptions, type ErrorFacts } from './errors/chancery-error.ts';
export type {
  AcmeCode,
  AuthenticationCode,
  ChanceryErrorCode,
  ConflictCode,
  GeneralCode,
  InvalidInputCode,
  NotFoundCode,
  PathValidationCode,
  PermissionCode,
  PolicyCode,
  RateLimitCode,
  SealCode,
  StorageErrorCode,
} from './errors/codes.ts';
export {
  AuthenticationError,
  ConflictError,
  type InputIssue,
  InvalidInputError,
  NotFoundError,
  PermissionError,
  PolicyError,
  type PolicyViolation,
  RateLimitError,
  SealError,
} from './errors/families.ts';
export { PathValidationError, type PathValidationFacts } from './errors/path-validation-error.ts';
export { StorageError, type StorageErrorOptions } from './errors/storage-error.ts';
export type { Checkpoint, CheckpointClaim } from './events/checkpoints/checkpoint.ts';
export type { CheckpointSink, CheckpointSinkOptions } from './events/checkpoints/checkpoints.ts';
export { type CloudEvent, cloudEventJson, type EventFacts } from './events/cloud-event.ts';
export type { DiscardOptions, ReplayOptions } from './events/delivery/dead-letter-changes.ts';
export type { DeadLetter, ListDeadLettersOptions } from './events/delivery/dead-letters.ts';
export type { DeliveryControl } from './events/delivery/delivery-control.ts';
export type {
  DeliveryFault,
  DeliveryOptions,
  DeliveryOutcome,
  NamedSink,
  Sink,
  SinkFunction,
} from './events/delivery/sink.ts';
export type { SinkStatus } from './events/delivery/status.ts';
export { EventLog } from './events/event-log.ts';
export type { LogEntry } from './events/log-entry.ts';
export type { EventLogOptions } from './events/log-options.ts';
export type { LogStatus, LogStatusOptions } from './events/log-status.ts';
export type { EventListener } from './events/sequencing/listeners.ts';
export type { ListSetAsideOptions, SetAsideEvent } from './events/set-aside/set-aside-events.ts';
export type { ListEventsOptions } from './events/stored-log.ts';
export type { LogProblem, LogProblemKind } from './events/verification/problem.ts';
export type { LogFork, LogVerification, VerifyOptions } from './events/verification/verify-log.ts';
export type { ResolveHost } from './events/webhooks/guarded-lookup.ts';
export { generateWebhookSecret } from './events/webhooks/secret.ts';
export type { WebhookAnswer, WebhookRequest, WebhookTransport } from './events/webhooks/transport.ts';
export { webhook } from './events/webhooks/webhook.ts';
export type { WebhookOptions, WebhookSecret } from './events/webhooks/webhook-options.ts';
export type { Keyring, SealContext } from './keyring/keyring.ts';
export {
  type KeyringKeys,
  LocalKeyring,
  type LocalKeyringOptions,
  type PassphraseKeyringOptions,
} from './keyring/local-keyring.ts';
export type { Abortable } from './ports/abortable.ts';
export type { AccountGuard } from './ports/account-guard.ts';
export type { CertificateChange, CertificateSource, ServedCertificate } from './ports/certificate-source.ts';
export type { CertificateStatusSource, IdentifiedCertificate } from './ports/certificate-status.ts';
export type { Clock } from './ports/clock.ts';
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
} from './ports/crypto.ts';
export type { ErasureKeys } from './ports/erasure-keys.ts';
export type {
  CertificateRequest,
  CertificateRequestResult,
  CertificateValidity,
  CrlReasonName,
  Issuer,
  RenewalInfo,
  RenewalInfoRequest,
  RevocationRequest,
} from './ports/issuer.ts';
export type { LogFields, Logger } from './ports/logger.ts';
export type { MaintenanceTask } from './ports/maintenance.ts';
export type {
  ExpiryWarning,
  PostponeOptions,
  RenewalFailure,
  RenewalJob,
  RenewalJobReason,
  RenewalOutcome,
  RenewalSource,
  RenewalWindow,
} from './ports/renewal-source.ts';
export type { StorageBackend, StorageCapabilities } from './ports/storage.ts';
export type { Timer } from './ports/timer.ts';
export type { IssuerBudget, RenewalProblem, RenewalSchedulerOptions } from './renewal/options.ts';
export { type RenewAllOptions, RenewalScheduler } from './renewal/renewal-scheduler.ts';
export type { RenewalReport } from './renewal/report.ts';
export { type LayeredStorageOptions, layeredStorage } from './store/layered-storage.ts';
export type { TlsAlpnSource } from './tls/challenge/challenge-responder.ts';
export type { CertificatePem } from './tls/contexts/certificate-pem.ts';
export type { ClientTrust } from './tls/contexts/context-maker.ts';
export type { OnDemandOptions } from './tls/on-demand/on-demand.ts';
export {
  createTlsResolver,
  type SniCallback,
  type TlsHealth,
  type TlsResolver,
  type TlsServerOptions,
} from './tls/tls-resolver.ts';
export type { TlsResolverOptions } from './tls/tls-resolver-options.ts';
export type { EraseOwnerOptions } from './vault/erasure/erase-owner.ts';
export { type ErasureReceipt, verifyErasureReceipt } from './vault/erasure/receipt.ts';
export type { RewrapOptions, RewrapResult } from './vault/erasure/rewrap.ts';
export { storageErasureKeys } from './vault/erasure/storage-erasure-keys.ts';
export type { KeyMode, RecordPlace } from './vault/format/envelope.ts';
export type { ByteRange } from './vault/format/opened-record.ts';
export type { Padding } from './vault/format/padding.ts';
export { RecordVault } from './vault/record-vault.ts';
export type { RecordVaultOptions } from './vault/record-vault-options.ts';
export type { DeleteRecordOptions, UndeleteRecordOptions } from './vault/records/delete-record.ts';
export type { ListRecordsOptions, RecordDescription } from './vault/records/list-records.ts';
export type {
  RetrievedRecord,
  RetrievedRecordInfo,
  RetrievedRecordStream,
  RetrieveRecordOptions,
} from './vault/records/retrieve-options.ts';
export type { RetrieveSealedOptions, SealedRecord } from './vault/records/retrieve-sealed.ts';
export type { RecordData, StoredRecord, StoreRecordOptions } from './vault/records/store-options.ts';
export type { UnwrapOptions, UnwrappedData, WrapOptions, WrappedData } from './vault/wrapping/wrap.ts';
export type { CrlReason } from './x509/crl/crl-reason.ts';
export type { ExtendedKeyUsage } from './x509/extensions/extended-key-usage.ts';
export type { KeyUsage } from './x509/extensions/key-usage.ts';
export type { Inspection } from './x509/inspect/inspect.ts';
export type { GeneralNameKind } from './x509/name/general-name.ts';
export type { OcspErrorStatus, OcspResponseStatus } from './x509/ocsp/ocsp-error.ts';
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
export { type CertificateFormat, decodeCertificates, encodeCertificates } from './x509/pkcs7/certificate-formats.ts';
export { type ExportPkcs12Options, exportPkcs12 } from './x509/pkcs12/export-pkcs12.ts';
export { type ImportedPkcs12, type ImportPkcs12Options, importPkcs12 } from './x509/pkcs12/import-pkcs12.ts';
export type { RevocationStatus } from './x509/revocation/revocation-status.ts';
