import { defaultCrypto } from '../../crypto/node-provider.ts';
import { isBytes } from '../../encoding/bytes.ts';
import type { AcmeIdentifier } from '../../errors/acme-error.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { requireObject } from '../../errors/require-object.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { PrivateKey } from '../../ports/crypto.ts';
import type { RenewalInfo } from '../../ports/issuer.ts';
import { systemClock } from '../../ports/system-clock.ts';
import { keyAuthorization } from '../jws/key-authorization.ts';
import { type CreateAcmeAccountOptions, changeAccount, changeKey, createAccount, listOrders } from './accounts.ts';
import { getCertificate, type RevokeAcmeCertificateOptions, revokeCertificate } from './certificates.ts';
import { type ClientContext, signingKey } from './client-context.ts';
import { type AcmeServerOptions, openSession } from './open-session.ts';
import {
  answerChallenge,
  type CreateAcmeOrderOptions,
  createAuthorization,
  createOrder,
  deactivateAuthorization,
  finalizeOrder,
  getAuthorization,
  getOrder,
} from './orders.ts';
import { renewalInfo } from './renewal-info.ts';
import type {
  AcmeAccount,
  AcmeAuthorization,
  AcmeCertificate,
  AcmeChallenge,
  AcmeDirectory,
  AcmeOrder,
} from './types.ts';

/** What an ACME client is made of. */
export interface AcmeClientOptions extends AcmeServerOptions {
  /** ECDSA on P-256 or P-384, RSA of 2,048 bits or more, or Ed25519, which few servers take. */
  readonly accountKey: PrivateKey;
  /** The account's URL, where it is known. Else call `createAccount`, which finds an account by its key too. */
  readonly accountUrl?: string;
}

/**
 * A client for ACME servers (RFC 8555): the objects of the protocol one by one, each as the server sent it. It keeps nothing but nonces and
 * the directory. `AcmeIssuer` does the whole of it, and survives crashes.
 *
 * Every method that sends something may throw `AcmeError`: ACME_UNAVAILABLE where there was no answer, or status 500 and above; ACME_PROTOCOL
 * where the answer is none of ACME; ACME_RATE_LIMITED and ACME_REFUSED with the server's problem document; and `ChanceryError` ABORTED.
 */
export class AcmeClient {
  readonly #context: ClientContext;

  /**
   * Does no I/O.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: `directory`, `accountKey`, `timeoutMs`, or both `fetch` and `trustAnchorsPem`
   */
  constructor(options: AcmeClientOptions) {
    requireObject(options, 'AcmeClient options');
    requireObject(options.accountKey, 'accountKey');
    const { clock = systemClock, crypto = defaultCrypto, accountKey, accountUrl } = options;
    this.#context = { session: openSession(options), clock, crypto, accountKey, accountUrl };
  }

  /** The account's URL, once it is known. */
  get accountUrl(): string | undefined {
    return this.#context.accountUrl;
  }

  /** Reads the server's directory, at most once an hour. */
  async directory(options: Abortable = {}): Promise<AcmeDirectory> {
    return this.#context.session.directory(signalOf(options).signal);
  }

