import { createSecretKey, type KeyObject } from 'node:crypto';
import { versions } from 'node:process';

/** Making a KeyObject takes as long as sealing a small value on Node 20. Later, telling bytes from one takes many times as long. */
const TAKES_BYTES = Number.parseInt(versions.node, 10) < 22;
const KEYS_AT_ONCE = 64;

/** A secret key in the form that node:crypto takes up soonest. */
export type NodeSecretKey = Uint8Array | KeyObject;

/** Hands over a key of any length for use at once: the bytes themselves, or a copy of them. */
export const secretKeyOnce: (key: Uint8Array) => NodeSecretKey = TAKES_BYTES ? (key) => key : createSecretKey;

/** Copies a key of 32 bytes for use at any time. */
export const secretKeyCopy: (key: Uint8Array) => NodeSecretKey = TAKES_BYTES ? besideOthers() : createSecretKey;

/** Copies lie side by side: node:crypto would move a short array of its own to other memory at first use. */
function besideOthers(): (key: Uint8Array) => Uint8Array {
  let block = new Uint8Array();
  let next = 0;
  return (key) => {
    if (next === block.length) {
      block = new Uint8Array(KEYS_AT_ONCE * key.length);
      next = 0;
    }
    const copy = block.subarray(next, next + key.length);
    next += key.length;
    copy.set(key);
    return copy;
  };
}
