import { InvalidInputError } from '../errors/families.ts';

const KEY_LENGTHS = [16, 24, 32];
const BLOCK = 16;

/**
 * Checks the sizes of an AES-CBC key and initialization vector.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: one has a length that AES does not know
 */
export function checkCbc(key: Uint8Array, iv: Uint8Array): void {
  if (!KEY_LENGTHS.includes(key.length))
    throw new InvalidInputError('INVALID_ARGUMENT', `An AES key has 16, 24 or 32 bytes, not ${key.length}`);
  if (iv.length !== BLOCK)
    throw new InvalidInputError('INVALID_ARGUMENT', `The IV of AES-CBC has ${BLOCK} bytes, not ${iv.length}`);
}
