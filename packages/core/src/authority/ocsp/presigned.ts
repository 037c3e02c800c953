import { contentKey } from '../../x509/path/content-key.ts';
import type { OcspOutcome } from './ocsp-outcome.ts';

/** A response that may be given again. Times in epoch milliseconds. */
export interface PresignedResponse {
  readonly outcome: OcspOutcome;
  readonly serialNumber: string;
  /** The versions of every document that the response was made of. */
  readonly versions: string;
  readonly thisUpdate: number;
  /** From here on it is signed anew. */
  readonly resignAt: number;
  /** When, at the latest, its documents were seen at these versions. */
  readonly checkedAt: number;
}

const MOST = 4_096;
/** Requests of one CertID are about 100 bytes; what is much longer is not worth a place. */
const MAX_REQUEST = 512;

/**
 * The responses that one instance has signed lately, by the request that they answer, byte for byte: clients and proxies send the
 * same one again and again. A response is given without looking at storage for `maxStaleMs` after its documents were seen, then
 * it is checked, and signed anew only where one of them has moved. Nothing of it is stored: nobody who merely asks makes the
 * authority write.
 */
export class PresignedResponses {
  readonly #maxStaleMs: number;
  readonly #responses = new Map<string, PresignedResponse>();
  #generation = 0;

  /** @param maxStaleMs - how long a response is given without looking at storage */
  constructor(maxStaleMs: number) {
    this.#maxStaleMs = maxStaleMs;
  }

  /** Counts what was forgotten: a response made of documents that were read before that is not kept. */
  get generation(): number {
    return this.#generation;
  }

  /** The response that may be given at an instant without any reading. A clock that went back proves nothing fresh. */
  fresh(request: Uint8Array, now: number): PresignedResponse | undefined {
    const response = this.find(request);
    if (response === undefined) return undefined;
    const age = now - response.checkedAt;
    return age >= 0 && age < this.#maxStaleMs && now < response.resignAt ? response : undefined;
  }

  /** The response to a request, however old. */
  find(request: Uint8Array): PresignedResponse | undefined {
    return request.length > MAX_REQUEST ? undefined : this.#responses.get(contentKey(request));
  }

  /**
   * Keeps a response, the most recently checked ones last and the first to be dropped when there are too many.
   *
   * @param generation - that of the moment before its documents were read
   */
  keep(request: Uint8Array, response: PresignedResponse, generation: number): void {
    if (generation !== this.#generation || request.length > MAX_REQUEST) return;
    const key = contentKey(request);
    this.#responses.delete(key);
    for (const oldest of this.#responses.keys()) {
      if (this.#responses.size < MOST) break;
      this.#responses.delete(oldest);
    }
    this.#responses.set(key, response);
  }

  /** Drops every response about a certificate. */
  forget(serialNumber: string): void {
    this.#generation += 1;
    for (const [key, response] of this.#responses) {
      if (response.serialNumber === serialNumber) this.#responses.delete(key);
    }
  }

  /** Drops every response. */
  forgetAll(): void {
    this.#generation += 1;
    this.#responses.clear();
  }
}
