import { createCipheriv, createHmac } from 'node:crypto';

/** Cobblestone-256, written straight down from its specification and with no regard to speed, to compare with. */
export function referenceSeal(key: Uint8Array, salt: Uint8Array, context: Uint8Array, message: Uint8Array): Buffer {
  const info = Buffer.concat([Buffer.from('c2sp.org/chunked-encryption@v1+AEAD_AES_256_GCM\0'), salt, context]);
  const first = createHmac('sha512', key).update(info).update(Uint8Array.of(1)).digest();
  const second = createHmac('sha512', key).update(first).update(info).update(Uint8Array.of(2)).digest();
  const material = Buffer.concat([first, second]);
  const parts: Uint8Array[] = [salt, material.subarray(44, 76)];
  for (let index = 0; index <= Math.floor(message.length / 16384); index++) {
    const cipher = createCipheriv(
      'aes-256-gcm',
      material.subarray(0, 32),
      chunkNonce(material.subarray(32, 44), index),
    );
    parts.push(
      cipher.update(message.subarray(index * 16384, (index + 1) * 16384)),
      cipher.final(),
      cipher.getAuthTag(),
    );
  }
  return Buffer.concat(parts);
}

/** The base nonce, as a number, XOR the index. */
export function chunkNonce(baseNonce: Uint8Array, index: number): Buffer {
  const nonce = BigInt(`0x${Buffer.from(baseNonce).toString('hex')}`) ^ BigInt(index);
  return Buffer.from(nonce.toString(16).padStart(24, '0'), 'hex');
}
