import type { AeadKey } from '../ports/crypto.ts';
import { cannotOpen, checkLength, KEY_LENGTH, NONCE_LENGTH, TAG_LENGTH } from './aead.ts';

/**
 * Imports an AES-256-GCM key into a WebCrypto implementation. A browser's will do: nothing here is of Node alone.
 *
 * @param subtle the implementation
 * @param key 32 bytes; they may be overwritten once the promise has resolved
 * @returns the key, which cannot be exported again
 * @throws {InvalidInputError} INVALID_ARGUMENT: the key has another length
 */
export async function importWebCryptoAeadKey(subtle: SubtleCrypto, key: Uint8Array): Promise<AeadKey> {
  checkLength('key', KEY_LENGTH, key);
  const handle = await subtle.importKey('raw', key as BufferSource, 'AES-GCM', false, ['encrypt', 'decrypt']);
  return new WebCryptoAeadKey(subtle, handle);
}

class WebCryptoAeadKey implements AeadKey {
  readonly #subtle: SubtleCrypto;
  readonly #key: CryptoKey;

  constructor(subtle: SubtleCrypto, key: CryptoKey) {
    this.#subtle = subtle;
    this.#key = key;
  }

  async seal(nonce: Uint8Array, plaintext: Uint8Array, output: Uint8Array): Promise<void> {
    checkLength('output', plaintext.length + TAG_LENGTH, output);
    output.set(new Uint8Array(await this.#subtle.encrypt(gcm(nonce), this.#key, plaintext as BufferSource)));
  }

  async open(nonce: Uint8Array, ciphertext: Uint8Array, output: Uint8Array): Promise<void> {
    const parameters = gcm(nonce);
    if (ciphertext.length < TAG_LENGTH) throw cannotOpen();
    checkLength('output', ciphertext.length - TAG_LENGTH, output);
    let plaintext: ArrayBuffer;
    try {
      plaintext = await this.#subtle.decrypt(parameters, this.#key, ciphertext as BufferSource);
    } catch (cause) {
      throw cannotOpen(cause);
    }
    output.set(new Uint8Array(plaintext));
  }
}

function gcm(nonce: Uint8Array): AesGcmParams {
  checkLength('nonce', NONCE_LENGTH, nonce);
  return { name: 'AES-GCM', iv: nonce as BufferSource, tagLength: TAG_LENGTH * 8 };
}
