const PREFERRED = /^(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/i;

/**
 * Tells whether text is a host name in the preferred name syntax (RFC 1034 section 3.5, RFC 1123 section 2.1): labels of
 * letters, digits and inner hyphens, the last one not a number, so that no IP address passes for one.
 *
 * @param text without a dot at the end
 * @param rules `lenient` also lets labels hold underscores, which name constraints in use have, and be numbers
 */
export function isHostName(text: string, rules: 'strict' | 'lenient' = 'strict'): boolean {
  if (text.length > 253) return false;
  if (rules === 'lenient') return /^[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*$/i.test(text);
  return PREFERRED.test(text) && !/(^|\.)(\d+|0x[0-9a-f]*)$/i.test(text);
}
