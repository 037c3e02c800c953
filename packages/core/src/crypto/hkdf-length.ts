import { InvalidInputError } from '../errors/families.ts';

/**
 * Checks how much is asked of HKDF: at most 255 digests (RFC 5869 section 2.3).
 *
 * @param algorithm the digest
 * @param length in bytes
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is more, or no natural number
 */
export function checkHkdfLength(algorithm: 'SHA-256' | 'SHA-512', length: number): void {
  const most = 255 * (algorithm === 'SHA-256' ? 32 : 64);
  if (Number.isSafeInteger(length) && length >= 0 && length <= most) return;
  throw new InvalidInputError('INVALID_ARGUMENT', `HKDF with ${algorithm} gives 0 to ${most} bytes, not ${length}`, {
    facts: { length },
  });
}
