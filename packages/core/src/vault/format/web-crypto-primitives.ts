import { importWebCryptoAeadKey } from '../../crypto/webcrypto-aead-key.ts';
import type { VaultPrimitives } from './primitives.ts';

/** The part of the Web Cryptography API that the format needs: `globalThis.crypto` in a browser, Deno, Bun or Node. */
export interface WebCryptoLike {
  readonly subtle: object;
  /** Fills a `Uint8Array`. Its declared parameter differs from runtime to runtime. */
  getRandomValues(bytes: never): unknown;
}

/**
 * Gives a browser's cryptography to the format.
 *
 * @param webcrypto such as `globalThis.crypto`
 * @returns the primitives
 * @example
 * const record = await openRecord(webCryptoPrimitives(crypto), { key: parseKey(text), place }, sealed);
 */
export function webCryptoPrimitives(webcrypto: WebCryptoLike): VaultPrimitives {
  // Browsers' and Node's types of the one interface differ in their overloads.
  const subtle = webcrypto.subtle as SubtleCrypto;
  return {
    randomBytes(length) {
      const bytes = new Uint8Array(length);
      webcrypto.getRandomValues(bytes as never);
      return bytes;
    },
    async hmac(algorithm, key, data) {
      const parameters = { name: 'HMAC', hash: algorithm };
      const handle = await subtle.importKey('raw', key as BufferSource, parameters, false, ['sign']);
      return new Uint8Array(await subtle.sign('HMAC', handle, data as BufferSource));
    },
    aeadKey: (key) => importWebCryptoAeadKey(subtle, key),
  };
}
