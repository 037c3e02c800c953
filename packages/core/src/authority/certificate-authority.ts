import { defaultCrypto } from '../crypto/node-provider.ts';
import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import { requireObject } from '../errors/require-object.ts';
import { eventCollections } from '../events/event-collections.ts';
import { requireSameStorage } from '../events/event-log.ts';
import { type Abortable, signalOf } from '../ports/abortable.ts';
import type { CertificateStatusSource } from '../ports/certificate-status.ts';
import type { CertificateRequest, CertificateRequestResult, Issuer, RevocationRequest } from '../ports/issuer.ts';
import type { MaintenanceTask } from '../ports/maintenance.ts';
import { systemClock } from '../ports/system-clock.ts';
import { throwIfAborted, timerSleep } from '../store/backoff.ts';
import { Blobs, blobCollections } from '../store/blobs.ts';
import { requireDurability } from '../store/durability.ts';
import { Store } from '../store/store.ts';
import { type Inspection, inspect } from '../x509/inspect/inspect.ts';
import { type BootstrapOptions, type BootstrapResult, bootstrapAuthority } from './bootstrap.ts';
import type { CertificateAuthorityOptions } from './certificate-authority-options.ts';
import { ledgerStatus } from './certificate-status.ts';
import { authorityCollections } from './collections.ts';
import type { AuthorityContext } from './context.ts';
import { CrlCache } from './crl/crl-cache.ts';
import type { CrlRequest } from './crl/crl-request.ts';
import { namedScope } from './crl/crl-scope.ts';
import { currentCrl } from './crl/crl-service.ts';
import { currentCrls } from './crl/current-crls.ts';
import { type RevocationFreshness, revocationFreshness } from './crl/revocation-freshness.ts';
import { SharedRuns } from './crl/shared-runs.ts';
import { handedOut, type SignedCrl } from './crl/signed-crl.ts';
import { requireBaseUrl } from './http-url.ts';
import { type InstallIntermediateOptions, installIntermediate, retireIntermediate } from './intermediates/install.ts';
import { describeIntermediate, type Intermediate } from './intermediates/intermediate.ts';
import { intermediateTask } from './intermediates/renewal.ts';
import {
  type IntermediateRequest,
  type RequestIntermediateOptions,
  requestIntermediate,
} from './intermediates/request.ts';
import { resealTask } from './intermediates/reseal.ts';
import { installRootCrl } from './intermediates/root-crl.ts';
import { listIntermediates, SigningState } from './intermediates/signing-state.ts';
import { Issuance } from './issuance/issuance.ts';
import type { IssuedCertificate } from './issuance/issued-certificate.ts';
import type { IssueOptions } from './issuance/request.ts';
import { requestCertificate } from './issuance/request-certificate.ts';
import { type CertificateRecord, Ledger, type ListCertificatesOptions } from './ledger.ts';
import { crlTask } from './maintenance.ts';
import { ocspTask } from './ocsp/maintenance.ts';
import { describeOutcome, type SignedOcspResponse } from './ocsp/ocsp-outcome.ts';
import { OcspService } from './ocsp/ocsp-service.ts';
import { ocspSettings } from './ocsp/options.ts';
import { checkProfiles } from './profile-rules.ts';
import { builtInProfiles } from './profiles.ts';
import { type RevokeOptions, releaseCertificate, revokeByCertificate, revokeCertificate } from './revocation.ts';

/**
 * An online certificate authority. It holds intermediates only (the root is an `OfflineRoot`), keeps a ledger of what it issued, and
 * may run in any number of instances on one storage.
 *
 * @example
 * ```ts
 * const authority = new CertificateAuthority({ storage, keyring });
 * const { root } = await authority.bootstrap({ organization: 'Example', passphrase, saveRoot });
 * const { chainPem, privateKeyPem } = await authority.issue({ subjectAltNames: ['db.internal'] });
 * ```
 */
export class CertificateAuthority implements Issuer {
  readonly #context: AuthorityContext;
  readonly #state: SigningState;
  readonly #issuance: Issuance;
  readonly #ocsp: OcspService;

