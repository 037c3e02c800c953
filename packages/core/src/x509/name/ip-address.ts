/**
 * Reads an IP address, strictly: four decimal numbers without leading zeros, or RFC 4291 section 2.2 without a zone.
 *
 * @param text - such as `10.0.0.1` or `2001:db8::1`
 * @returns 4 or 16 octets, or undefined where the text is not an address
 */
export function parseIpAddress(text: string): Uint8Array | undefined {
  return text.includes(':') ? parseIpv6(text) : parseIpv4(text);
}

/**
 * Writes an IP address; IPv6 as RFC 5952 prescribes.
 *
 * @param octets - 4 or 16 of them
 */
export function formatIpAddress(octets: Uint8Array): string {
  return octets.length === 4 ? octets.join('.') : formatIpv6(octets);
}

/** A range of addresses: those that agree with `address` in the bits that `mask` sets. */
export interface IpSubnet {
  /** 4 or 16 octets. */
  readonly address: Uint8Array;
  /** As long as the address. */
  readonly mask: Uint8Array;
}

/**
 * Reads a range of addresses in CIDR notation.
 *
 * @param text - such as `10.0.0.0/8`
 * @returns undefined where the text is not a range
 */
export function parseIpSubnet(text: string): IpSubnet | undefined {
  const slash = text.lastIndexOf('/');
  const address = parseIpAddress(text.slice(0, Math.max(slash, 0)));
  const digits = text.slice(slash + 1);
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(digits)) return undefined;
  const prefixLength = Number(digits);
  if (prefixLength > address.length * 8) return undefined;
  const mask = address.map((_, index) => 0xff & ~(0xff >> Math.min(Math.max(prefixLength - index * 8, 0), 8)));
  return { address, mask };
}

/**
 * Writes a range of addresses in CIDR notation.
 *
 * @returns undefined where the mask is not contiguous: its one-bits do not all come first
 */
export function formatIpSubnet({ address, mask }: IpSubnet): string | undefined {
  const bits = Array.from(mask, (octet) => octet.toString(2).padStart(8, '0')).join('');
  const prefixLength = bits.indexOf('0') === -1 ? bits.length : bits.indexOf('0');
  return bits.includes('1', prefixLength) ? undefined : `${formatIpAddress(address)}/${prefixLength}`;
}

/** Whether an address lies in a range. Addresses of the other family never do. */
export function isInSubnet(address: Uint8Array, subnet: IpSubnet): boolean {
  return (
    address.length === subnet.address.length &&
    address.every((octet, index) => ((octet ^ subnet.address[index]!) & subnet.mask[index]!) === 0)
  );
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split('.', 5);
  if (parts.length !== 4 || !parts.every((part) => /^(0|[1-9]\d{0,2})$/.test(part) && Number(part) <= 255)) {
    return undefined;
  }
  return Uint8Array.from(parts, Number);
}

function parseIpv6(text: string): Uint8Array | undefined {
  if (text.length > 45) return undefined;
  const halves = text.split('::');
  if (halves.length > 2) return undefined;
  const head = parseGroups(halves[0]!, halves.length === 1);
  const tail = halves.length === 2 ? parseGroups(halves[1]!, true) : [];
  if (head === undefined || tail === undefined) return undefined;
  const missing = 8 - head.length - tail.length;
  // "::" stands for at least one group.
  if (halves.length === 2 ? missing < 1 : missing !== 0) return undefined;
  const groups = [...head, ...new Array<number>(missing).fill(0), ...tail];
  return Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
}

/** Reads groups between colons; the last may be an IPv4 address, where the text ends the whole address. */
function parseGroups(text: string, atEnd: boolean): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const words = text.split(':');
  for (const [index, word] of words.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(word)) {
      groups.push(Number.parseInt(word, 16));
      continue;
    }
    const embedded = atEnd && index === words.length - 1 ? parseIpv4(word) : undefined;
    if (embedded === undefined) return undefined;
    groups.push((embedded[0]! << 8) | embedded[1]!, (embedded[2]! << 8) | embedded[3]!);
  }
  return groups;
}

function formatIpv6(octets: Uint8Array): string {
  if (isIpv4Mapped(octets)) return `::ffff:${octets.subarray(12).join('.')}`;
  const groups = Array.from({ length: 8 }, (_, index) => (octets[index * 2]! << 8) | octets[index * 2 + 1]!);
  const { start, length } = longestZeroRun(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(':');
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`;
}

/** Whether 16 octets are an IPv4-mapped address, `::ffff:0:0/96` (RFC 4291 section 2.5.5.2). */
export function isIpv4Mapped(octets: Uint8Array): boolean {
  return octets.length === 16 && octets.every((octet, index) => index > 11 || octet === (index > 9 ? 0xff : 0));
}

function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let length = 0;
  for (const [index, group] of groups.entries()) {
    length = group === 0 ? length + 1 : 0;
    if (length > best.length) best = { start: index - length + 1, length };
  }
  return best;
}
