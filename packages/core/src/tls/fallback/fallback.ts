import type { SecureContext } from 'node:tls';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { CertificatePem } from '../contexts/certificate-pem.ts';
import type { ContextMaker } from '../contexts/context-maker.ts';
import { selfSigned } from './self-signed.ts';

const VALIDITY_MS = 365 * 24 * 60 * 60_000;

/** What a handshake is answered with. Without a context it is the server's default. */
export interface Answer {
  readonly secureContext: SecureContext | undefined;
}

/** What the answers are made of. */
export interface FallbackOptions {
  readonly fallback: 'self-signed' | CertificatePem | undefined;
  readonly maker: ContextMaker;
  readonly clock: Clock;
  readonly crypto: CryptoProvider;
}

const SERVERS_DEFAULT: Answer = { secureContext: undefined };

/** What is served under a name that has no certificate. */
export class Fallback {
  readonly #options: FallbackOptions;
  #pem: CertificatePem | undefined;
  #answer: Answer | undefined;
  #making: Promise<Answer> | undefined;
  #renewAt = Number.POSITIVE_INFINITY;

  /** @throws {InvalidInputError} KEY_INVALID: the given chain and key do not fit */
  constructor(options: FallbackOptions) {
    this.#options = options;
    this.reset();
  }

  /** The answer where it is ready. */
  get known(): Answer | undefined {
    // A process may live longer than the certificate: half its life is time enough to make the next, while this one serves.
    if (this.#options.clock.now() >= this.#renewAt) void this.#make().catch(() => undefined);
    return this.#answer;
  }

  /** The answer, made at the first use. */
  async ask(): Promise<Answer> {
    return this.known ?? this.#make();
  }

  /** The certificate and its key; undefined where the server's own default is the answer. */
  async pem(): Promise<CertificatePem | undefined> {
    await this.ask();
    return this.#pem;
  }

  /** Makes the context anew, as when the trust in clients has changed. */
  reset(): void {
    const { fallback, maker } = this.#options;
    if (fallback === undefined) {
      this.#answer = SERVERS_DEFAULT;
      return;
    }
    this.#pem = fallback === 'self-signed' ? this.#pem : fallback;
    this.#answer = this.#pem && { secureContext: maker.make(this.#pem, 'the fallback') };
  }

  #make(): Promise<Answer> {
    this.#making ??= this.#makeSelfSigned().finally(() => {
      this.#making = undefined;
    });
    return this.#making;
  }

  async #makeSelfSigned(): Promise<Answer> {
    const { crypto, clock, maker } = this.#options;
    const now = clock.now();
    this.#pem = await selfSigned(crypto, now, VALIDITY_MS);
    this.#renewAt = now + VALIDITY_MS / 2;
    this.#answer = { secureContext: maker.make(this.#pem, 'the fallback') };
    return this.#answer;
  }
}
