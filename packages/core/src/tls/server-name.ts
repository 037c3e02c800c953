const MOST_CHARACTERS = 253;
const LABEL = /^[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?$/;
const DIGITS = /^[0-9]+$/;

/**
 * Reads the server_name that a client sends (RFC 6066 section 3).
 *
 * @param sni as it came: any text
 * @returns the host name in lower case, without a final dot; undefined for what no certificate is served under: not a host name in
 *   A-labels, a literal address, a wildcard
 */
export function hostName(sni: unknown): string | undefined {
  if (typeof sni !== 'string' || sni.length > MOST_CHARACTERS + 1) return undefined;
  const name = (sni.endsWith('.') ? sni.slice(0, -1) : sni).toLowerCase();
  if (name.length > MOST_CHARACTERS) return undefined;
  const labels = name.split('.');
  if (!labels.every((label) => LABEL.test(label))) return undefined;
  return DIGITS.test(labels.at(-1) ?? '') ? undefined : name;
}

/** The wildcard that covers a host name: its first label replaced (RFC 9525 section 6.3). Undefined for a name of one label. */
export function wildcardOf(name: string): string | undefined {
  const dot = name.indexOf('.');
  return dot === -1 ? undefined : `*${name.slice(dot)}`;
}
