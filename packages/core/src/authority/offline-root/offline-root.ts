import { signatureAlgorithmFor } from '../../crypto/algorithms.ts';
import { defaultCrypto } from '../../crypto/node-provider.ts';
import { fromBase64, toBase64 } from '../../encoding/base64.ts';
import { encodePem } from '../../encoding/pem.ts';
import { ChanceryError } from '../../errors/chancery-error.ts';
import { requireObject } from '../../errors/require-object.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider, KeyAlgorithm, PrivateKey } from '../../ports/crypto.ts';
import { systemClock } from '../../ports/system-clock.ts';
import { type Certificate, parseCertificate } from '../../x509/certificate/certificate.ts';
import { buildCrl } from '../../x509/crl/crl-builder.ts';
import type { CrlReason } from '../../x509/crl/crl-reason.ts';
import { buildCaCertificate } from '../ca-certificate.ts';
import type { SignedCrl } from '../crl/signed-crl.ts';
import { PathGate } from '../issuance/path-gate.ts';
import { parseCaSubject } from '../policy/subject-text.ts';
import { requireRevocationReason } from '../revocation-reason.ts';
import { DAY, requireDays } from '../validity.ts';
import { checkIntermediateRequest, type SignIntermediateOptions } from './intermediate-request.ts';
import {
  changeIssued,
  describeIssued,
  type RootIssuedCertificate,
  releaseIssued,
  revokeIssued,
} from './issued-intermediates.ts';
import { createRootFileKey, type RootFileKey, readRootFile, writeRootFile } from './root-file.ts';
import type { IssuedIntermediateState, RootState } from './root-state.ts';

/** What `OfflineRoot.create` is asked for. */
export interface CreateRootOptions {
  /** RFC 4514, such as `CN=Example Root CA,O=Example`. */
  readonly subject: string;
  /** `ECDSA-P384` by default. */
  readonly keyAlgorithm?: KeyAlgorithm;
  /** 3650 (ten years) by default; at most 36500. */
  readonly validityDays?: number;
  /** 15 characters or more. Whoever has it and the file has the root. */
  readonly passphrase: string;
  readonly clock?: Clock;
  readonly crypto?: CryptoProvider;
}

/** What an open root works with. */
export interface OpenRootOptions {
  readonly clock?: Clock;
  readonly crypto?: CryptoProvider;
}

/**
 * A root CA that never touches storage. Its whole state (key, certificate, intermediates signed, revocations, CRL number) is one encrypted
 * file; every change returns a new file, which replaces the last one wherever the host keeps it. Open it, sign, save, close.
 *
 * @example
 * ```ts
 * const { root, file } = await OfflineRoot.create({ subject: 'CN=Example Root CA,O=Example', passphrase });
 * ```
 */
export class OfflineRoot {
  readonly #crypto: CryptoProvider;
  readonly #clock: Clock;
  readonly #certificate: Certificate;
  #state: RootState;
  #secrets: { readonly key: PrivateKey; readonly fileKey: RootFileKey } | undefined;
  /** Changes run one after another: two of them never share a revision or a CRL number. */
  #queue: Promise<unknown> = Promise.resolve();

  private constructor(state: RootState, key: PrivateKey, fileKey: RootFileKey, crypto: CryptoProvider, clock: Clock) {
    this.#state = state;
    this.#secrets = { key, fileKey };
    this.#certificate = parseCertificate(fromBase64(state.certificate));
    this.#crypto = crypto;
    this.#clock = clock;
  }

  /**
   * Makes a root: a key, and a self-signed certificate with critical basic constraints and key usages keyCertSign and cRLSign.
   *
   * @returns the open root, and its first file
   * @throws {InvalidInputError} PASSPHRASE_TOO_SHORT: fewer than 15 characters; NAME_INVALID: the subject is malformed, empty or deceptive;
   *   INVALID_ARGUMENT: `validityDays` is not a whole number from 1 to 36500
   */
  static async create(options: CreateRootOptions): Promise<{ root: OfflineRoot; file: Uint8Array }> {
    requireObject(options, 'OfflineRoot.create() options');
    const { crypto = defaultCrypto, clock = systemClock, validityDays = 3650 } = options;
    requireDays('validityDays', validityDays, 36_500);
    const subject = parseCaSubject(options.subject);
    const fileKey = await createRootFileKey(options.passphrase, crypto);
    const key = await crypto.generateKey(options.keyAlgorithm ?? 'ECDSA-P384');
    const now = clock.now();
    const certificate = await buildCaCertificate(
      {
        subject,
        spki: key.publicKey.spki,
        issuer: { name: subject, key, certificate: undefined },
        now,
        notAfter: now + validityDays * DAY,
      },
      crypto,
    );
    const pkcs8 = await crypto.exportPrivateKey(key);
    const state: RootState = {
      revision: 1,
      certificate: toBase64(certificate),
      privateKey: toBase64(pkcs8),
      crlNumber: 0,
      issued: [],
    };
    pkcs8.fill(0);
    return {
      root: new OfflineRoot(state, key, fileKey, crypto, clock),
      file: await writeRootFile(state, fileKey, crypto),
    };
  }

