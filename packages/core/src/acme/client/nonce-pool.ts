/** As many as a busy client spends at once. */
const MAX_HELD = 32;

/**
 * Nonces that a server has handed out (RFC 8555 section 6.5), each to be spent once. The newest goes first: servers forget old ones.
 */
export class NoncePool {
  readonly #held: string[] = [];

  add(nonce: string): void {
    this.#held.push(nonce);
    if (this.#held.length > MAX_HELD) this.#held.shift();
  }

  take(): string | undefined {
    return this.#held.pop();
  }
}
