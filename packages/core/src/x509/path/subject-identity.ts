import { equalBytes } from '../../encoding/bytes.ts';
import type { Certificate } from '../certificate/certificate.ts';
import type { GeneralName } from '../name/general-name.ts';
import { parseIpAddress } from '../name/ip-address.ts';
import { isHostName } from './host-name.ts';
import { type PathProblem, problem } from './problem.ts';

/** Whom the caller means to talk to: a host by name or address, or a mailbox. */
export interface ReferenceIdentity {
  readonly kind: 'DNS' | 'IP' | 'RFC822';
  /** A host name as A-labels (`a.example`), an IP address (`10.0.0.1`, `2001:db8::1`), or a mailbox (`a@b.example`). */
  readonly value: string;
}

/**
 * Checks that a certificate was issued to whom the caller means to talk to (RFC 9525 section 6). Only subjectAltName counts,
 * never the subject's common name.
 *
 * @param certificate the end entity
 * @param identity whom the caller means
 */
export function findIdentityProblem(certificate: Certificate, identity: ReferenceIdentity): PathProblem | undefined {
  const names = certificate.subjectAltNames ?? [];
  const matches = matcherOf(identity);
  if (matches !== undefined && names.some(matches)) return undefined;
  const presented = names.filter(({ kind }) => kind === KINDS[identity.kind]).map(({ value }) => String(value));
  const found = presented.length > 8 ? [...presented.slice(0, 8), '…'] : presented;
  const value = JSON.stringify(identity.value);
  return problem('PATH_NAME_MISMATCH', certificate, {
    rule: 'subject-identity',
    reference: 'RFC 9525 section 6',
    message:
      matches === undefined
        ? `${value} is not a well-formed name of kind ${identity.kind}, so that no certificate can match it`
        : `The certificate is not for ${identity.kind} ${value}`,
    expected: identity.value,
    found: found.join(', ') || 'no such name in subjectAltName',
  });
}

const KINDS: Readonly<Record<ReferenceIdentity['kind'], GeneralName['kind']>> = {
  DNS: 'dns',
  IP: 'ip',
  RFC822: 'email',
};

/** Gives the test for one presented name; undefined for an identity that is malformed. */
function matcherOf({ kind, value }: ReferenceIdentity): ((name: GeneralName) => boolean) | undefined {
  switch (kind) {
    case 'DNS': {
      // An absolute name differs from what certificates hold by its last dot alone.
      const host = value.replace(/\.$/, '').toLowerCase();
      return isHostName(host)
        ? (name) => name.kind === 'dns' && matchesHost(name.value.toLowerCase(), host)
        : undefined;
    }
    case 'IP': {
      const address = parseIpAddress(value);
      if (address === undefined) return undefined;
      return (name) => name.kind === 'ip' && equalBytes(parseIpAddress(name.value) ?? new Uint8Array(), address);
    }
    default: {
      const at = value.lastIndexOf('@');
      if (at < 1 || !isHostName(value.slice(at + 1))) return undefined;
      const mailbox = foldHost(value);
      return (name) => name.kind === 'email' && foldHost(name.value) === mailbox;
    }
  }
}

/** RFC 9525 section 6.3: a wildcard is the whole of the leftmost label and stands for exactly one label. */
function matchesHost(presented: string, host: string): boolean {
  if (presented === host) return true;
  if (!presented.startsWith('*.')) return false;
  const parent = presented.slice(2);
  // `*` and `*.tld` would speak for a registry.
  return (
    parent.includes('.') && isHostName(parent) && host.slice(host.indexOf('.') + 1) === parent && host.includes('.')
  );
}

/** Only the host of a mailbox is case-insensitive (RFC 5280 section 7.5). */
function foldHost(mailbox: string): string {
  const at = mailbox.lastIndexOf('@');
  return mailbox.slice(0, at + 1) + mailbox.slice(at + 1).toLowerCase();
}
