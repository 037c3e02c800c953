import { randomBytes } from 'node:crypto';

/** A random serial number of 20 octets, positive and of full length, as every contestant gives one. */
export function randomSerialNumber(): Buffer {
  const bytes = randomBytes(20);
  bytes[0] = 1 + ((bytes[0] as number) % 0x7f);
  return bytes;
}