  /**
   * Does no I/O: collections open and keys load at first use.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: `name`, `baseUrl`, `ocsp`, `policy`, `requireDurability`, `skipPathValidation` or one of
   *   `profiles` is malformed, or a part that the host gave lacks a method
   * @throws {ConflictError} EVENTS_STORAGE_MISMATCH: `events` stands on another storage
   * @throws {StorageError} STORAGE_UNSAFE_CONFIG: the storage is less durable than `requireDurability`
   */
  constructor(options: CertificateAuthorityOptions) {
    requireObject(options, 'CertificateAuthority options');
    requireObject(options.storage, 'storage');
    requireObject(options.keyring, 'keyring');
    const { storage, name = 'internal', clock = systemClock, crypto = defaultCrypto, logger, events } = options;
    if (typeof name !== 'string' || !/^[a-z][a-z0-9-]{0,39}$/.test(name)) {
      throw new InvalidInputError('INVALID_ARGUMENT', `name must match [a-z][a-z0-9-]{0,39}, not ${quote(name)}`);
    }
    requireBaseUrl(options.baseUrl);
    if (options.profiles !== undefined) checkProfiles(options.profiles);
    if (options.policy !== undefined && typeof options.policy !== 'function')
      throw new InvalidInputError('INVALID_ARGUMENT', 'policy must be a function');
    // A text such as "false" would switch the gate off.
    if (!['boolean', 'undefined'].includes(typeof options.skipPathValidation))
      throw new InvalidInputError('INVALID_ARGUMENT', 'skipPathValidation must be true or false');
    requireSameStorage(events, storage);
    requireDurability(storage, options.requireDurability, { what: 'certificates', logger });
    const collections = [
      ...authorityCollections,
      ...blobCollections,
      ...(events === undefined ? [] : eventCollections),
    ];
    const store = new Store({ storage, crypto, clock, collections, keyring: options.keyring });
    this.#context = {
      name,
      baseUrl: options.baseUrl?.replace(/\/+$/, ''),
      store,
      blobs: new Blobs(store),
      ledger: new Ledger(store, clock, name),
      crlCache: new CrlCache(),
      crlRuns: new SharedRuns(),
      sleep: timerSleep,
      ocsp: ocspSettings(options.ocsp),
      skipPathValidation: options.skipPathValidation ?? false,
      keyring: options.keyring,
      crypto,
      clock,
      logger,
      events,
    };
    this.#state = new SigningState(this.#context);
    this.#issuance = new Issuance(
      this.#context,
      this.#state,
      { ...builtInProfiles, ...options.profiles },
      options.policy,
    );
    this.#ocsp = new OcspService(this.#context, this.#state);
  }

  /**
   * Makes a root and an intermediate and goes to work. The root's file is handed to `saveRoot`, and nothing is installed before that has
   * resolved.
   *
   * @returns the open root: `close()` it, or keep it for a moment to sign more
   * @throws {ConflictError} AUTHORITY_EXISTS: an authority of this name exists; nothing was changed
   * @throws {InvalidInputError} PASSPHRASE_TOO_SHORT, INVALID_ARGUMENT, NAME_INVALID
   * @throws {StorageError} any of its codes
   */
  async bootstrap(options: BootstrapOptions): Promise<BootstrapResult> {
    requireObject(options, 'bootstrap() options');
    return bootstrapAuthority(this.#context, options);
  }

  /**
   * Makes a key for an intermediate, seals it into storage, and gives the CSR for the root to sign.
   *
   * @param options.subject - RFC 4514
   * @param options.keyAlgorithm - `ECDSA-P256` by default
   * @throws {InvalidInputError} NAME_INVALID: the subject is malformed or empty
   */
  async requestIntermediate(options: RequestIntermediateOptions): Promise<IntermediateRequest> {
    requireObject(options, 'requestIntermediate() options');
    return requestIntermediate(this.#context, options);
  }

  /**
   * Puts a requested intermediate to work, once its certificate has passed every check: key and subject as requested, signed by one of the
   * trust anchors, a CA certificate, valid now, not revoked.
   *
   * @throws {InvalidInputError} INTERMEDIATE_INVALID: names the rule that it breaks; CERTIFICATE_INVALID: malformed;
   *   INVALID_ARGUMENT: `crlShards` or `deltaCrls` is none that can be;
   *   SIGNATURE_ALGORITHM_UNSUPPORTED: signed by an algorithm that the SDK does not know
   * @throws {NotFoundError} INTERMEDIATE_REQUEST_NOT_FOUND
   * @throws {ConflictError} INTERMEDIATE_ALREADY_INSTALLED
   */
  async installIntermediate(requestId: string, options: InstallIntermediateOptions): Promise<Intermediate> {
    requireObject(options, 'installIntermediate() options');
    return this.#stateChange(installIntermediate(this.#context, requestId, options));
  }

  /**
   * Installs the root's CRL. Intermediates that it lists stop signing at once, on every instance.
   *
   * @throws {InvalidInputError} ROOT_CRL_INVALID: not a current, full CRL of a trust anchor; CRL_INVALID: malformed;
   *   SIGNATURE_ALGORITHM_UNSUPPORTED: signed by an algorithm that the SDK does not know
   * @throws {ConflictError} ROOT_CRL_OLDER: a newer one is installed
   */
  installRootCrl(pemOrDer: string | Uint8Array, options: Abortable = {}): Promise<void> {
    return this.#stateChange(installRootCrl(this.#context, this.#state, pemOrDer, options));
  }

  /**
   * Stops an intermediate from signing certificates; it goes on signing its CRLs. Retiring it again changes nothing.
   *
   * @throws {NotFoundError} INTERMEDIATE_NOT_FOUND
   */
  retireIntermediate(id: string, options: Abortable = {}): Promise<Intermediate> {
    return this.#stateChange(retireIntermediate(this.#context, id, options));
  }

  /** Lists all intermediates, oldest first, those that wait for the root's signature among them. */
  async intermediates(options: Abortable = {}): Promise<Intermediate[]> {
    throwIfAborted(signalOf(options).signal);
    return (await listIntermediates(this.#context)).map(describeIntermediate);
  }

  /**
   * Issues a certificate. Ledger entry and event are written in one commit, and nothing is handed out before it has succeeded.
   *
   * @returns the certificate; `privateKeyPem` only where the key was generated here
   * @throws {InvalidInputError} INVALID_ARGUMENT, CSR_INVALID, CSR_SIGNATURE_INVALID, KEY_INVALID, KEY_UNSUPPORTED, NAME_INVALID,
   *   GENERAL_NAME_INVALID, PEM_INVALID, DER_INVALID, DER_TOO_LARGE: something given is malformed
   * @throws {PolicyError} ISSUANCE_REFUSED: `violations` names every rule broken, with the value at fault
   * @throws {ConflictError} AUTHORITY_NOT_READY: no intermediate can sign; COMMIT_CONFLICT: the authority kept changing meanwhile
   * @throws {StorageError} any of its codes; with STORAGE_OUTCOME_UNKNOWN the ledger may hold the certificate
   */
  issue(options: IssueOptions): Promise<IssuedCertificate> {
    return this.#issuance.issue(options);
  }

  /**
   * Issues many certificates, several to a commit. A bad request does not stop the rest.
   *
   * @returns one settled result a request, in order; the reasons of refusals are those of {@link issue}
   */
  async issueMany(requests: readonly IssueOptions[]): Promise<PromiseSettledResult<IssuedCertificate>[]> {
    if (!Array.isArray(requests))
      throw new InvalidInputError('INVALID_ARGUMENT', 'issueMany() takes a list of requests');
    return this.#issuance.issueMany(requests);
  }

  /**
   * The `Issuer` port: idempotent by `requestId`. The same request gives the same certificate, however often and from however many instances it
   * is sent.
   *
   * @throws {ConflictError} REQUEST_ID_REUSED: the id was used for another request
   * @throws as {@link issue}
   */
  async requestCertificate(request: CertificateRequest): Promise<CertificateRequestResult> {
    requireObject(request, 'requestCertificate() request');
    return requestCertificate(this.#context, this.#issuance, request, (serialNumber) => this.chainPem(serialNumber));
  }

  /**
   * The `Issuer` port: revokes one of this authority's certificates by its exact bytes. One that is revoked already, for whatever reason, is a
   * success.
   *
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND: this authority did not issue it
   * @throws {InvalidInputError} CERTIFICATE_INVALID: it is malformed; INVALID_ARGUMENT: an unknown reason
   */
  async revokeCertificate(request: RevocationRequest): Promise<void> {
    requireObject(request, 'revokeCertificate() request');
    const serialNumber = await revokeByCertificate(this.#context, request);
    this.#ocsp.forget(serialNumber);
  }

  /** @throws {NotFoundError} CERTIFICATE_NOT_FOUND: this authority issued no such serial number */
  async get(serialNumber: string, options: Abortable = {}): Promise<CertificateRecord> {
    throwIfAborted(signalOf(options).signal);
    return this.#context.ledger.get(serialNumber);
  }

  /**
   * Lists the ledger by expiry, soonest first.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed, such as a limit outside 1 to 1,000
   * @throws {StorageError} STORAGE_INVALID: the cursor of another list
   */
  list(options: ListCertificatesOptions): Promise<{ items: CertificateRecord[]; cursor?: string }> {
    return this.#context.ledger.list(options);
  }

  /**
   * Revokes a certificate; the next `crl()` shows it.
   *
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND
   * @throws {ConflictError} ALREADY_REVOKED; a certificate on hold can still be revoked for another reason
   * @throws {InvalidInputError} INVALID_ARGUMENT: an unknown reason, removeFromCRL, or an invalid date
   */
  async revoke(serialNumber: string, options: RevokeOptions = {}): Promise<CertificateRecord> {
    requireObject(options, 'revoke() options');
    return this.#statusChange(revokeCertificate(this.#context, serialNumber, options));
  }

  /**
   * Takes a certificate off hold.
   *
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND
   * @throws {ConflictError} NOT_ON_HOLD
   */
  release(serialNumber: string, options: Abortable = {}): Promise<CertificateRecord> {
    return this.#statusChange(releaseCertificate(this.#context, serialNumber, options));
  }

  /**
   * Answers an OCSP request (RFC 6960) about certificates of one intermediate: good, revoked (on hold with the reason
   * certificateHold) or unknown. The intermediate's own responder signs, which the authority certifies and renews; a nonce is echoed.
   *
   * What is wrong is told by the response: malformedRequest; unauthorized for an issuer that is none of this authority's, or
   * several; tryLater or internalError while the storage or a key fails. `ocspResponse()` gives the cause as well.
   *
   * @param requestDer - an OCSPRequest, at most 64 KiB and 100 certificates
   * @returns an OCSPResponse, DER
   * @throws {InvalidInputError} INVALID_ARGUMENT: `requestDer` is no bytes
   * @throws {ChanceryError} ABORTED
   */
  async ocsp(requestDer: Uint8Array, options: Abortable = {}): Promise<Uint8Array> {
    return (await this.#ocsp.answer(requestDer, signalOf(options))).der.slice();
  }

  /**
   * The same as {@link ocsp}, with what an HTTP server needs to know about the response.
   *
   * @throws as {@link ocsp}
   */
  async ocspResponse(requestDer: Uint8Array, options: Abortable = {}): Promise<SignedOcspResponse> {
    return describeOutcome(await this.#ocsp.answer(requestDer, signalOf(options)));
  }

  /**
   * The CRL of an intermediate, or of one of its shards: signed anew only when a revocation is missing from it or its nextUpdate is near.
   *
   * @returns what shows every revocation and release that was acknowledged before
   * @throws {ConflictError} INTERMEDIATE_AMBIGUOUS: several are installed and none was named; AUTHORITY_NOT_READY; COMMIT_CONFLICT: other
   *   instances kept storing theirs meanwhile
   * @throws {NotFoundError} INTERMEDIATE_NOT_FOUND
   * @throws {InvalidInputError} INVALID_ARGUMENT: the intermediate has no such shard, or has several and none was named
   */
  async crl(options: CrlRequest = {}): Promise<SignedCrl> {
    requireObject(options, 'crl() options');
    const { intermediate, shard, delta = false } = options;
    if (typeof delta !== 'boolean') throw new InvalidInputError('INVALID_ARGUMENT', 'delta must be true or false');
    throwIfAborted(signalOf(options).signal);
    const scope = namedScope(await this.#state.named(intermediate), shard);
    return handedOut(await currentCrl(this.#context, scope, delta ? 'delta' : 'complete'));
  }

  /**
   * The roots' CRLs and the intermediates' with all their shards, each as PEM: what it takes to check every certificate of a path. Node's TLS wants them so, as a
   * list for its `crl` option: of a text that holds several it reads the first.
   */
  async crls(options: Abortable = {}): Promise<string[]> {
    throwIfAborted(signalOf(options).signal);
    return currentCrls(this.#context, this.#state);
  }

  /** The same as {@link crls} in one PEM text, for OpenSSL, nginx and the like. */
  async crlBundlePem(options: Abortable = {}): Promise<string> {
    return (await this.crls(options)).join('');
  }

  /**
   * Tells for how long the CRLs and the OCSP responder of each intermediate still hold, as they are stored: unlike {@link crl} it signs nothing.
   *
   * @returns one for each intermediate that is installed and has not ended
   * @throws {StorageError} any of its codes
   */
  async revocationFreshness(options: Abortable = {}): Promise<RevocationFreshness[]> {
    return revocationFreshness(this.#context, this.#state, signalOf(options));
  }

  /** Every root that an intermediate was installed under, in PEM. @throws {ConflictError} AUTHORITY_NOT_READY */
  async trustAnchorsPem(options: Abortable = {}): Promise<string> {
    throwIfAborted(signalOf(options).signal);
    return (await this.#state.fresh()).trustAnchors.map((anchor) => anchor.toPem()).join('');
  }

  /**
   * The certificate and the intermediate that signed it, without the root.
   *
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND
   */
  async chainPem(serialNumber: string, options: Abortable = {}): Promise<string> {
    const { certificatePem, intermediateId } = await this.get(serialNumber, options);
    return certificatePem + (await this.#state.installed(intermediateId)).certificatePem;
  }

  /** What an account manager asks to bind sessions to certificates of this authority's: each is identified by its serial number. */
  certificateStatus(): CertificateStatusSource {
    return ledgerStatus(this.#context);
  }

  /**
   * Every field of a certificate, a CSR or a CRL, as a plain object for people and for JSON.
   *
   * @throws {InvalidInputError} CERTIFICATE_INVALID, CSR_INVALID, CRL_INVALID, PEM_INVALID
   */
  inspect(pemOrDer: string | Uint8Array): Promise<Inspection> {
    return inspect(pemOrDer, this.#context.crypto);
  }

  /**
   * The chores: re-signing CRLs, renewing OCSP responders, asking for a new intermediate a year before the newest one ends, sealing keys anew after the keyring has rotated, sweeping what a crash left
   * half written.
   */
  maintenance(): MaintenanceTask[] {
    return [
      crlTask(this.#context, this.#state),
      ocspTask(this.#context, this.#state),
      intermediateTask(this.#context),
      resealTask(this.#context),
      ...this.#context.blobs.maintenance(),
    ];
  }

  async #statusChange(change: Promise<CertificateRecord>): Promise<CertificateRecord> {
    const record = await change;
    this.#ocsp.forget(record.serialNumber);
    return record;
  }

  async #stateChange<T>(change: Promise<T>): Promise<T> {
    const result = await change;
    this.#state.forget();
    this.#ocsp.forgetAll();
    return result;
  }
}
