import { z } from 'zod';
import { toBase64Url } from '../encoding/base64.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { PutWrite } from '../ports/storage.ts';
import { defineCollection } from './collection.ts';

const LIFETIME_MS = 3_600_000;
const VERSION_BYTES = 16;

/** One document for each commit that could not otherwise be told apart from one that never happened. Gone after an hour. */
export const receipts = defineCollection({
  name: 'store_receipts',
  schema: z.strictObject({}),
  recordVersion: 1,
  freshIds: true,
});

/**
 * Draws an identifier that nobody else has: a version, or the id of a receipt.
 *
 * @returns 128 random bits in base64url
 */
export function randomVersion(crypto: CryptoProvider): string {
  return toBase64Url(crypto.randomBytes(VERSION_BYTES));
}

/**
 * Makes a receipt to go with a commit. It is there exactly if the commit took effect, for an hour.
 *
 * @returns its write
 */
export function receiptFor(crypto: CryptoProvider, clock: Clock): PutWrite {
  const id = randomVersion(crypto);
  return {
    kind: 'put',
    collection: receipts.name,
    id,
    version: id,
    ifVersion: null,
    data: receipts.encode(id, {}),
    expiresAt: clock.now() + LIFETIME_MS,
  };
}