  /**
   * Opens a root from its file. Derives the key with the file's own scrypt cost, refused past N = 2^20.
   *
   * @param file - what `create` or the last change returned
   * @throws {InvalidInputError} ROOT_FILE_INVALID: not such a file
   * @throws {SealError} ROOT_PASSPHRASE_WRONG: the passphrase does not open it, or it was tampered with
   */
  static async open(
    file: Uint8Array | string,
    passphrase: string,
    options: OpenRootOptions = {},
  ): Promise<OfflineRoot> {
    requireObject(options, 'OfflineRoot.open() options');
    const { crypto = defaultCrypto, clock = systemClock } = options;
    const { state, fileKey } = await readRootFile(file, passphrase, crypto);
    const pkcs8 = fromBase64(state.privateKey);
    const key = await crypto.importPrivateKey(pkcs8);
    pkcs8.fill(0);
    return new OfflineRoot(state, key, fileKey, crypto, clock);
  }

  /** The trust anchor, for relying parties. */
  get certificatePem(): string {
    return this.#certificate.toPem();
  }

  /** Counts the changes from 1: the file with the highest revision is the newest. */
  get revision(): number {
    return this.#state.revision;
  }

  /** Every intermediate signed so far, oldest first. */
  get issued(): readonly RootIssuedCertificate[] {
    return this.#state.issued.map(describeIssued);
  }

