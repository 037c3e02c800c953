import { type AddressBlock, addressBlock, addressOctets, isInBlock } from './address-blocks.ts';

const block = (text: string): AddressBlock => addressBlock(text) as AddressBlock;

/**
 * What the IANA IPv4 Special-Purpose Address Registry (RFC 6890) does not call globally reachable, multicast (RFC 5771), and the anycast
 * addresses of 6to4 relays (RFC 7526). The last is global by its number, but answers inside of Azure only, and to whom it sees there.
 */
const IPV4_REFUSED: readonly (readonly [AddressBlock, string])[] = [
  [block('0.0.0.0/8'), 'an address of this network'],
  [block('10.0.0.0/8'), 'a private address'],
  [block('100.64.0.0/10'), 'a shared address of a carrier'],
  [block('127.0.0.0/8'), 'a loopback address'],
  [block('169.254.0.0/16'), 'a link-local address'],
  [block('172.16.0.0/12'), 'a private address'],
  [block('192.0.0.0/24'), 'an address for protocol assignments'],
  [block('192.0.2.0/24'), 'an address for documentation'],
  [block('192.88.99.0/24'), 'an address of 6to4 relays'],
  [block('192.168.0.0/16'), 'a private address'],
  [block('198.18.0.0/15'), 'an address for benchmarks'],
  [block('198.51.100.0/24'), 'an address for documentation'],
  [block('203.0.113.0/24'), 'an address for documentation'],
  [block('224.0.0.0/4'), 'a multicast address'],
  [block('240.0.0.0/4'), 'a reserved address'],
  [block('168.63.129.16/32'), 'an address of cloud metadata'],
];

/** Of the IPv6 addresses, unicast that IANA has handed out is 2000::/3. These are refused by name, and what is left of the rest in general. */
const IPV6_REFUSED: readonly (readonly [AddressBlock, string])[] = [
  [block('::/128'), 'the unspecified address'],
  [block('::1/128'), 'a loopback address'],
  [block('fc00::/7'), 'a private address'],
  [block('fe80::/10'), 'a link-local address'],
  [block('fec0::/10'), 'a private address'],
  [block('ff00::/8'), 'a multicast address'],
  [block('2001::/23'), 'an address for protocol assignments'],
  [block('2001:db8::/32'), 'an address for documentation'],
  [block('3fff::/20'), 'an address for documentation'],
];
const GLOBAL_UNICAST = block('2000::/3');

/** Forms in which an IPv6 address carries an IPv4 address, and where: RFC 4291 section 2.5.5.2, RFC 6052 section 2.1, RFC 3056. */
const EMBEDDING: readonly (readonly [AddressBlock, number])[] = [
  [block('::ffff:0:0/96'), 12],
  [block('64:ff9b::/96'), 12],
  [block('2002::/16'), 2],
];

/**
 * Judges whether an address may be connected to from within a network: only what is reachable from anywhere may.
 *
 * @param address - IPv4 or IPv6, as text
 * @param allowed - blocks that are allowed all the same
 * @returns what kind of address it is that is refused, or undefined where it may be connected to
 */
export function refusedAddress(address: string, allowed: readonly AddressBlock[] = []): string | undefined {
  const octets = addressOctets(address);
  if (octets === undefined) return 'not an address';
  if (allowed.some((each) => isInBlock(octets, each))) return undefined;
  if (octets.length === 4) return kindOf(octets, IPV4_REFUSED);
  const embedded = EMBEDDING.find(([each]) => isInBlock(octets, each));
  if (embedded) {
    const inner = octets.subarray(embedded[1], embedded[1] + 4);
    return allowed.some((each) => isInBlock(inner, each)) ? undefined : kindOf(inner, IPV4_REFUSED);
  }
  return kindOf(octets, IPV6_REFUSED) ?? (isInBlock(octets, GLOBAL_UNICAST) ? undefined : 'a reserved address');
}

function kindOf(octets: Uint8Array, refused: readonly (readonly [AddressBlock, string])[]): string | undefined {
  return refused.find(([each]) => isInBlock(octets, each))?.[1];
}
