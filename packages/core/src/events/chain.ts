import { concatBytes, utf8 } from '../encoding/bytes.ts';
import { fromHex } from '../encoding/hex.ts';
import type { CryptoProvider, MaybePromise } from '../ports/crypto.ts';

const NODE = Uint8Array.of(1);

/** The chain hash of a log without entries: SHA-256 of nothing, as for a Merkle tree without leaves (RFC 6962 section 2.1). */
export const EMPTY_CHAIN = fromHex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');

/**
 * The hash of one entry, as a leaf of a Merkle tree (RFC 6962 section 2.1): SHA-256(0x00 || entry).
 *
 * @param entry - its canonical text, which is hashed in UTF-8
 */
export function hashLeaf(crypto: CryptoProvider, entry: string): MaybePromise<Uint8Array> {
  return crypto.digest('SHA-256', utf8(`\0${entry}`));
}

/**
 * The hash of the chain up to and with an entry: SHA-256(0x01 || chain hash before || leaf hash), which is a node of a Merkle
 * tree whose left child is the whole past.
 */
export function hashChain(crypto: CryptoProvider, before: Uint8Array, leafHash: Uint8Array): MaybePromise<Uint8Array> {
  return crypto.digest('SHA-256', concatBytes([NODE, before, leafHash]));
}
