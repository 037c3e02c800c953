import { StorageError } from '../../errors/storage-error.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { PrivateKey } from '../../ports/crypto.ts';
import { openField } from '../../store/seal.ts';
import { type Certificate, parseCertificate } from '../../x509/certificate/certificate.ts';
import { keyBits } from '../../x509/ocsp/cert-id.ts';
import { OcspResponseBuilder } from '../../x509/ocsp/ocsp-response-builder.ts';
import type { AuthorityContext } from '../context.ts';
import type { InstalledIntermediate } from '../intermediates/signing-state.ts';
import { mayCertifyResponder, type ResponderEntry, renewResponder, responderKeyPlace } from './renew-responder.ts';

/** Who signs for an intermediate. */
export interface Responder {
  readonly builder: OcspResponseBuilder;
  /** Of the certificate that signs, in epoch milliseconds: nothing that it signs is valid for longer. */
  readonly notAfter: number;
  /** Moves with the signer. */
  readonly version: string;
}

const RETRY_AFTER = 60_000;

/**
 * The responders of an authority's intermediates: each certifies a key of its own for the purpose, so that the intermediate's key
 * rests. One that may certify none, being revoked, on hold or not for ocspSigning, signs its responses itself, as it does its CRLs.
 */
export class Responders {
  readonly #context: AuthorityContext;
  readonly #opened = new Map<string, { readonly version: string; readonly responder: Promise<Responder> }>();
  readonly #issuers = new WeakMap<InstalledIntermediate, Promise<Responder>>();
  /** Until when an intermediate whose renewal failed is served by the responder that it has. */
  readonly #retryAt = new Map<string, number>();

  constructor(context: AuthorityContext) {
    this.#context = context;
  }

  /**
   * The responder of an intermediate, renewed first where it would not outlive a response.
   *
   * @param stored - as it was just read
   */
  async of(
    intermediate: InstalledIntermediate,
    stored: ResponderEntry | undefined,
    options: Abortable,
  ): Promise<Responder> {
    const entry = delegates(intermediate) ? await this.#current(intermediate, stored, options) : undefined;
    return entry === undefined ? this.#issuerItself(intermediate) : this.#open(entry);
  }

  async #current(
    intermediate: InstalledIntermediate,
    stored: ResponderEntry | undefined,
    options: Abortable,
  ): Promise<ResponderEntry | undefined> {
    const { clock, ocsp, logger } = this.#context;
    const now = clock.now();
    const isDue = (present: ResponderEntry) => isSpent(present, intermediate, now, ocsp.validityMs);
    if (stored !== undefined && !isDue(stored)) return stored;
    const usable = stored !== undefined && isValid(stored, now) ? stored : undefined;
    if (usable !== undefined && now < (this.#retryAt.get(intermediate.id) ?? 0)) return usable;
    try {
      return await renewResponder(this.#context, intermediate, isDue, options);
    } catch (error) {
      if (usable === undefined) throw error;
      // What still holds is better than no answer, and the next minute is time enough to try again.
      this.#retryAt.set(intermediate.id, now + RETRY_AFTER);
      logger?.warn('An OCSP responder could not be renewed', { intermediate: intermediate.id, error: String(error) });
      return usable;
    }
  }

  #open(entry: ResponderEntry): Promise<Responder> {
    const known = this.#opened.get(entry.id);
    if (known?.version === entry.version) return known.responder;
    const opened = { version: entry.version, responder: openResponder(this.#context, entry) };
    this.#opened.set(entry.id, opened);
    opened.responder.catch(() => {
      if (this.#opened.get(entry.id) === opened) this.#opened.delete(entry.id);
    });
    return opened.responder;
  }

  #issuerItself(intermediate: InstalledIntermediate): Promise<Responder> {
    const known = this.#issuers.get(intermediate);
    if (known !== undefined) return known;
    const responder = issuerResponder(this.#context, intermediate);
    this.#issuers.set(intermediate, responder);
    responder.catch(() => this.#issuers.delete(intermediate));
    return responder;
  }
}

/** Whether an intermediate leaves its responses to a responder (RFC 6960 section 4.2.2.2). */
export function delegates({ state, certificate, trustAnchor }: InstalledIntermediate): boolean {
  return mayCertifyResponder(state) && [certificate, trustAnchor].every(allowsResponder);
}

function allowsResponder({ extKeyUsage }: Certificate): boolean {
  return extKeyUsage?.some((usage) => usage === 'ocspSigning' || usage === 'anyExtendedKeyUsage') ?? true;
}

/** Whether a responder would end before a response that it signs at `now`, and a new one would not. */
function isSpent(
  { value }: ResponderEntry,
  { certificate }: InstalledIntermediate,
  now: number,
  validityMs: number,
): boolean {
  if (now < value.notBefore) return true;
  return value.notAfter - now < validityMs && value.notAfter < Math.floor(certificate.notAfter.getTime() / 1000) * 1000;
}

function isValid({ value }: ResponderEntry, now: number): boolean {
  return value.notBefore <= now && now <= value.notAfter;
}

async function openResponder(context: AuthorityContext, entry: ResponderEntry): Promise<Responder> {
  const { store, keyring, crypto } = context;
  if (entry.bytes === undefined)
    throw new StorageError('STORAGE_CORRUPT', `The OCSP responder of intermediate ${entry.id} has lost its sealed key`);
  const pkcs8 = await openField(store, keyring, responderKeyPlace(entry.id), entry.bytes);
  const signingKey = await crypto.importPrivateKey(pkcs8);
  pkcs8.fill(0);
  const certificate = parseCertificate(entry.value.certificate).der;
  return responder(context, signingKey, certificate, entry.value.notAfter, entry.version);
}

async function issuerResponder(
  context: AuthorityContext,
  { id, certificate, privateKey }: InstalledIntermediate,
): Promise<Responder> {
  return responder(context, await privateKey(), undefined, certificate.notAfter.getTime(), `issuer ${id}`);
}

async function responder(
  { crypto }: AuthorityContext,
  signingKey: PrivateKey,
  certificate: Uint8Array | undefined,
  notAfter: number,
  version: string,
): Promise<Responder> {
  const keyHash = await crypto.digest('SHA-1', keyBits(signingKey.publicKey.spki));
  const identity = { signingKey, keyHash, ...(certificate === undefined ? {} : { certificate }) };
  return { builder: new OcspResponseBuilder(identity), notAfter, version };
}
