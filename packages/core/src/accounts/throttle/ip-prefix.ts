import { equalBytes } from '../../encoding/bytes.ts';
import { formatIpAddress, isIpv4Mapped, parseIpAddress } from '../../x509/name/ip-address.ts';

const SITE_OCTETS = 8;
/** `64:ff9b::/96`. */
const TRANSLATED = Uint8Array.of(0, 0x64, 0xff, 0x9b, 0, 0, 0, 0, 0, 0, 0, 0);

/**
 * Reduces an address to what one caller cannot change at will: an IPv4 address as a whole, of IPv6 the /64 that a site is given. An
 * IPv4-mapped IPv6 address (RFC 4291 section 2.5.5.2), as dual-stack sockets report it, is the IPv4 address; and so is one behind the well-known
 * prefix of translators (RFC 6052 section 2.1), or all of IPv4 would be one site.
 *
 * @param text - an address, with or without a zone as in `fe80::1%eth0`
 * @returns undefined where it is not an address
 */
export function ipPrefix(text: string): string | undefined {
  const octets = parseIpAddress(text.replace(/%[A-Za-z0-9._-]{1,32}$/, ''));
  if (octets === undefined) return undefined;
  if (octets.length === 4) return formatIpAddress(octets);
  if (isIpv4Mapped(octets) || equalBytes(octets.subarray(0, 12), TRANSLATED))
    return formatIpAddress(octets.subarray(12));
  const site = new Uint8Array(octets.length);
  site.set(octets.subarray(0, SITE_OCTETS));
  return `${formatIpAddress(site)}/64`;
}
