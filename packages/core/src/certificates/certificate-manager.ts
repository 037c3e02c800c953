import { defaultCrypto } from '../crypto/node-provider.ts';
import { requireObject } from '../errors/require-object.ts';
import { eventCollections } from '../events/event-collections.ts';
import { requireSameStorage } from '../events/event-log.ts';
import type { Abortable } from '../ports/abortable.ts';
import type { CertificateChange, CertificateSource, ServedCertificate } from '../ports/certificate-source.ts';
import type { CertificateStatusSource } from '../ports/certificate-status.ts';
import type { MaintenanceTask } from '../ports/maintenance.ts';
import type {
  PostponeOptions,
  RenewalJob,
  RenewalOutcome,
  RenewalSource,
  RenewalWindow,
} from '../ports/renewal-source.ts';
import type { StorageBackend } from '../ports/storage.ts';
import { systemClock } from '../ports/system-clock.ts';
import { timerSleep } from '../store/backoff.ts';
import { requireDurability } from '../store/durability.ts';
import { Store } from '../store/store.ts';
import type { Certificate } from './certificate.ts';
import type { CertificateManagerOptions } from './certificate-manager-options.ts';
import { certificateCollections } from './collections.ts';
import type { CertificatesContext } from './context.ts';
import { Issuers } from './issuers.ts';
import { type ClaimJobsOptions, claimJobs } from './jobs/claim.ts';
import { nextDueAt } from './jobs/job.ts';
import { extendLease } from './jobs/lease.ts';
import { postpone } from './jobs/postpone.ts';
import { type RenewAllBeforeOptions, renewAllBefore } from './jobs/renew-all-before.ts';
import { renewJob } from './jobs/renew-job.ts';
import { renewalWindow } from './jobs/renewal-window.ts';
import { checkManagerOptions } from './manager-options-check.ts';
import { renewalDue } from './renewal-due.ts';
import { resealTask } from './reseal.ts';
import { Changes } from './serving/changes.ts';
import { managedStatus } from './serving/managed-status.ts';
import { obtainCertificate } from './serving/obtain.ts';
import { servedCertificate, servedVersions } from './serving/served.ts';
import { setActive } from './verbs/activate.ts';
import type { ChangeCertificateOptions } from './verbs/certificate-input.ts';
import {
  type CountCertificatesOptions,
  type CountDueJobsOptions,
  countCertificates,
  countDueJobs,
} from './verbs/count.ts';
import { type CreateCertificateOptions, createCertificate } from './verbs/create.ts';
import { deleteCertificate } from './verbs/delete.ts';
import { deleteByAccount } from './verbs/delete-by-account.ts';
import {
  type ExportCertificateOptions,
  type ExportedDer,
  type ExportedPem,
  type ExportedPkcs12,
  exportCertificate,
} from './verbs/export.ts';
import {
  getCertificate,
  getCertificateByName,
  type ListManagedCertificatesOptions,
  listCertificates,
} from './verbs/find.ts';
import { type ImportCertificateOptions, importCertificate } from './verbs/import.ts';
import { type RemoveNameOptions, removeName } from './verbs/remove-name.ts';
import { type RenewCertificateOptions, renewCertificate } from './verbs/renew.ts';
import { type RevokeManagedCertificateOptions, revokeCertificate } from './verbs/revoke.ts';
import {
  type ListUnsettledRevocationsOptions,
  listUnsettledRevocations,
  type UnsettledRevocation,
} from './verbs/unsettled-revocations.ts';
import { type CertificatePatch, updateCertificate } from './verbs/update.ts';

const DAY = 86_400_000;

/**
 * Certificates that belong to accounts or to the application, from any issuer, looked after by any number of instances on one storage.
 *
 * Each issue is a generation that is written whole before one pointer moves to it; key and CSR are stored before an issuer is asked, so
 * that a crash at any point resumes with the same key and the same request. A `RenewalScheduler` renews what is due, a TLS resolver serves
 * what is active.
 *
 * @example
 * ```ts
 * const certificates = new CertificateManager({ storage, keyring, issuers: { internal: authority } });
 * const { id, notAfter } = await certificates.create({ name: 'web', subjectAltNames: ['www.example.com'] });
 * const { chainPem, privateKeyPem } = await certificates.export(id, { format: 'pem' });
 * ```
 */
export class CertificateManager implements CertificateSource, RenewalSource {
  /** What the manager stands on. */
  readonly storage: StorageBackend;
  readonly #context: CertificatesContext;

