import type { PolicyViolation } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { isInSubnet, isIpv4Mapped, parseIpAddress, parseIpSubnet } from '../../x509/name/ip-address.ts';

const UNUSABLE = (
  [
    ['0.0.0.0/8', 'name.ip.unspecified', 'stands for "this host"'],
    ['::/128', 'name.ip.unspecified', 'stands for "this host"'],
    ['224.0.0.0/4', 'name.ip.multicast', 'is a multicast address'],
    ['ff00::/8', 'name.ip.multicast', 'is a multicast address'],
    ['255.255.255.255/32', 'name.ip.broadcast', 'is the broadcast address'],
  ] as const
).map(([range, rule, problem]) => ({ subnet: parseIpSubnet(range)!, rule, problem }));

/**
 * Checks an IP address that is to be certified: it must be able to belong to one host.
 *
 * @param value - as parsed from text or from a CSR
 * @returns the rule that it breaks, or undefined
 */
export function checkIpName(value: string): PolicyViolation | undefined {
  const refuse = (rule: string, problem: string): PolicyViolation => ({
    rule,
    value,
    message: `the IP address ${quote(value)} ${problem}`,
  });
  const address = parseIpAddress(value);
  if (address === undefined) return refuse('name.ip', 'is not an IPv4 or IPv6 address');
  // No peer is ever matched against it: TLS clients compare the four octets of the IPv4 address.
  if (isIpv4Mapped(address))
    return refuse('name.ip.v4-mapped', 'is an IPv4 address in disguise; ask for the IPv4 address');
  const unusable = UNUSABLE.find(({ subnet }) => isInSubnet(address, subnet));
  return unusable && refuse(unusable.rule, unusable.problem);
}
