import { isIP } from 'node:net';

/** A stretch of addresses: those that agree with `octets` in their first `bits`. */
export interface AddressBlock {
  /** 4 or 16. */
  readonly octets: Uint8Array;
  readonly bits: number;
}

/**
 * Reads an IP address.
 *
 * @param text - without a zone
 * @returns 4 or 16 octets, or undefined where the text is not an address
 */
export function addressOctets(text: string): Uint8Array | undefined {
  const family = text.includes('%') ? 0 : isIP(text);
  if (family === 4) return Uint8Array.from(text.split('.'), Number);
  if (family === 0) return undefined;
  const [head = '', tail] = text.split('::');
  const before = groupOctets(head);
  const after = groupOctets(tail ?? '');
  return Uint8Array.from([...before, ...new Array<number>(16 - before.length - after.length).fill(0), ...after]);
}

/**
 * Reads a block in CIDR notation.
 *
 * @param text - such as `10.0.0.0/8`
 * @returns undefined where the text is not a block
 */
export function addressBlock(text: string): AddressBlock | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const octets = addressOctets(address);
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : Number.NaN;
  if (octets === undefined || rest.length > 0 || !(bits <= octets.length * 8)) return undefined;
  return { octets, bits };
}

/** Whether an address lies in a block. One of the other family never does. */
export function isInBlock(address: Uint8Array, { octets, bits }: AddressBlock): boolean {
  if (address.length !== octets.length) return false;
  return address.every((octet, at) => {
    const counted = Math.min(Math.max(bits - at * 8, 0), 8);
    return (octet ^ (octets[at] as number)) >> (8 - counted) === 0;
  });
}

function groupOctets(groups: string): number[] {
  if (groups === '') return [];
  return groups.split(':').flatMap((group) => {
    if (group.includes('.')) return group.split('.').map(Number);
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}
