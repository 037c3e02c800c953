import { domainToASCII, domainToUnicode } from 'node:url';
import type { PolicyViolation } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { parseIpAddress } from '../../x509/name/ip-address.ts';

/** What a host name may be, beyond well-formed. */
export interface DnsNameRules {
  /** Whether names of one label (`db`, `localhost`) are allowed. */
  readonly singleLabelNames: boolean;
  /** Whether the leftmost label may be `*`. */
  readonly wildcards: boolean;
}

/** RFC 1035 section 2.3.4, in characters of the text form. */
const MAX_NAME = 253;
const MAX_LABEL = 63;

/**
 * Checks a host name that is to be certified: letters, digits and hyphens (RFC 1123 section 2.1), A-labels instead of
 * Unicode (RFC 5890), a wildcard only as the whole leftmost label (RFC 6125 section 6.4.3).
 *
 * @param name - as it was asked for
 * @returns the first rule that it breaks, or undefined
 */
export function checkDnsName(name: string, rules: DnsNameRules): PolicyViolation | undefined {
  const refuse = (rule: string, problem: string): PolicyViolation => ({
    rule,
    value: name,
    message: `the host name ${quote(name)} ${problem}`,
  });
  // First, since what follows may take more than linear time.
  if (name.length > MAX_NAME) return refuse('name.dns.length', `has ${name.length} characters, more than ${MAX_NAME}`);
  if (looksLikeAddress(name))
    return refuse('name.ip-as-dns', 'is or looks like an IP address; ask for "ip:" and the address');
  if (name.includes('*')) {
    const problem = checkWildcard(name, rules);
    if (problem !== undefined) return refuse(...problem);
  }
  if (name.endsWith('.')) return refuse('name.dns.trailing-dot', 'ends in a dot');
  if (/[^\0-\x7f]/.test(name)) {
    const alternative = domainToASCII(name);
    return refuse('name.dns.ulabel', `is not ASCII${alternative === '' ? '' : `; ask for ${quote(alternative)}`}`);
  }
  const labels = (name.startsWith('*.') ? name.slice(2) : name).split('.');
  for (const label of labels) {
    const problem = checkLabel(label);
    if (problem !== undefined) return refuse(...problem);
  }
  if (labels.length === 1 && !rules.singleLabelNames) return refuse('name.dns.single-label', 'has only one label');
  return undefined;
}

type Problem = readonly [rule: string, problem: string];

/** Numbers in dots are read as IPv4 addresses by browsers and by inet_aton, whatever their count and radix. */
function looksLikeAddress(name: string): boolean {
  if (/(^|\.)(\d+|0x[0-9a-f]*)\.?$/i.test(name)) return true;
  // Of what ends in another label, only these forms are addresses: IPv6, and either kind in brackets.
  return /[:[]/.test(name) && parseIpAddress(name.replace(/^\[(.*)\]$/, '$1')) !== undefined;
}

function checkWildcard(name: string, rules: DnsNameRules): Problem | undefined {
  if (name.lastIndexOf('*') > 0 || !/^\*(\.|$)/.test(name)) {
    return ['name.wildcard.inner', 'has a wildcard elsewhere than as the whole leftmost label'];
  }
  if (!rules.wildcards) return ['name.wildcard.not-allowed', 'is a wildcard, which the profile does not allow'];
  // The authority cannot know every public suffix, but no top-level label belongs to one subject.
  if (!/^\*\.[^.]+\.[^.]/.test(name)) return ['name.wildcard.public', 'is a wildcard directly under a top-level label'];
  return undefined;
}

function checkLabel(label: string): Problem | undefined {
  if (label === '') return ['name.dns.label', 'has an empty label'];
  if (label.length > MAX_LABEL) {
    return ['name.dns.length', `has a label of ${label.length} characters, more than ${MAX_LABEL}`];
  }
  if (label.includes('_')) return ['name.dns.underscore', `has an underscore in the label ${quote(label)}`];
  if (!/^[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?$/.test(label)) {
    return ['name.dns.label', `has the label ${quote(label)}, which is not letters, digits and inner hyphens`];
  }
  if (label.slice(2, 4) !== '--') return undefined;
  if (!isALabel(label.toLowerCase())) {
    return ['name.dns.alabel', `has the label ${quote(label)}, which is not the A-label of an internationalized name`];
  }
  return undefined;
}

/** An A-label decodes to Unicode that encodes to the same again (RFC 5890 section 2.3.2.1), as UTS #46 judges it. */
function isALabel(label: string): boolean {
  const unicode = domainToUnicode(label);
  return label.startsWith('xn--') && /[^\0-\x7f]/.test(unicode) && domainToASCII(unicode) === label;
}
