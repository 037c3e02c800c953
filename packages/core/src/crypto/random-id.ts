import { toHex } from '../encoding/hex.ts';
import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';

const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/**
 * Makes a UUID version 7 (RFC 9562 section 5.7): ids that sort by the millisecond they were made in.
 *
 * @param clock gives the instant in the first 48 bits
 * @param crypto gives the 74 random bits
 * @returns the id in its canonical lower-case form; within one millisecond the order is random
 */
export function uuidv7(clock: Clock, crypto: CryptoProvider): string {
  const bytes = Uint8Array.from(crypto.randomBytes(16));
  const now = clock.now();
  const view = new DataView(bytes.buffer);
  view.setUint32(0, Math.floor(now / 0x10000));
  view.setUint16(4, now % 0x10000);
  bytes[6] = 0x70 | ((bytes[6] as number) & 0x0f);
  bytes[8] = 0x80 | ((bytes[8] as number) & 0x3f);
  const hex = toHex(bytes);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** Whether a value has the form of the ids that `uuidv7` makes, in small letters. */
export function isUuid(value: unknown): value is string {
  return typeof value === 'string' && UUID.test(value);
}
