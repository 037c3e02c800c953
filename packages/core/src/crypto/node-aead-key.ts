import { createCipheriv, createDecipheriv } from 'node:crypto';
import type { AeadKey } from '../ports/crypto.ts';
import { cannotOpen, checkLength, KEY_LENGTH, NONCE_LENGTH, TAG_LENGTH } from './aead.ts';
import { type NodeSecretKey, secretKeyCopy } from './node-secret-key.ts';

const WHOLE_TAG = { authTagLength: TAG_LENGTH };

/** An AES-256-GCM key. */
export class NodeAeadKey implements AeadKey {
  readonly #key: NodeSecretKey;

  /** @throws {InvalidInputError} INVALID_ARGUMENT: the key has another length than 32 bytes */
  constructor(key: Uint8Array) {
    checkLength('key', KEY_LENGTH, key);
    this.#key = secretKeyCopy(key);
  }

  seal(nonce: Uint8Array, plaintext: Uint8Array, output: Uint8Array): void {
    checkLength('nonce', NONCE_LENGTH, nonce);
    checkLength('output', plaintext.length + TAG_LENGTH, output);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce);
    output.set(cipher.update(plaintext));
    cipher.final();
    output.set(cipher.getAuthTag(), plaintext.length);
  }

  open(nonce: Uint8Array, ciphertext: Uint8Array, output: Uint8Array): void {
    checkLength('nonce', NONCE_LENGTH, nonce);
    const end = ciphertext.length - TAG_LENGTH;
    if (end < 0) throw cannotOpen();
    checkLength('output', end, output);
    const decipher = createDecipheriv('aes-256-gcm', this.#key, nonce, WHOLE_TAG);
    decipher.setAuthTag(ciphertext.subarray(end));
    const plaintext = decipher.update(ciphertext.subarray(0, end));
    try {
      decipher.final();
    } catch (cause) {
      plaintext.fill(0);
      throw cannotOpen(cause);
    }
    output.set(plaintext);
  }
}
