import type { PolicyViolation } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { checkDnsName } from './dns-name.ts';

/** RFC 5321 section 4.5.3.1; a path of 256 characters holds two angle brackets. */
const MAX_MAILBOX = 254;
const MAX_LOCAL_PART = 64;

/**
 * Checks a mailbox that is to be certified: an unquoted local part and a host name (RFC 5280 section 4.2.1.6, RFC 5321
 * section 4.1.2).
 *
 * @param value - as it was asked for
 * @param rules.singleLabelNames - whether the host may have one label
 * @returns the first rule that it breaks, or undefined
 */
export function checkEmailName(
  value: string,
  rules: { readonly singleLabelNames: boolean },
): PolicyViolation | undefined {
  const refuse = (rule: string, problem: string): PolicyViolation => ({
    rule,
    value,
    message: `the e-mail address ${quote(value)} ${problem}`,
  });
  if (value.length > MAX_MAILBOX) {
    return refuse('name.email.length', `has ${value.length} characters, more than ${MAX_MAILBOX}`);
  }
  const at = value.lastIndexOf('@');
  if (at < 0) return refuse('name.email', 'has no "@"');
  const local = value.slice(0, at);
  if (local.length > MAX_LOCAL_PART) {
    return refuse('name.email.length', `has ${local.length} characters before the "@", more than ${MAX_LOCAL_PART}`);
  }
  if (!/^[\w!#$%&'*+/=?^`{|}~-]+(\.[\w!#$%&'*+/=?^`{|}~-]+)*$/.test(local)) {
    return refuse('name.email.local-part', 'has characters before the "@" that only quoting or Unicode would allow');
  }
  const host = checkDnsName(value.slice(at + 1), { ...rules, wildcards: false });
  return host === undefined ? undefined : refuse('name.email.host', `has a host that is refused: ${host.message}`);
}