  /**
   * Makes the account of the client's key, or finds it (RFC 8555 section 7.3).
   *
   * @throws {AcmeError} ACME_EXTERNAL_ACCOUNT_REQUIRED: the server wants `externalAccountBinding`
   * @throws {InvalidInputError} INVALID_ARGUMENT: `externalAccountBinding` is malformed
   */
  createAccount(options: CreateAcmeAccountOptions = {}): Promise<AcmeAccount> {
    return createAccount(this.#context, options);
  }

  /** Reads the account. @throws {InvalidInputError} INVALID_ARGUMENT: its URL is not known */
  getAccount(options: Abortable = {}): Promise<AcmeAccount> {
    return changeAccount(this.#context, undefined, options);
  }

  /** Changes contacts, or agrees to new terms (RFC 8555 sections 7.3.2 and 7.3.3). */
  async updateAccount(
    options: Pick<CreateAcmeAccountOptions, 'contact' | 'termsOfServiceAgreed' | 'signal'>,
  ): Promise<AcmeAccount> {
    requireObject(options, 'updateAccount() options');
    const { contact, termsOfServiceAgreed } = options;
    const change = { ...(contact && { contact }), ...(termsOfServiceAgreed !== undefined && { termsOfServiceAgreed }) };
    return changeAccount(this.#context, change, signalOf(options));
  }

  /** Closes the account for good (RFC 8555 section 7.3.6). */
  deactivateAccount(options: Abortable = {}): Promise<AcmeAccount> {
    return changeAccount(this.#context, { status: 'deactivated' }, options);
  }

  /**
   * Replaces the account's key (RFC 8555 section 7.3.5). From then on the client signs by the new one.
   *
   * @throws {AcmeError} ACME_UNSUPPORTED: the server does not offer it
   */
  changeKey(newKey: PrivateKey, options: Abortable = {}): Promise<void> {
    return changeKey(this.#context, newKey, options);
  }

  /** Lists the URLs of the account's orders; none where the server keeps no list (RFC 8555 section 7.1.2.1). */
  listOrders(options: Abortable & { readonly limit?: number } = {}): Promise<string[]> {
    return listOrders(this.#context, options);
  }

  /** Places an order (RFC 8555 section 7.4). */
  createOrder(options: CreateAcmeOrderOptions): Promise<AcmeOrder> {
    return createOrder(this.#context, options);
  }

  /** Reads an order as the server has it at present (RFC 8555 section 7.1.3). */
  getOrder(url: string, options: Abortable = {}): Promise<AcmeOrder> {
    return getOrder(this.#context, url, options);
  }

  /** Asks to be authorized before any order (RFC 8555 section 7.4.1). @throws {AcmeError} ACME_UNSUPPORTED */
  createAuthorization(identifier: AcmeIdentifier, options: Abortable = {}): Promise<AcmeAuthorization> {
    return createAuthorization(this.#context, identifier, options);
  }

  /** Reads an authorization with its challenges (RFC 8555 section 7.1.4). */
  getAuthorization(url: string, options: Abortable = {}): Promise<AcmeAuthorization> {
    return getAuthorization(this.#context, url, options);
  }

  /** Gives an authorization up (RFC 8555 section 7.5.2). */
  deactivateAuthorization(url: string, options: Abortable = {}): Promise<AcmeAuthorization> {
    return deactivateAuthorization(this.#context, url, options);
  }

  /** What shows, where a challenge says, that this account asked (RFC 8555 section 8.1). @param token - the challenge's */
  async keyAuthorization(token: string): Promise<string> {
    if (typeof token !== 'string') throw new InvalidInputError('INVALID_ARGUMENT', 'token must be a text');
    return keyAuthorization(token, (await signingKey(this.#context)).thumbprint);
  }

  /** Tells the server that a challenge can be validated (RFC 8555 section 7.5.1). @param url - the challenge's */
  answerChallenge(url: string, options: Abortable = {}): Promise<AcmeChallenge> {
    return answerChallenge(this.#context, url, options);
  }

  /** Sends the CSR of an order that is ready (RFC 8555 section 7.4). */
  finalize(
    order: Pick<AcmeOrder, 'url' | 'finalize'>,
    csrDer: Uint8Array,
    options: Abortable = {},
  ): Promise<AcmeOrder> {
    return finalizeOrder(this.#context, order, csrDer, options);
  }

  /** Downloads a certificate with its chain (RFC 8555 section 7.4.2). @param url - the order's `certificate`, or an alternate */
  getCertificate(url: string, options: Abortable = {}): Promise<AcmeCertificate> {
    return getCertificate(this.#context, url, options);
  }

  /**
   * Revokes a certificate by the account's key or its own (RFC 8555 section 7.6). One that is revoked already is a success.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: `certificateDer` is no bytes, or an unknown reason
   */
  async revoke(options: RevokeAcmeCertificateOptions): Promise<void> {
    requireObject(options, 'revoke() options');
    if (!isBytes(options.certificateDer))
      throw new InvalidInputError('INVALID_ARGUMENT', 'certificateDer must be bytes');
    return revokeCertificate(this.#context, options);
  }

  /**
   * Asks when a certificate is best renewed (RFC 9773).
   *
   * @throws {AcmeError} ACME_UNSUPPORTED: the server does not tell
   * @throws {InvalidInputError} CERTIFICATE_INVALID: malformed, or it does not name the key of its issuer
   */
  async renewalInfo(certificateDer: Uint8Array, options: Abortable = {}): Promise<RenewalInfo> {
    return renewalInfo(this.#context, certificateDer, options);
  }
}
