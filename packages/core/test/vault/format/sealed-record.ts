import { nodeCrypto } from '../../../src/crypto/node-provider.ts';
import type { RecordPlace } from '../../../src/vault/format/envelope.ts';
import { HEADER_LENGTH } from '../../../src/vault/format/envelope.ts';
import type { VaultPrimitives } from '../../../src/vault/format/primitives.ts';
import { type RecordShape, sealRecord } from '../../../src/vault/format/seal-record.ts';

export const crypto = nodeCrypto();

export const place: RecordPlace = {
  namespace: 'app',
  owner: 'ada',
  record: 'diary',
  version: 3,
  keyMode: 'user',
};

/** 32 bytes that are the same in every run. */
export const key = sequence(32, 5);

/** Bytes that do not repeat with any power of two, so that two chunks never look alike. */
export function sequence(length: number, first = 0): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let at = 0; at < length; at++) bytes[at] = (first + at * 7 + Math.floor(at / 251)) % 251;
  return bytes;
}

/** The provider, with a salt that is the same in every run. */
export function withSalt(salt: Uint8Array): VaultPrimitives {
  return {
    randomBytes: () => salt.slice(),
    hmac: (algorithm, hmacKey, data) => crypto.hmac(algorithm, hmacKey, data),
    aeadKey: (aeadKey) => crypto.aeadKey(aeadKey),
  };
}

/** A record of `sequence(length)` under `key` at `place`. */
export function sealedSequence(length: number, shape: RecordShape = {}): Promise<Uint8Array> {
  return sealRecord(crypto, { key, place, ...shape }, sequence(length));
}

/** Takes a sealed record apart: what is in front of the chunks, and each sealed chunk. */
export function partsOf(sealed: Uint8Array): { readonly head: Uint8Array; readonly chunks: Uint8Array[] } {
  const head = sealed.slice(0, HEADER_LENGTH + 56);
  const chunks: Uint8Array[] = [];
  for (let at = head.length; at < sealed.length; at += 16_400) chunks.push(sealed.slice(at, at + 16_400));
  return { head, chunks };
}

/** Gathers what a generator of bytes gives. */
export async function gather(pieces: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(Uint8Array.from(piece));
  return new Uint8Array(Buffer.concat(all));
}

/** Cuts bytes into pieces of one length. */
export async function* inPieces(bytes: Uint8Array, length: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += length) yield bytes.subarray(at, at + length);
}