  /**
   * Signs an intermediate CA certificate for a CSR.
   *
   * @param csr - PKCS#10, PEM or DER, as `CertificateAuthority.requestIntermediate` makes it
   * @param options - `validityDays` (1825), `pathLength` (0), name constraints, where the root's CRL and certificate are served
   * @returns the certificate, and the root's file after the change
   * @throws {InvalidInputError} CSR_INVALID, CSR_SIGNATURE_INVALID, KEY_INVALID, KEY_UNSUPPORTED, INVALID_ARGUMENT
   * @throws {PolicyError} ISSUANCE_REFUSED: weak key, no subject, the root's own name or key, a validity beyond the root's; or a relying
   *   party would not accept the path
   * @throws {ChanceryError} ABORTED: the root was closed
   */
  signIntermediate(
    csr: string | Uint8Array,
    options: SignIntermediateOptions = {},
  ): Promise<{ certificatePem: string; file: Uint8Array }> {
    return this.#change(async (state, key) => {
      const now = this.#clock.now();
      const request = await checkIntermediateRequest(csr, options, this.#certificate, now, this.#crypto);
      const der = await buildCaCertificate(
        { ...request, issuer: { name: this.#certificate.subject, key, certificate: this.#certificate }, now },
        this.#crypto,
      );
      // What no relying party would accept must not leave: it could only be taken back by the next CRL.
      const gate = new PathGate(
        { certificate: undefined, trustAnchor: this.#certificate },
        { crypto: this.#crypto, clock: this.#clock },
      );
      await gate.pass(der, { keyUsage: ['keyCertSign', 'cRLSign'] });
      const certificate = parseCertificate(der);
      const issued: IssuedIntermediateState = {
        serialNumber: certificate.serialNumber,
        subject: certificate.subject.toString(),
        notBefore: certificate.notBefore.getTime(),
        notAfter: certificate.notAfter.getTime(),
        pathLength: request.pathLength,
        certificate: toBase64(der),
        issuedAt: now,
      };
      return {
        result: { certificatePem: certificate.toPem() },
        state: { ...state, issued: [...state.issued, issued] },
      };
    });
  }

  /**
   * Revokes an intermediate. The revocation reaches the world with the next `crl()`.
   *
   * @param serialNumber - the intermediate's, lower-case hex
   * @param options - `reason`: `unspecified` by default; one with `certificateHold` can be released, or revoked for another reason
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND: this root signed no such serial number
   * @throws {ConflictError} ALREADY_REVOKED
   * @throws {InvalidInputError} INVALID_ARGUMENT: an unknown reason, or removeFromCRL
   * @throws {ChanceryError} ABORTED: the root was closed
   */
  revokeIntermediate(
    serialNumber: string,
    options: { readonly reason?: CrlReason } = {},
  ): Promise<{ file: Uint8Array }> {
    return this.#change(async (state) => {
      requireObject(options, 'revokeIntermediate() options');
      const { reason = 'unspecified' } = options;
      requireRevocationReason(reason);
      const now = this.#clock.now();
      return { result: {}, state: changeIssued(state, serialNumber, (entry) => revokeIssued(entry, reason, now)) };
    });
  }

  /**
   * Takes an intermediate off hold. The next `crl()` lists it no more.
   *
   * @throws {NotFoundError} CERTIFICATE_NOT_FOUND: this root signed no such serial number
   * @throws {ConflictError} NOT_ON_HOLD
   * @throws {ChanceryError} ABORTED: the root was closed
   */
  releaseIntermediate(serialNumber: string): Promise<{ file: Uint8Array }> {
    return this.#change(async (state) => ({ result: {}, state: changeIssued(state, serialNumber, releaseIssued) }));
  }

  /**
   * Signs the root's CRL. Its number is the larger of the last one plus 1 and the Unix time in seconds, so that a root opened from an old file
   * cannot repeat a number.
   *
   * @param options - `nextUpdateDays`: days until the next CRL must be out; 180 by default, at most 3650
   * @throws {InvalidInputError} INVALID_ARGUMENT: `nextUpdateDays` is out of range
   */
  crl(options: { readonly nextUpdateDays?: number } = {}): Promise<{ crl: SignedCrl; file: Uint8Array }> {
    return this.#change(async (state, key) => {
      requireObject(options, 'crl() options');
      const { nextUpdateDays = 180 } = options;
      requireDays('nextUpdateDays', nextUpdateDays, 3650);
      const thisUpdate = Math.floor(this.#clock.now() / 1000) * 1000;
      const number = Math.max(state.crlNumber + 1, thisUpdate / 1000);
      const update = { thisUpdate: new Date(thisUpdate), nextUpdate: new Date(thisUpdate + nextUpdateDays * DAY) };
      const der = await buildCrl(
        {
          issuer: this.#certificate.subject,
          signatureAlgorithm: signatureAlgorithmFor(key.publicKey.kind),
          signingKey: key,
          number: BigInt(number),
          ...update,
          authorityKeyIdentifier: this.#certificate.subjectKeyIdentifier,
          entries: state.issued.flatMap(({ serialNumber, revokedAt, reason }) =>
            revokedAt === undefined ? [] : [{ serialNumber, revokedAt, ...(reason === undefined ? {} : { reason }) }],
          ),
        },
        this.#crypto,
      );
      return {
        result: { crl: { der, pem: encodePem('X509 CRL', der), number, ...update } },
        state: { ...state, crlNumber: number },
      };
    });
  }

  /** Drops the private key and the file's key; every later change is refused. */
  close(): void {
    this.#secrets = undefined;
    this.#state = { ...this.#state, privateKey: '' };
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Runs a change after those before it; the new state counts only once its file is written. */
  #change<T extends object>(
    change: (state: RootState, key: PrivateKey) => Promise<{ result: T; state: RootState }>,
  ): Promise<T & { file: Uint8Array }> {
    const done = this.#queue.then(async () => {
      if (this.#secrets === undefined)
        throw new ChanceryError('ABORTED', 'This offline root was closed: open it from its file');
      const { key, fileKey } = this.#secrets;
      const { result, state } = await change(this.#state, key);
      const next = { ...state, revision: state.revision + 1 };
      const file = await writeRootFile(next, fileKey, this.#crypto);
      // A close() meanwhile has emptied the state: the key must not come back with the new one.
      if (this.#secrets !== undefined) this.#state = next;
      return { ...result, file };
    });
    this.#queue = done.catch(() => undefined);
    return done;
  }
}
