import type { CryptoProvider } from '@chancery/core';

/** Names requests: a random name of this process, and a count. */
export class RequestIds {
  readonly #process: string;
  #count = 0;

  constructor(crypto: CryptoProvider) {
    this.#process = [...crypto.randomBytes(9)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  }

  next(): string {
    this.#count += 1;
    return `${this.#process}-${this.#count.toString(36)}`;
  }
}
