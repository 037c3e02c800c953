import type { Buffer } from 'node:buffer';
import { createHmac, hash } from 'node:crypto';
import { isBytes } from '../encoding/bytes.ts';
import { secretKeyOnce } from './node-secret-key.ts';

/** The digests that the SDK authenticates with. */
export type HmacDigest = 'sha1' | 'sha256' | 'sha384' | 'sha512';

/** What is longer gains nothing: it is copied once. */
const LONGEST = 1_024;
const INNER = 0x36;
const OUTER = 0x5c;

/** Where the two hashes of an HMAC have their inputs: a block of the key, then data or the inner digest. */
class Scratch {
  readonly blockLength: number;
  readonly inner: Uint8Array;
  readonly outer: Uint8Array;

  constructor(blockLength: number, digestLength: number) {
    this.blockLength = blockLength;
    this.inner = new Uint8Array(blockLength + LONGEST);
    this.outer = new Uint8Array(blockLength + digestLength);
  }
}

const SCRATCH: Readonly<Record<HmacDigest, Scratch>> = {
  sha1: new Scratch(64, 20),
  sha256: new Scratch(64, 32),
  sha384: new Scratch(128, 48),
  sha512: new Scratch(128, 64),
};

/**
 * Authenticates data by HMAC (RFC 2104). What is short is hashed twice at once: an object for it takes longer than the hashes, and leaves
 * work to the garbage collector.
 *
 * @param digest the hash, by its name in OpenSSL
 * @param key of any length
 * @param data of any length
 * @returns the code
 */
export function nodeHmac(digest: HmacDigest, key: Uint8Array, data: Uint8Array): Buffer {
  const { blockLength, inner, outer } = SCRATCH[digest];
  // What are no bytes after all is for node:crypto to refuse.
  const isShort = isBytes(key) && isBytes(data) && key.length <= blockLength && data.length <= LONGEST;
  if (!isShort) return createHmac(digest, secretKeyOnce(key)).update(data).digest();
  inner.fill(INNER, 0, blockLength);
  outer.fill(OUTER, 0, blockLength);
  for (let at = 0; at < key.length; at++) {
    const byte = key[at] as number;
    inner[at] = byte ^ INNER;
    outer[at] = byte ^ OUTER;
  }
  inner.set(data, blockLength);
  const end = blockLength + data.length;
  // As text, which costs half of what a buffer does. Without the key nothing follows from it.
  const innerDigest = hash(digest, inner.subarray(0, end), 'binary');
  for (let at = 0; at < innerDigest.length; at++) outer[blockLength + at] = innerDigest.charCodeAt(at);
  const code = hash(digest, outer, 'buffer');
  inner.fill(0, 0, end);
  outer.fill(0);
  return code;
}
