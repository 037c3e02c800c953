import type { DistinguishedName } from './distinguished-name.ts';
import type { GeneralName } from './general-name.ts';
import { type IpSubnet, isInSubnet, parseIpAddress, parseIpSubnet } from './ip-address.ts';

/** A subtree of a name constraint, made ready for many comparisons. */
export type Subtree = { readonly name: GeneralName } & (
  | { readonly kind: 'dns' | 'uri'; readonly host: string }
  | { readonly kind: 'email'; readonly local: string | undefined; readonly host: string }
  | { readonly kind: 'ip'; readonly subnet: IpSubnet | undefined }
  | { readonly kind: 'directoryName'; readonly base: DistinguishedName }
  | { readonly kind: 'otherName' | 'registeredId' | 'x400Address' | 'ediPartyName' }
);

/** Whether a name lies in subtrees of its own kind. */
export interface SubtreeTest {
  /** For permitted subtrees: everything that the name stands for lies within. */
  readonly isWithin: (subtree: Subtree) => boolean;
  /** For excluded subtrees: something that the name stands for may lie within. */
  readonly mayBeWithin: (subtree: Subtree) => boolean;
}

/**
 * Prepares a subtree.
 *
 * @param name - as {@link NameConstraints} holds it
 */
export function prepareSubtree(name: GeneralName): Subtree {
  switch (name.kind) {
    case 'dns':
    case 'uri':
      return { name, kind: name.kind, host: name.value.toLowerCase() };
    case 'email': {
      const at = name.value.lastIndexOf('@');
      const local = at === -1 ? undefined : name.value.slice(0, at);
      return { name, kind: 'email', local, host: name.value.slice(at + 1).toLowerCase() };
    }
    case 'ip':
      return { name, kind: 'ip', subnet: parseIpSubnet(name.value) };
    case 'directoryName':
      return { name, kind: 'directoryName', base: name.value };
    default:
      return { name, kind: name.kind };
  }
}

/**
 * Prepares a name for comparison with subtrees (RFC 5280 section 4.2.1.10).
 *
 * @param name - read leniently from a certificate
 * @returns undefined for a name that cannot be judged: of a kind without rules, or malformed
 */
export function subtreeTest(name: GeneralName): SubtreeTest | undefined {
  switch (name.kind) {
    case 'dns':
      return hostTest(name.value.toLowerCase());
    case 'email':
      return mailboxTest(name.value);
    case 'uri':
      return uriTest(name.value);
    case 'ip':
      return addressTest(name.value);
    case 'directoryName':
      return always((subtree) => subtree.kind === 'directoryName' && name.value.isWithin(subtree.base));
    default:
      return undefined;
  }
}

function always(test: (subtree: Subtree) => boolean): SubtreeTest {
  return { isWithin: test, mayBeWithin: test };
}

function hostTest(host: string): SubtreeTest | undefined {
  if (!isHost(host.replace(/^\*\./, ''))) return undefined;
  const isWithin = (subtree: Subtree): boolean => subtree.kind === 'dns' && isInDomain(host, subtree.host);
  if (!host.startsWith('*.')) return always(isWithin);
  // A wildcard stands for every host one label below, so an exclusion of any of those, or of all, hits it.
  const parent = host.slice(1);
  const mayBeWithin = (subtree: Subtree): boolean =>
    isWithin(subtree) || (subtree.kind === 'dns' && subtree.host.slice(subtree.host.indexOf('.')) === parent);
  return { isWithin, mayBeWithin };
}

/** A domain of host names holds itself and everything below; written with a leading dot, only what is below. */
function isInDomain(host: string, domain: string): boolean {
  if (domain === '' || host === domain) return true;
  return host.endsWith(domain) && (domain.startsWith('.') || host[host.length - domain.length - 1] === '.');
}

function mailboxTest(value: string): SubtreeTest | undefined {
  const at = value.lastIndexOf('@');
  const local = value.slice(0, Math.max(at, 0));
  const host = value.slice(at + 1).toLowerCase();
  if (!isLocalPart(local) || !isHost(host)) return undefined;
  return always((subtree) => {
    if (subtree.kind !== 'email') return false;
    if (subtree.local === undefined) return isHostOrBelow(host, subtree.host);
    // Only the host's case is insignificant: the local part is the receiver's business.
    return local === subtree.local && host === subtree.host;
  });
}

/** An "@" must be quoted (RFC 5321 section 4.1.2), or readers differ on where the host begins. */
function isLocalPart(local: string): boolean {
  return /^[^@"]+$/.test(local) || /^"(?:[^"\\]|\\.)*"$/.test(local);
}

function uriTest(value: string): SubtreeTest | undefined {
  const host = hostOfUri(value);
  return host === undefined
    ? undefined
    : always((subtree) => subtree.kind === 'uri' && isHostOrBelow(host, subtree.host));
}

/** For mailboxes and URIs a plain host means that host alone, and a leading dot what is below it. */
function isHostOrBelow(host: string, constraint: string): boolean {
  return constraint === '' || (constraint.startsWith('.') ? host.endsWith(constraint) : host === constraint);
}

/**
 * RFC 5280 wants URIs without an authority, or with an address for a host, to fall outside every constraint. Backslashes and
 * a second "@" are refused: readers differ on which host they leave.
 */
function hostOfUri(uri: string): string | undefined {
  const authority = /^[a-z][a-z0-9+.-]*:\/\/([^/?#]*)/i.exec(uri)?.[1] ?? '';
  const host = /^(?:[^@\\]*@)?([^@\\:]*)(?::\d*)?$/.exec(authority)?.[1]?.toLowerCase();
  return host !== undefined && isHost(host) && parseIpAddress(host) === undefined ? host : undefined;
}

function addressTest(value: string): SubtreeTest | undefined {
  const address = parseIpAddress(value);
  if (address === undefined) return undefined;
  return always(
    (subtree) => subtree.kind === 'ip' && subtree.subnet !== undefined && isInSubnet(address, subtree.subnet),
  );
}

/** Longer than any host name (RFC 1035 section 2.3.4), and short enough for a regular expression that repeats a group. */
const MAX_HOST = 1024;

/** Labels without oddities that could make two readers see two hosts: empty ones, a dot at the end, wildcards. */
function isHost(text: string): boolean {
  return text.length <= MAX_HOST && /^[a-z0-9_-]+(\.[a-z0-9_-]+)*$/.test(text);
}
