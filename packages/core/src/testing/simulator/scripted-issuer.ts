import { fromHex } from '../../encoding/hex.ts';
import { encodePem } from '../../encoding/pem.ts';
import { RateLimitError } from '../../errors/families.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider, PrivateKey } from '../../ports/crypto.ts';
import type { CertificateRequest, CertificateRequestResult, Issuer } from '../../ports/issuer.ts';
import { buildCertificate } from '../../x509/certificate/certificate-builder.ts';
import { CertificateTemplate } from '../../x509/certificate/certificate-template.ts';
import { parseCsr } from '../../x509/csr/csr.ts';
import { encodeSubjectAltName } from '../../x509/extensions/alternative-names.ts';
import { DistinguishedName } from '../../x509/name/distinguished-name.ts';
import { parseGeneralNameText } from '../../x509/name/general-name.ts';

/** A certificate that a scripted issuer has issued. Instants are epoch milliseconds. */
export interface ScriptedCertificate {
  readonly requestId: string;
  readonly names: readonly string[];
  /** Lower-case hex. */
  readonly serialNumber: string;
  /** The serial number of the one that it replaces. */
  readonly replaces: string | undefined;
  readonly issuedAt: number;
  readonly notBefore: number;
  readonly notAfter: number;
}

/** How a scripted issuer meets a request. */
export type ScriptedAnswer = 'issue' | 'fail' | { readonly retryAfterMs: number } | { readonly pendingMs: number };

/** What a scripted issuer works with. */
export interface ScriptedIssuerOptions {
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
  /** How long a certificate lives, milliseconds. Default 90 days. */
  lifetimeMs?(request: CertificateRequest): number;
  /** How a request is met that has no certificate yet. Default: it is issued. */
  answer?(request: CertificateRequest): ScriptedAnswer;
  /** Told of each certificate once. */
  onIssued?(certificate: ScriptedCertificate): void;
}

const DAY = 86_400_000;

/**
 * An issuer for tests that does as it is told: it issues, fails, asks for a rest, or takes its time. Requests are answered by their ids, so
 * that asking again repeats the answer. What is in a CSR it believes.
 */
export class ScriptedIssuer implements Issuer {
  readonly #options: ScriptedIssuerOptions;
  readonly #answers = new Map<string, string>();
  readonly #template = new CertificateTemplate({
    issuer: DistinguishedName.parse('CN=Scripted CA'),
    signatureAlgorithm: 'ECDSA-SHA256',
  });
  #key: PrivateKey | undefined;
  #serial = 0;

  constructor(options: ScriptedIssuerOptions) {
    this.#options = options;
  }

  async requestCertificate(request: CertificateRequest): Promise<CertificateRequestResult> {
    const { requestId } = request;
    const known = this.#answers.get(requestId);
    if (known !== undefined) return { chainPem: known };
    const answer = this.#options.answer?.(request) ?? 'issue';
    if (answer === 'fail') throw new Error('The scripted issuer fails');
    if (answer === 'issue') return { chainPem: await this.#issue(request) };
    if ('pendingMs' in answer) {
      return { pending: true, retryAt: new Date(this.#options.clock.now() + answer.pendingMs) };
    }
    const { retryAfterMs } = answer;
    throw new RateLimitError('RATE_LIMITED', 'The scripted issuer asks for a rest', { retryAfterMs });
  }

  async #issue(request: CertificateRequest): Promise<string> {
    const { clock, crypto, lifetimeMs, onIssued } = this.#options;
    this.#key ??= await crypto.generateKey('ECDSA-P256');
    const issuedAt = clock.now();
    const notBefore = Math.floor(issuedAt / 1_000) * 1_000;
    const notAfter = notBefore + (lifetimeMs?.(request) ?? 90 * DAY);
    const serialNumber = (++this.#serial).toString(16).padStart(16, '0').replace(/^/, '01');
    const der = await buildCertificate(
      {
        template: this.#template,
        signingKey: this.#key,
        serialNumber: fromHex(serialNumber),
        notBefore: new Date(notBefore),
        notAfter: new Date(notAfter),
        subject: DistinguishedName.parse(''),
        spki: parseCsr(request.csrDer).spki,
        extensions: [encodeSubjectAltName(request.subjectAltNames.map(parseGeneralNameText), true)],
      },
      crypto,
    );
    const chainPem = encodePem('CERTIFICATE', der);
    const { requestId, subjectAltNames: names, replaces } = request;
    // Another answer to the same request may have been written meanwhile.
    const known = this.#answers.get(requestId);
    if (known !== undefined) return known;
    this.#answers.set(requestId, chainPem);
    onIssued?.({ requestId, names, serialNumber, replaces, issuedAt, notBefore, notAfter });
    return chainPem;
  }
}
