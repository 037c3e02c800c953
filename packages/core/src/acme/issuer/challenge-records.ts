import type { AcmeIdentifier } from '../../errors/acme-error.ts';
import { parseIpAddress } from '../../x509/name/ip-address.ts';
import type { acmeChallenges } from './collections.ts';

/** What is kept of an open challenge: the value of its document. */
export type StoredChallenge = Parameters<typeof acmeChallenges.encode>[1];

const NIBBLES = 2;

/** The id of a challenge's document: by what the server will ask for. */
export function challengeId({
  type,
  token,
  identifier,
}: Pick<StoredChallenge, 'type' | 'token' | 'identifier'>): string {
  return type === 'tls-alpn-01' ? `${type}/${serverName(identifier)}` : `${type}/${token}`;
}

/** The SNI that a server sends when it validates tls-alpn-01: for an address its name in reverse DNS (RFC 8738 section 6). */
export function serverName({ type, value }: AcmeIdentifier): string {
  const octets = type === 'ip' ? parseIpAddress(value) : undefined;
  if (octets === undefined) return value.toLowerCase();
  if (octets.length === 4) return `${[...octets].reverse().join('.')}.in-addr.arpa`;
  const hex = Array.from(octets, (octet) => octet.toString(16).padStart(NIBBLES, '0')).join('');
  return `${[...hex].reverse().join('.')}.ip6.arpa`;
}
