import type { Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import type { Abortable } from '../../ports/abortable.ts';
import type { Logger } from '../../ports/logger.ts';
import type { Timer } from '../../ports/timer.ts';
import type { Closing } from '../closing.ts';
import type { CertificatePem } from '../contexts/certificate-pem.ts';
import type { ContextMaker } from '../contexts/context-maker.ts';
import { withDeadline } from '../deadline.ts';
import { LruMap } from '../lru-map.ts';
import { codeOf } from '../names/freshness.ts';
import type { RateBudget } from '../rate-budget.ts';
import { hostName } from '../server-name.ts';

/** The protocol of tls-alpn-01 (RFC 8737 section 6.2). */
export const ACME_TLS = 'acme-tls/1';

const ANSWER_MS = 10_000;
/** A validation comes from several places at once, and whoever pretends to be one as often as they like. */
const MOST_CONTEXTS = 50;

/** Who has the certificates that answer tls-alpn-01 challenges: an `AcmeIssuer`. */
export interface TlsAlpnSource {
  /** @returns undefined where no challenge is open for that name */
  tlsAlpnCertificate(name: string, options?: Abortable): Promise<CertificatePem | undefined>;
  /**
   * Whether a challenge is open for a name, at a cost that does not grow with how many are asked for: then strangers cannot use up the look-ups that
   * a validation needs.
   *
   * @returns undefined where that is not known
   */
  isChallengeOpen?(name: string, options?: Abortable): Promise<boolean | undefined>;
}

/** What challenges are answered with. */
export interface ChallengeResponderOptions {
  readonly source: TlsAlpnSource;
  readonly maker: ContextMaker;
  /** How many challenges may be looked up of which it is not known whether they are open. */
  readonly budget: RateBudget;
  readonly timer: Timer;
  readonly logger: Logger | undefined;
  readonly closing: Closing;
}

/** Answers tls-alpn-01 challenges (RFC 8737): a handshake with the challenge's certificate, and nothing after it. */
export class ChallengeResponder {
  readonly #options: ChallengeResponderOptions;
  readonly #contexts = new LruMap<string, SecureContext>(MOST_CONTEXTS);

  constructor(options: ChallengeResponderOptions) {
    this.#options = options;
  }

  /** Answers a connection whose ClientHello offers acme-tls/1 alone, or cuts it off. */
  async answer(socket: Socket, serverName: string | undefined): Promise<void> {
    const { timer, logger, closing } = this.#options;
    const cutOff = () => void socket.destroy();
    socket.on('error', cutOff);
    const name = hostName(serverName);
    try {
      const context = name && (await withDeadline(timer, ANSWER_MS, closing, (signal) => this.#context(name, signal)));
      if (context === undefined || context === '') cutOff();
      else if (!socket.destroyed) this.#shakeHands(socket, context);
    } catch (error) {
      cutOff();
      logger?.warn('A tls-alpn-01 challenge could not be answered', { name, error: codeOf(error) });
    }
  }

  async #context(name: string, signal: AbortSignal): Promise<SecureContext | undefined> {
    const { source, budget } = this.#options;
    const isOpen = await this.#isOpen(name, signal);
    if (isOpen === false || (isOpen === undefined && !budget.take())) return undefined;
    const pem = await source.tlsAlpnCertificate(name, { signal });
    return pem && this.#contextOf(pem, name);
  }

  /** A source that cannot say is asked for the challenge itself, as often as the budget allows. */
  async #isOpen(name: string, signal: AbortSignal): Promise<boolean | undefined> {
    const { source } = this.#options;
    try {
      return await source.isChallengeOpen?.(name, { signal });
    } catch {
      return undefined;
    }
  }

  #contextOf(pem: CertificatePem, name: string): SecureContext {
    const made = this.#contexts.get(pem.certPem);
    if (made !== undefined) return made;
    const context = this.#options.maker.make(pem, `the tls-alpn-01 challenge for ${name}`);
    this.#contexts.set(pem.certPem, context);
    return context;
  }

  #shakeHands(socket: Socket, secureContext: SecureContext): void {
    const callOff = this.#options.timer(ANSWER_MS, () => socket.destroy());
    const secured = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: [ACME_TLS] });
    // No application data is exchanged (RFC 8737 section 3).
    secured.once('secure', () => secured.end());
    secured.on('error', () => secured.destroy());
    secured.on('data', () => secured.destroy());
    secured.once('close', callOff);
  }
}
