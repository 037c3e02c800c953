// Maps each octet to one character, and no two to the same.
const octets = new TextDecoder('latin1');

/**
 * Makes text of bytes, so that a `Map` finds them by what they hold.
 *
 * @param bytes any
 * @returns equal for equal bytes, and for no others
 */
export function contentKey(bytes: Uint8Array): string {
  return octets.decode(bytes);
}
