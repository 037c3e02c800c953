import type { BitString } from '../../encoding/der/reader.ts';
import { InvalidInputError } from '../../errors/families.ts';

/**
 * Packs a named bit list as DER wants it (X.690 section 11.2.2): without trailing zero bits.
 *
 * @param names - the names of the bits, from bit 0 on
 * @param set - those that are one; the caller's type keeps unknown names out
 */
export function packNamedBits<Name extends string>(
  names: readonly (Name | undefined)[],
  set: readonly Name[],
): BitString {
  const highest = names.findLastIndex((name) => name !== undefined && set.includes(name));
  const bytes = new Uint8Array(Math.ceil((highest + 1) / 8));
  for (const [bit, name] of names.entries()) {
    if (name !== undefined && set.includes(name)) bytes[bit >> 3]! |= 0x80 >> (bit & 7);
  }
  return { bytes, unusedBits: bytes.length * 8 - (highest + 1) };
}

/**
 * Unpacks a named bit list.
 *
 * @param names - the names of the bits, from bit 0 on; undefined where a bit has no name
 * @returns the names of the bits that are one, in order
 * @throws {InvalidInputError} EXTENSION_INVALID: no bit is one, trailing zero bits, or a bit without a name
 */
export function unpackNamedBits<Name extends string>(
  names: readonly (Name | undefined)[],
  { bytes, unusedBits }: BitString,
): Name[] {
  const length = bytes.length * 8 - unusedBits;
  const isOne = (bit: number): boolean => (bytes[bit >> 3]! & (0x80 >> (bit & 7))) !== 0;
  if (length === 0) throw new InvalidInputError('EXTENSION_INVALID', 'no bit is set');
  if (!isOne(length - 1)) throw new InvalidInputError('EXTENSION_INVALID', 'the bit list ends in zero bits');
  if (length > names.length) throw new InvalidInputError('EXTENSION_INVALID', `bit ${length - 1} has no meaning`);
  const set: Name[] = [];
  for (let bit = 0; bit < length; bit += 1) {
    if (!isOne(bit)) continue;
    const name = names[bit];
    if (name === undefined) throw new InvalidInputError('EXTENSION_INVALID', `bit ${bit} has no meaning`);
    set.push(name);
  }
  return set;
}
