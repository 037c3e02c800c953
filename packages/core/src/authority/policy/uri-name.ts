import type { PolicyViolation } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { withoutUserinfo } from '../../x509/name/general-name.ts';
import { parseIpAddress } from '../../x509/name/ip-address.ts';
import { checkDnsName } from './dns-name.ts';

/** The SPIFFE-ID specification's bound, which serves for every URI. */
const MAX_URI = 2048;
const MAX_TRUST_DOMAIN = 255;

const URI = /^([a-z][a-z0-9+.-]*):(?:\/\/([^/?#]*))?([^?#]*)(\?[^#]*)?(#.*)?$/i;

/**
 * Checks a URI that is to be certified: absolute, without userinfo, with a proper host where it has an authority (RFC 5280
 * section 4.2.1.6); SPIFFE IDs by their own, stricter rules.
 *
 * @param value - as it was asked for
 * @param rules.singleLabelNames - whether the host may have one label
 * @returns the first rule that it breaks, or undefined
 */
export function checkUriName(
  value: string,
  rules: { readonly singleLabelNames: boolean },
): PolicyViolation | undefined {
  const problem = uriProblem(value, rules);
  if (problem === undefined) return undefined;
  const [rule, explanation] = problem;
  const shown = withoutUserinfo(value);
  return { rule, value: shown, message: `the URI ${quote(shown)} ${explanation}` };
}

/** Whether a URI claims to be a SPIFFE ID. */
export function isSpiffeId(value: string): boolean {
  return /^spiffe:/i.test(value);
}

type Problem = readonly [rule: string, problem: string];

function uriProblem(value: string, rules: { readonly singleLabelNames: boolean }): Problem | undefined {
  if (value.length > MAX_URI) return ['name.uri.length', `has ${value.length} characters, more than ${MAX_URI}`];
  if (!/^([\w\-.~:/?#[\]@!$&'()*+,;=]|%[0-9a-f]{2})*$/i.test(value)) {
    return ['name.uri.characters', 'has characters that must be percent-encoded'];
  }
  const parts = URI.exec(value);
  if (parts === null) return ['name.uri.relative', 'is not absolute'];
  const [, , authority, path = '', query, fragment] = parts;
  if (isSpiffeId(value)) return spiffeProblem(value, authority, path, query ?? fragment);
  if (authority === undefined) return path === '' ? ['name.uri.relative', 'has nothing behind its scheme'] : undefined;
  if (authority.includes('@')) return ['name.uri.userinfo', 'has userinfo before its host'];
  return hostProblem(authority, rules);
}

function hostProblem(authority: string, rules: { readonly singleLabelNames: boolean }): Problem | undefined {
  const host = authority.replace(/:\d*$/, '');
  const literal = /^\[(.*)\]$/.exec(host)?.[1];
  if (parseIpAddress(literal ?? host) !== undefined) return undefined;
  const violation = checkDnsName(host, { ...rules, wildcards: false });
  return violation && ['name.uri.host', `has a host that is refused: ${violation.message}`];
}

/** SPIFFE-ID section 2: a lower-case trust domain and a normalized path, nothing else. */
function spiffeProblem(
  value: string,
  trustDomain: string | undefined,
  path: string,
  extra: string | undefined,
): Problem | undefined {
  const refuse = (problem: string): Problem => ['name.uri.spiffe', `is not a SPIFFE ID: ${problem}`];
  if (!value.startsWith('spiffe://')) return refuse('it must begin with "spiffe://"');
  if (trustDomain === undefined || !/^[a-z0-9._-]+$/.test(trustDomain) || trustDomain.length > MAX_TRUST_DOMAIN) {
    return refuse('the trust domain must be lower-case letters, digits, dots, hyphens and underscores, without a port');
  }
  if (extra !== undefined) return refuse('it must have neither query nor fragment');
  if (path !== '' && !path.slice(1).split('/').every(isSpiffeSegment)) {
    return refuse('path segments must be letters, digits, dots, hyphens and underscores, and none ".", ".." or empty');
  }
  return undefined;
}

function isSpiffeSegment(segment: string): boolean {
  return /^[A-Za-z0-9._-]+$/.test(segment) && segment !== '.' && segment !== '..';
}
