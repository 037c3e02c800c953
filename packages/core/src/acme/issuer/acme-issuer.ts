import { defaultCrypto } from '../../crypto/node-provider.ts';
import { isBytes } from '../../encoding/bytes.ts';
import { AcmeError } from '../../errors/acme-error.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { requireObject } from '../../errors/require-object.ts';
import type {
  CertificateRequest,
  CertificateRequestResult,
  Issuer,
  RenewalInfo,
  RenewalInfoRequest,
  RevocationRequest,
} from '../../ports/issuer.ts';
import type { MaintenanceTask } from '../../ports/maintenance.ts';
import { systemClock } from '../../ports/system-clock.ts';
import { timerSleep } from '../../store/backoff.ts';
import { requireDurability } from '../../store/durability.ts';
import { Store } from '../../store/store.ts';
import { openSession } from '../client/open-session.ts';
import { renewalInfo } from '../client/renewal-info.ts';
import { directoryUrl } from '../directories.ts';
import { isProblem } from '../http/problem.ts';
import { IssuerAccount } from './account.ts';
import { type AcmeIssuerOptions, checkIssuerOptions } from './acme-issuer-options.ts';
import { acmeCollections } from './collections.ts';
import { type Http01Responder, http01Responder } from './http-01-responder.ts';
import type { IssuerContext } from './issuer-context.ts';
import { challengeTask, resealTask } from './maintenance.ts';
import { requestCertificate } from './request-certificate.ts';
import { revokeInAccount } from './revoke-in-account.ts';
import type { TlsAlpnCertificate } from './tls-alpn-certificate.ts';
import { TlsAlpnResponder } from './tls-alpn-responder.ts';

const LEASE_MS = 120_000;
/** An exchange, the storage's part, and a clock that is a little off. */
const EXCHANGES_A_LEASE = 4;

/**
 * Gets certificates from an ACME CA (RFC 8555), in any number of instances on one storage. Everything that a crash must not lose is there: the
 * account's key, sealed; each order from before it is placed; each challenge while it is open.
 *
 * @example
 * ```ts
 * const issuer = new AcmeIssuer({ storage, keyring, directory: 'letsencrypt', email, termsOfServiceAgreed: true, solvers: [http01()] });
 * const certificates = new CertificateManager({ storage, keyring, issuers: { public: issuer }, defaultIssuer: 'public' });
 * ```
 */
export class AcmeIssuer implements Issuer {
  readonly #context: IssuerContext;
  readonly #tlsAlpn: TlsAlpnResponder;
  readonly #name: string;

