const MAX_LENGTH = 4_096;
/** What RFC 3986 section 2 lets a URI consist of. The URL parser would repair anything else. */
const URI_CHARACTERS = /^[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=%]+$/;
const STRAY_PERCENT = /%(?![0-9A-Fa-f]{2})/;
const ENCODED = /%[0-9A-Fa-f]{2}/g;
const UNRESERVED = /[A-Za-z0-9\-._~]/;

/**
 * Brings the URI of a request into its one form for comparison (RFC 9449 section 4.3, by RFC 3986 sections 6.2.2 and 6.2.3): scheme and
 * host in lower case, no default port, no dot segments, percent-encoding in upper case and only where it is needed, neither query nor fragment.
 * The case of the path, an encoded slash and a slash at the end make different URIs.
 *
 * @param uri an absolute http or https URI
 * @returns the form, or undefined for what is none
 */
export function normalizeTargetUri(uri: unknown): string | undefined {
  if (typeof uri !== 'string' || uri.length > MAX_LENGTH) return undefined;
  if (!URI_CHARACTERS.test(uri) || STRAY_PERCENT.test(uri) || !/^https?:\/\/[^/]/i.test(uri)) return undefined;
  if (!URL.canParse(uri)) return undefined;
  const { protocol, host, pathname, username, password } = new URL(uri);
  if (username !== '' || password !== '') return undefined;
  return `${protocol}//${host}${pathname.replace(ENCODED, normalizeOctet)}`;
}

function normalizeOctet(encoded: string): string {
  const character = String.fromCharCode(Number.parseInt(encoded.slice(1), 16));
  return UNRESERVED.test(character) ? character : encoded.toUpperCase();
}