  /**
   * Does no I/O: collections open at first use.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed
   * @throws {ConflictError} EVENTS_STORAGE_MISMATCH: `events` stands on another storage
   * @throws {StorageError} STORAGE_UNSAFE_CONFIG: the storage is less durable than `requireDurability`
   */
  constructor(options: CertificateManagerOptions) {
    checkManagerOptions(options);
    const { storage, keyring, clock = systemClock, crypto = defaultCrypto, sleep = timerSleep } = options;
    const { logger, events } = options;
    requireSameStorage(events, storage);
    requireDurability(storage, options.requireDurability, { what: 'certificates', logger });
    const collections = [...certificateCollections, ...(events === undefined ? [] : eventCollections)];
    const store = new Store({ storage, crypto, clock, collections, keyring, sleep });
    this.storage = storage;
    this.#context = {
      store,
      keyring,
      crypto,
      clock,
      sleep,
      logger,
      events,
      issuers: new Issuers(options.issuers, options.defaultIssuer),
      accountGuard: options.accountGuard,
      nameGuard: options.nameGuard,
      processors: [...(options.processors ?? [])],
      renewalPolicy: { ...options.renewalPolicy },
      graceMs: options.graceMs ?? DAY,
      changes: new Changes({ store, logger }),
    };
  }

  /**
   * Makes a certificate: key and CSR are stored, then the issuer is asked.
   *
   * With `wait` (the default) it resolves when the first generation is in force. What the issuer refuses it for is thrown, and the certificate
   * stays as `failed`, without its name, for `renew` to try again. Without `wait`, and where anything else is thrown from then on (the issuer cannot
   * be reached or has had too many requests, the waiting is aborted, storage fails), it stays `pending`, and a scheduler goes on: find it by its name, and
   * do not create another.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT, CSR_INVALID, CSR_SIGNATURE_INVALID, KEY_INVALID, KEY_UNSUPPORTED, GENERAL_NAME_INVALID,
   *   PEM_INVALID, DER_TOO_LARGE, SIGNATURE_ALGORITHM_UNSUPPORTED: something given is malformed; ISSUER_UNKNOWN
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND
   * @throws {PermissionError} NAME_NOT_PERMITTED: the account may not hold a name, or nobody is there to say so
   * @throws {ConflictError} CERTIFICATE_NAME_TAKEN: another certificate has this `name`; NAME_TAKEN: a name is served for another account
   * @throws {ChanceryError} ISSUER_ANSWER_REFUSED: what the issuer gave is not what it was asked for; PROCESSOR_FAILED; ABORTED
   * @throws what the issuer refused or failed with, such as PolicyError ISSUANCE_REFUSED
   * @throws {StorageError} any of its codes
   */
  async create(options: CreateCertificateOptions): Promise<Certificate> {
    requireObject(options, 'create() options');
    return createCertificate(this.#context, options);
  }

  /**
   * Takes over a certificate that was issued elsewhere, key included. With an `issuer` it is renewed like any other.
   *
   * @throws {InvalidInputError} CHAIN_INVALID: the chain is out of order, has ended, holds no name, or does not fit the key; INVALID_ARGUMENT,
   *   PEM_INVALID, CERTIFICATE_INVALID, KEY_INVALID, KEY_UNSUPPORTED, SIGNATURE_ALGORITHM_UNSUPPORTED, ISSUER_UNKNOWN; GENERAL_NAME_INVALID: it
   *   holds a name of another kind than those of `create`
   * @throws {NotFoundError} ACCOUNT_NOT_FOUND
   * @throws {PermissionError} NAME_NOT_PERMITTED
   * @throws {ConflictError} CERTIFICATE_EXISTS: it is managed already; CERTIFICATE_NAME_TAKEN; NAME_TAKEN
   */
  async import(options: ImportCertificateOptions): Promise<Certificate> {
    requireObject(options, 'import() options');
    return importCertificate(this.#context, options);
  }

  /** Reads a certificate. @throws {NotFoundError} CERTIFICATE_NOT_FOUND */
  get(id: string, options: Abortable = {}): Promise<Certificate> {
    return getCertificate(this.#context, id, options);
  }

  /**
   * Finds the certificate that has a name, one that failed aside.
   *
   * @returns undefined where none has it
   * @throws {InvalidInputError} INVALID_ARGUMENT: it is no name that a certificate can have
   */
  getByName(name: string, options: Abortable = {}): Promise<Certificate | undefined> {
    return getCertificateByName(this.#context, name, options);
  }

  /**
   * Lists certificates by expiry, soonest first, those without a generation last.
   *
   * @returns a page; only the absence of `cursor` says that it was the last. It is shorter than `limit` where 3,000 certificates were looked at, which
   *   takes a rare `active` together with a `status`
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed, such as a limit outside 1 to 1,000
   * @throws {StorageError} STORAGE_INVALID: the cursor of another list
   */
  list(options: ListManagedCertificatesOptions): Promise<{ items: Certificate[]; cursor?: string }> {
    return listCertificates(this.#context, options);
  }

  /**
   * Counts certificates, without reading them.
   *
   * @returns how many, and no more than `upTo`
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed
   * @throws {StorageError} any of its codes
   */
  async count(options: CountCertificatesOptions): Promise<number> {
    requireObject(options, 'count() options');
    return countCertificates(this.#context, options);
  }

  /**
   * Counts the jobs that a scheduler has to do and nobody works at, warnings included.
   *
   * @returns how many, and no more than `upTo`
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed
   * @throws {StorageError} any of its codes
   */
  async countDueJobs(options: CountDueJobsOptions): Promise<number> {
    requireObject(options, 'countDueJobs() options');
    return countDueJobs(this.#context, options);
  }

  /**
   * Changes what takes no new certificate: what it is called, whether it is renewed, and how the generations to come are asked for. What is under way
   * is finished as it was asked for, unless the issuer says no to it. A patch that changes nothing writes nothing.
   *
   * @param patch what is left out stays; `null` removes
   * @throws {InvalidInputError} INVALID_ARGUMENT: a field is malformed; a `keyAlgorithm` where the key is kept elsewhere; a `name` for one that was issued
   *   on demand
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND
   * @throws {ConflictError} CERTIFICATE_CHANGED: the certificate is not at `ifVersion`; CERTIFICATE_NAME_TAKEN; CERTIFICATE_REVOKED;
   *   CERTIFICATE_NOT_RENEWABLE: nobody issues it, so that nobody can renew it
   */
  async update(id: string, patch: CertificatePatch, options: ChangeCertificateOptions = {}): Promise<Certificate> {
    return updateCertificate(this.#context, id, patch, options);
  }

  /**
   * Serves the certificate's names by it from now on, also those that another certificate of the same account serves.
   *
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND; ACCOUNT_NOT_FOUND
   * @throws {PermissionError} NAME_NOT_PERMITTED: the account may not hold one of them any more
   * @throws {ConflictError} NAME_TAKEN: a name is served for another account; CERTIFICATE_REVOKED; CERTIFICATE_NOT_ISSUED: it has failed;
   *   CERTIFICATE_CHANGED: it is not at `ifVersion`
   */
  activate(id: string, options: ChangeCertificateOptions = {}): Promise<Certificate> {
    return setActive(this.#context, id, true, options);
  }

  /**
   * Stops serving the certificate; it is renewed as before. A name goes back to the certificate of the same account that served it before and is still
   * active.
   *
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND
   * @throws {ConflictError} CERTIFICATE_CHANGED: it is not at `ifVersion`
   */
  deactivate(id: string, options: ChangeCertificateOptions = {}): Promise<Certificate> {
    return setActive(this.#context, id, false, options);
  }

  /**
   * Issues the next generation, whether it is due or not, or resumes what is pending: of many that ask at once, all get the one generation. The old one goes on
   * serving until then. A certificate that failed is tried again.
   *
   * @param options.rekey with a new key, which is the default; false keeps the key
   * @param options.csr where the key is kept elsewhere: the request for the next generation
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND; ACCOUNT_NOT_FOUND
   * @throws {InvalidInputError} ISSUER_UNKNOWN: its issuer is not among this manager's; INVALID_ARGUMENT: also a `csr` where the key is made here;
   *   those of a malformed `csr`
   * @throws {PermissionError} NAME_NOT_PERMITTED
   * @throws {ConflictError} CERTIFICATE_REVOKED; CERTIFICATE_NOT_RENEWABLE: nobody issues it; CSR_REQUIRED: its key is kept elsewhere;
   *   CERTIFICATE_CHANGED: it is not at `ifVersion`; for one that failed also CERTIFICATE_NAME_TAKEN, NAME_TAKEN
   * @throws {ChanceryError} ISSUER_ANSWER_REFUSED, PROCESSOR_FAILED, ABORTED
   * @throws what the issuer refused or failed with; the old generation goes on serving, and a scheduler tries again
   */
  async renew(id: string, options?: RenewCertificateOptions): Promise<Certificate>;
  /** The work of one job, for a `RenewalScheduler`: see {@link RenewalSource.renew}. */
  async renew(job: RenewalJob, options?: Abortable): Promise<RenewalOutcome>;
  async renew(
    idOrJob: string | RenewalJob,
    options: RenewCertificateOptions = {},
  ): Promise<Certificate | RenewalOutcome> {
    requireObject(options, 'renew() options');
    if (typeof idOrJob === 'object' && idOrJob !== null) return renewJob(this.#context, idOrJob, options);
    return renewCertificate(this.#context, idOrJob, options);
  }

  /**
   * Revokes a certificate: it is out of service at once, and its issuers are told of every generation that has not ended. One that an issuer is still
   * at work on is revoked when it comes. What is cut short there is resumed by a scheduler, or by calling again; a certificate that is revoked stays as
   * it is.
   *
   * @param options.reason `unspecified` by default; not `certificateHold`, which only the authority can release
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND
   * @throws {InvalidInputError} INVALID_ARGUMENT: an unknown reason; ISSUER_UNKNOWN
   * @throws {ConflictError} CERTIFICATE_NOT_ISSUED: there is nothing to revoke; REVOCATION_UNSUPPORTED: nobody can, so nothing was changed;
   *   CERTIFICATE_CHANGED: it is not at `ifVersion`
   * @throws {ChanceryError} ISSUER_ANSWER_REFUSED: an issuer's answer tells nobody what it gave for a request under way
   * @throws what an issuer failed with: the certificate is out of service already
   */
  async revoke(id: string, options: RevokeManagedCertificateOptions = {}): Promise<Certificate> {
    requireObject(options, 'revoke() options');
    return revokeCertificate(this.#context, id, options);
  }

  /**
   * Lists the revocations that not every issuer has confirmed, the oldest first: those of deleted certificates, too. A scheduler settles them.
   *
   * @returns a page; only the absence of `cursor` says that it was the last
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed, such as a limit outside 1 to 1,000
   * @throws {StorageError} STORAGE_INVALID: the cursor of another list; any other of its codes
   */
  async unsettledRevocations(
    options: ListUnsettledRevocationsOptions,
  ): Promise<{ items: UnsettledRevocation[]; cursor?: string }> {
    return listUnsettledRevocations(this.#context, options);
  }

  /**
   * Forgets a certificate with all its generations and keys, and frees its names. It is not revoked by that; a revocation that is not settled goes on, and what
   * an issuer is to be told of is kept until then.
   *
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND
   * @throws {ConflictError} CERTIFICATE_CHANGED: it is not at `ifVersion`
   */
  delete(id: string, options: ChangeCertificateOptions = {}): Promise<void> {
    return deleteCertificate(this.#context, id, options);
  }

  /**
   * Deletes all certificates of an account, for whoever hears that the account was deleted. What is cut short is resumed by calling again.
   *
   * @returns how many were deleted by this call
   * @throws {InvalidInputError} INVALID_ARGUMENT: no text that can name an account
   * @throws {StorageError} any of its codes
   */
  async deleteByAccount(accountId: string, options: Abortable = {}): Promise<number> {
    return deleteByAccount(this.#context, accountId, options);
  }

  /**
   * Takes a name out of a certificate: it is not served any more at once, and a generation without it is issued.
   *
   * @param options.csr where the key is kept elsewhere: the request without the name
   * @returns undefined where it was the last name: the certificate is deleted then
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND; CERTIFICATE_NAME_NOT_FOUND: the certificate does not hold this name
   * @throws {ConflictError} CERTIFICATE_REVOKED; CERTIFICATE_NOT_ISSUED; CERTIFICATE_NOT_RENEWABLE; CSR_REQUIRED; CERTIFICATE_CHANGED
   * @throws as {@link renew} from then on
   */
  async removeName(id: string, name: string, options: RemoveNameOptions = {}): Promise<Certificate | undefined> {
    requireObject(options, 'removeName() options');
    return removeName(this.#context, id, name, options);
  }

  /**
   * Hands out the generation in force with its private key: the one door through which a key leaves. The event `certificate.exported` tells of it.
   *
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND
   * @throws {InvalidInputError} INVALID_ARGUMENT: an unknown format, or a password that is missing or out of place
   * @throws {ConflictError} CERTIFICATE_NOT_ISSUED; PRIVATE_KEY_NOT_HELD: the key is kept elsewhere; take `chainPem` from `get`
   */
  export(id: string, options: ExportCertificateOptions & { readonly format: 'pem' }): Promise<ExportedPem>;
  export(id: string, options: ExportCertificateOptions & { readonly format: 'der' }): Promise<ExportedDer>;
  export(id: string, options: ExportCertificateOptions & { readonly format: 'pkcs12' }): Promise<ExportedPkcs12>;
  export(id: string, options: ExportCertificateOptions): Promise<ExportedPem | ExportedDer | ExportedPkcs12>;
  async export(id: string, options: ExportCertificateOptions): Promise<ExportedPem | ExportedDer | ExportedPkcs12> {
    requireObject(options, 'export() options');
    return exportCertificate(this.#context, id, options);
  }

  /**
   * Listens to changes of what is served, by this instance and, where the storage can watch, by every other. Hints: they may be lost or repeated.
   *
   * @param event `changed`: one certificate; `missed`: others' changes may have gone untold
   * @returns ends the subscription
   * @throws {InvalidInputError} INVALID_ARGUMENT: another event, or no function
   */
  on(event: 'changed', listener: (change: CertificateChange) => void): () => void;
  on(event: 'missed', listener: () => void): () => void;
  on(event: 'changed' | 'missed', listener: ((change: CertificateChange) => void) | (() => void)): () => void {
    return this.#context.changes.on(event, listener);
  }

  /**
   * Reads what is to be presented for a name, private key included, for a TLS server.
   *
   * @param name exactly as it is in a certificate, in lower case
   * @returns undefined where nothing is served under that very name
   * @throws {SealError} any of its codes: the key does not open
   */
  served(name: string, options: Abortable = {}): Promise<ServedCertificate | undefined> {
    return servedCertificate(this.#context, name, options);
  }

  /**
   * Tells in one read whether what is served has changed: see {@link CertificateSource.versions}.
   *
   * @param names at most 1,000
   * @throws {StorageError} STORAGE_TOO_LARGE: more
   */
  versions(names: readonly string[], options: Abortable = {}): Promise<(string | undefined)[]> {
    return servedVersions(this.#context, names, options);
  }

  /**
   * Gets a certificate of the default issuer for a name that has none, for a TLS server that asks on demand. However many instances ask, one is
   * issued. It waits for as long as `signal` allows; what is refused is forgotten, and what fails otherwise is resumed by whoever asks next, or by a
   * scheduler.
   *
   * @returns undefined where the name had one on demand, which was taken out of service
   * @throws as {@link create}
   */
  obtain(name: string, options: Abortable = {}): Promise<ServedCertificate | undefined> {
    return obtainCertificate(this.#context, name, options);
  }

  /** What an account manager asks to bind sessions to managed certificates: any unrevoked generation that has not ended will do. */
  certificateStatus(): CertificateStatusSource {
    return managedStatus(this.#context);
  }

  /** See {@link RenewalSource.queues}. */
  queues(): readonly string[] {
    return [...this.#context.issuers.names(), ''];
  }

  /** See {@link RenewalSource.claimJobs}. @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed; ISSUER_UNKNOWN: no such queue */
  claimJobs(options: ClaimJobsOptions): Promise<RenewalJob[]> {
    return claimJobs(this.#context, options);
  }

  /** See {@link RenewalSource.extendLease}. */
  extendLease(job: RenewalJob, leaseMs: number): Promise<RenewalJob | undefined> {
    return extendLease(this.#context, job, leaseMs);
  }

  /** See {@link RenewalSource.postpone}. */
  postpone(job: RenewalJob, options: PostponeOptions): Promise<void> {
    return postpone(this.#context, job, options);
  }

  /** See {@link RenewalSource.renewalDue}. */
  renewalDue(job: RenewalJob): number {
    requireObject(job, 'job');
    const { certificateId, notBefore, notAfter } = job;
    const policy = this.#context.renewalPolicy;
    return renewalDue({ notBefore, notAfter, policy, jitterSeed: certificateId });
  }

  /** See {@link RenewalSource.renewalWindow}. */
  renewalWindow(job: RenewalJob, options: Abortable = {}): Promise<RenewalWindow | undefined> {
    return renewalWindow(this.#context, job, options);
  }

  /** See {@link RenewalSource.renewAllBefore}. @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed */
  renewAllBefore(options: RenewAllBeforeOptions): Promise<{ moved: number; cursor?: string }> {
    return renewAllBefore(this.#context, options);
  }

  /** See {@link RenewalSource.nextDueAt}. */
  nextDueAt(options: Abortable = {}): Promise<number | undefined> {
    return nextDueAt(this.#context, options);
  }

  /** The chores: sealing private keys anew after the keyring has rotated. Replaced generations expire by themselves. */
  maintenance(): MaintenanceTask[] {
    return [resealTask(this.#context)];
  }

  /** Ends the subscriptions. The storage stays open; closing twice does no harm. */
  close(): Promise<void> {
    return this.#context.changes.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}
