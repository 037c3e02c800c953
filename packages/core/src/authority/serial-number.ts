import type { CryptoProvider } from '../ports/crypto.ts';

const LENGTH = 20;

/**
 * A random serial number of 20 octets, the most that RFC 5280 section 4.1.2.2 allows: about 158 bits of entropy. The first octet is 0x01 to
 * 0x7f, so that the INTEGER is positive and always of the same length.
 */
export function randomSerialNumber(crypto: CryptoProvider): Uint8Array {
  while (true) {
    const serial = crypto.randomBytes(LENGTH);
    const first = (serial[0] ?? 0) & 0x7f;
    if (first === 0) continue;
    serial[0] = first;
    return serial;
  }
}
