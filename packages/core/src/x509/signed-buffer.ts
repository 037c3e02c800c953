import { headerLength, writeHeader } from '../encoding/der/length.ts';
import { Tag } from '../encoding/der/tags.ts';
import type { KeyKind } from '../ports/crypto.ts';
import { encodeSigned } from './signed.ts';

/**
 * A buffer in which something large is written, signed and completed in place: `SEQUENCE { toBeSigned, algorithm,
 * BIT STRING signature }` as of {@link encodeSigned}, without a second copy of what is signed.
 */
export class SignedBuffer {
  /** Where to write what is to be signed: the whole element, tag and length included. */
  readonly toBeSigned: Uint8Array;
  readonly #buffer: Uint8Array;
  readonly #algorithm: Uint8Array;
  readonly #start: number;

  /**
   * @param length of what is to be signed, in bytes
   * @param algorithm the signature's AlgorithmIdentifier
   * @param kind the signing key's kind, which bounds the signature
   */
  constructor(length: number, algorithm: Uint8Array, kind: KeyKind) {
    const bitsLength = 1 + maxSignatureLength(kind);
    const most = length + algorithm.length + headerLength(bitsLength) + bitsLength;
    this.#start = headerLength(most);
    this.#buffer = new Uint8Array(this.#start + most);
    this.#algorithm = algorithm;
    this.toBeSigned = this.#buffer.subarray(this.#start, this.#start + length);
  }

  /**
   * Completes the buffer.
   *
   * @param signature over {@link SignedBuffer.toBeSigned}
   * @returns the whole structure, a view of the buffer
   */
  seal(signature: Uint8Array): Uint8Array {
    const bitsLength = 1 + signature.length;
    const { length } = this.toBeSigned;
    const content = length + this.#algorithm.length + headerLength(bitsLength) + bitsLength;
    if (this.#start + content > this.#buffer.length) return encodeSigned(this.toBeSigned, this.#algorithm, signature);
    // A signature shorter than the longest may need a shorter header, which then starts later.
    const from = this.#start - headerLength(content);
    writeHeader(this.#buffer, from, Tag.sequence, content);
    let at = this.#start + length;
    this.#buffer.set(this.#algorithm, at);
    at = writeHeader(this.#buffer, at + this.#algorithm.length, Tag.bitString, bitsLength);
    this.#buffer[at] = 0;
    this.#buffer.set(signature, at + 1);
    return this.#buffer.subarray(from, at + bitsLength);
  }
}

function maxSignatureLength(kind: KeyKind): number {
  if (kind.type === 'Ed25519') return 64;
  if (kind.type === 'Ed448') return 114;
  if (kind.type === 'RSA') return Math.ceil(kind.modulusBits / 8);
  // ECDSA-Sig-Value: a SEQUENCE of two INTEGERs, each with a sign octet at most (RFC 3279 section 2.2.3).
  return { 'P-256': 72, 'P-384': 104, 'P-521': 139 }[kind.curve];
}
