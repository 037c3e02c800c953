import type { SecureContext } from 'node:tls';
import type { ServedCertificate } from '../../ports/certificate-source.ts';
import { LruMap } from '../lru-map.ts';
import type { ContextMaker } from './context-maker.ts';
import { NativeMemory } from './native-memory.ts';

/** One certificate that is ready to be served. */
export interface LoadedCertificate {
  readonly secureContext: SecureContext;
  readonly generation: number;
  readonly names: readonly string[];
  /** Epoch milliseconds. */
  readonly notAfter: number;
}

/**
 * The contexts, one a certificate, however many names it has. A newer generation takes the place of the older one, whose context goes
 * when the last handshake that holds it is over.
 */
export class ContextCache {
  readonly #maker: ContextMaker;
  readonly #contexts: LruMap<string, LoadedCertificate>;
  readonly #memory: NativeMemory;

  /** @param limit how many contexts are kept */
  constructor(maker: ContextMaker, limit: number) {
    this.#maker = maker;
    this.#contexts = new LruMap(limit);
    this.#memory = new NativeMemory(limit);
  }

  get size(): number {
    return this.#contexts.size;
  }

  /** A certificate's context, which counts as used. */
  get(certificateId: string | undefined): LoadedCertificate | undefined {
    return certificateId === undefined ? undefined : this.#contexts.get(certificateId);
  }

  peek(certificateId: string): LoadedCertificate | undefined {
    return this.#contexts.peek(certificateId);
  }

  /**
   * Keeps what was read, unless a newer generation is there: of two reads the older answer may come last.
   *
   * @throws {InvalidInputError} KEY_INVALID: the chain and the key do not fit
   */
  put(served: ServedCertificate): void {
    const { certificateId, generation, names, chainPem, privateKeyPem, notAfter } = served;
    const kept = this.#contexts.peek(certificateId);
    if (kept !== undefined && kept.generation >= generation) return;
    const what = `certificate ${certificateId}, generation ${generation},`;
    const secureContext = this.#maker.make({ certPem: chainPem, keyPem: privateKeyPem }, what);
    const loaded = { secureContext, generation, names, notAfter: notAfter.getTime() };
    if (this.#contexts.set(certificateId, loaded)) this.#memory.dropped();
  }

  /** Lets go of a certificate's context. */
  delete(certificateId: string): void {
    if (this.#contexts.delete(certificateId)) this.#memory.dropped();
  }

  clear(): void {
    this.#contexts.clear();
  }
}