  /**
   * Does no I/O: collections open, and the account is found or made, at first use.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is missing or malformed
   * @throws {StorageError} STORAGE_UNSAFE_CONFIG: the storage is less durable than `requireDurability`
   */
  constructor(options: AcmeIssuerOptions) {
    const { email, waitMs } = checkIssuerOptions(options);
    const { storage, keyring, clock = systemClock, crypto = defaultCrypto, logger, timeoutMs = 0 } = options;
    requireDurability(storage, options.requireDurability, { what: 'ACME orders', logger });
    const store = new Store({ storage, crypto, clock, collections: acmeCollections, keyring });
    const session = openSession(options);
    const directory = directoryUrl(options.directory);
    const { accountKeyAlgorithm: keyAlgorithm = 'ECDSA-P256', externalAccountBinding } = options;
    const shared = { store, keyring, crypto, clock, session };
    this.#name = new URL(directory).host;
    this.#context = {
      ...shared,
      account: new IssuerAccount({ ...shared, directory, email, keyAlgorithm, externalAccountBinding }),
      logger,
      sleep: timerSleep,
      solvers: [...options.solvers],
      profile: options.profile,
      preferredChain: options.preferredChain,
      waitMs,
      leaseMs: Math.max(LEASE_MS, EXCHANGES_A_LEASE * timeoutMs),
    };
    this.#tlsAlpn = new TlsAlpnResponder(this.#context);
  }

  /**
   * The `Issuer` port: idempotent by `requestId`. It works on the request's order for `waitMs` and then tells it as pending; asking again goes on
   * with the same order, whichever instance is asked and whatever has crashed.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT, GENERAL_NAME_INVALID, CSR_INVALID: nothing is ordered
   * @throws {ConflictError} REQUEST_ID_REUSED: the id was used for another request
   * @throws {AcmeError} ACME_CHALLENGE_FAILED, ACME_ORDER_FAILED, ACME_CERTIFICATE_UNFIT: the order has come to nothing, and asking again
   *   places another
   * @throws {AcmeError} ACME_UNAVAILABLE, ACME_PROTOCOL, ACME_RATE_LIMITED, ACME_REFUSED, ACME_UNSUPPORTED, ACME_EXTERNAL_ACCOUNT_REQUIRED,
   *   ACME_NO_SOLVER, ACME_SOLVER_FAILED: asking again goes on where it stopped; `retryAfterMs` says when, where the server does
   * @throws {ChanceryError} ABORTED
   * @throws {SealError} any of its codes: the keyring does not open the account's key
   * @throws {StorageError} any of its codes
   */
  async requestCertificate(request: CertificateRequest): Promise<CertificateRequestResult> {
    return requestCertificate(this.#context, request);
  }

  /**
   * Revokes a certificate in the account's name (RFC 8555 section 7.6). One that is revoked already is a success. Where the server does not take the
   * reason from subscribers, it is revoked without.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: `certificateDer` is no bytes, or an unknown reason
   * @throws {AcmeError} as {@link AcmeClient}
   */
  async revokeCertificate(request: RevocationRequest): Promise<void> {
    requireObject(request, 'revokeCertificate() request');
    requireDer(request.certificateDer);
    return revokeInAccount(this.#context, request);
  }

  /**
   * Asks when a certificate is best renewed (RFC 9773).
   *
   * @returns undefined where the server does not tell, or does not know the certificate
   * @throws {InvalidInputError} INVALID_ARGUMENT, CERTIFICATE_INVALID
   * @throws {AcmeError} ACME_UNAVAILABLE, ACME_PROTOCOL, ACME_RATE_LIMITED
   */
  async renewalInfo(request: RenewalInfoRequest): Promise<RenewalInfo | undefined> {
    requireObject(request, 'renewalInfo() request');
    const { certificateDer, signal } = request;
    requireDer(certificateDer);
    try {
      return await renewalInfo(this.#context, certificateDer, { ...(signal && { signal }) });
    } catch (error) {
      const isUnknown = error instanceof AcmeError && (error.code === 'ACME_UNSUPPORTED' || error.facts.status === 404);
      if (isUnknown || isProblem(error, 'malformed')) return undefined;
      throw error;
    }
  }

  /** What answers http-01: mount it at `/.well-known/acme-challenge/:token` on port 80. It answers for every instance on the storage. */
  http01Responder(): Http01Responder {
    return http01Responder(this.#context);
  }

  /**
   * What answers tls-alpn-01: the certificate for a connection that offers `acme-tls/1`.
   *
   * @param name - the connection's SNI
   * @returns undefined where no challenge is open for the name
   * @throws {StorageError} any of its codes
   */
  tlsAlpnCertificate(name: string): Promise<TlsAlpnCertificate | undefined> {
    return this.#tlsAlpn.certificate(name);
  }

  /**
   * Whether a tls-alpn-01 challenge is open for a name, by any instance. However many names are asked for, the storage is read four times a second at
   * the most: an answer may take a quarter of one.
   *
   * @param name - the connection's SNI
   * @returns undefined where that is not known: more than 1,000 are open, or 10,000 callers wait to be told
   * @throws {StorageError} any of its codes
   */
  isChallengeOpen(name: string): Promise<boolean | undefined> {
    return this.#tlsAlpn.isOpen(name);
  }

  /** The account's URL at the server. The account is made if there is none. @throws {AcmeError} as the server refuses it */
  async accountUrl(): Promise<string> {
    return (await this.#context.account.open()).accountUrl as string;
  }

  /**
   * Replaces the account's key (RFC 8555 section 7.3.5), for all instances. Cut short anywhere, the next use finds out which key the server has.
   *
   * @throws {AcmeError} ACME_UNSUPPORTED: the server does not offer it; or as {@link AcmeClient}
   */
  rotateAccountKey(): Promise<void> {
    return this.#context.account.changeKey();
  }

  /** Taking away what abandoned orders left with solvers, and re-sealing the account's key. */
  maintenance(): MaintenanceTask[] {
    return [challengeTask(this.#context, this.#name), resealTask(this.#context, this.#name)];
  }
}

function requireDer(certificateDer: unknown): void {
  if (!isBytes(certificateDer))
    throw new InvalidInputError('INVALID_ARGUMENT', 'certificateDer must be the bytes of a certificate');
}
