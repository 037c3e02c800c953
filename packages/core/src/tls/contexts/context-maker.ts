import { createSecureContext, type SecureContext } from 'node:tls';
import { InvalidInputError } from '../../errors/families.ts';
import { parseCertificates } from '../../x509/certificate/certificate.ts';
import type { CertificatePem } from './certificate-pem.ts';
import { isOneKind } from './key-fits.ts';

/** Whose client certificates are accepted (mutual TLS). */
export interface ClientTrust {
  /** Root certificates, PEM. */
  readonly trustAnchorsPem: string | readonly string[];
  /**
   * CRLs, PEM, of every CA on the paths, as `authority.crlBundlePem()` gives them. With CRLs a client whose path is not covered by a
   * current one is refused.
   */
  readonly crlPem?: string | readonly string[];
}

/** What `tls.createSecureContext` and a server take for client certificates. */
export interface TrustOptions {
  readonly ca: string[];
  readonly crl?: string[];
}

/** Makes contexts, all with the same trust in clients. */
export class ContextMaker {
  #trust: TrustOptions;

  /** @throws {InvalidInputError} CERTIFICATE_INVALID, PEM_INVALID, CRL_INVALID: an anchor or a CRL cannot be read */
  constructor(trust: ClientTrust | undefined) {
    this.#trust = checkedTrust(trust);
  }

  /** Without anchors nobody is trusted: an empty list keeps the public roots of the runtime out. */
  get trust(): TrustOptions {
    return this.#trust;
  }

  /** @throws {InvalidInputError} CERTIFICATE_INVALID, PEM_INVALID, CRL_INVALID: an anchor or a CRL cannot be read; the earlier trust stays */
  setTrust(trust: ClientTrust): void {
    this.#trust = checkedTrust(trust);
  }

  /**
   * Makes a context: about 2 ms of CPU, and 30 to 40 KiB for as long as it lives.
   *
   * @param what whose certificate it is, for the error
   * @throws {InvalidInputError} KEY_INVALID: the chain or the key cannot be read, or they do not belong together
   */
  make({ certPem, keyPem }: CertificatePem, what: string): SecureContext {
    try {
      if (isOneKind({ certPem, keyPem })) return createSecureContext({ cert: certPem, key: keyPem, ...this.#trust });
    } catch (error) {
      throw unusable(what, String((error as { readonly code?: unknown }).code ?? 'unknown'));
    }
    throw unusable(what, 'the key is of another kind than the certificate');
  }
}

/** What OpenSSL says is left out but for its code: it is about a text that holds a key. */
function unusable(what: string, reason: string): InvalidInputError {
  const message = `The chain and the key of ${what} do not make a TLS context: ${reason}`;
  return new InvalidInputError('KEY_INVALID', message, { facts: { reason } });
}

function checkedTrust(trust: ClientTrust | undefined): TrustOptions {
  if (trust === undefined) return { ca: [] };
  const list = (texts: string | readonly string[]) => (typeof texts === 'string' ? [texts] : [...texts]);
  const ca = list(trust.trustAnchorsPem);
  // OpenSSL passes over an anchor that it cannot read.
  for (const pem of ca) parseCertificates(pem);
  if (trust.crlPem === undefined) return { ca };
  const crl = list(trust.crlPem);
  try {
    createSecureContext({ ca, crl });
  } catch (cause) {
    throw new InvalidInputError('CRL_INVALID', 'clientTrust holds a CRL that cannot be read', { cause });
  }
  return { ca, crl };
}
