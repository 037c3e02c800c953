import { utf8 } from '../../encoding/bytes.ts';
import { InvalidInputError } from '../../errors/families.ts';
import {
  formatGeneralName,
  type GeneralName,
  generalNameInvalid,
  parseGeneralNameText,
} from '../../x509/name/general-name.ts';

/** How many names one certificate may hold. */
export const MAX_NAMES = 100;
/** All names together, in UTF-8: an event that tells of them holds 64 KiB, in which some characters are escaped. */
const MAX_BYTES = 24 * 1024;
/** The length is that of RFC 1035 section 2.3.4; which characters a name may have is for the issuer's policy. */
const HOST_NAME = /^[\x21-\x39\x3b-\x7e]{1,253}$/;
const KINDS: ReadonlySet<GeneralName['kind']> = new Set(['dns', 'ip', 'email', 'uri']);

/**
 * Reads the names that a certificate is asked for. Whether they may be certified is for the issuer to say.
 *
 * @returns their canonical text, each once, in the order given
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: a name that is malformed, or of a kind that no issuer certifies; INVALID_ARGUMENT: none,
 *   or too many
 */
export function parseNames(texts: readonly string[]): string[] {
  const names = [...new Set(texts.map(canonicalName))];
  const bytes = names.reduce((sum, name) => sum + utf8(name).length, 0);
  if (names.length === 0 || names.length > MAX_NAMES || bytes > MAX_BYTES) {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `subjectAltNames must be 1 to ${MAX_NAMES} names of ${MAX_BYTES} bytes in all, not ${names.length} of ${bytes}`,
    );
  }
  return names;
}

/**
 * Brings a name to the text that stands for it everywhere: hosts in lower case, addresses as RFC 5952 writes them.
 *
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: malformed, or neither a DNS name, an IP address, a mailbox nor a URI
 */
export function canonicalName(text: string): string {
  const name = parseGeneralNameText(text);
  if (!KINDS.has(name.kind)) throw generalNameInvalid(text, `a ${name.kind} cannot be asked for`);
  const canonical = nameText(name);
  if (name.kind === 'dns' && !HOST_NAME.test(name.value))
    throw generalNameInvalid(text, 'a host name is 1 to 253 characters of ASCII, none of them a colon or a space');
  // What storage cannot hold in a document.
  if (/[\0\p{Surrogate}]/u.test(canonical)) throw generalNameInvalid(text, 'it is not well-formed text');
  return canonical;
}

/** The text of a name as a certificate holds it, in the form of {@link canonicalName}. */
export function nameText(name: GeneralName): string {
  if (name.kind === 'dns') return formatGeneralName({ ...name, value: lowerCaseAscii(name.value) });
  if (name.kind !== 'email') return formatGeneralName(name);
  const host = name.value.lastIndexOf('@') + 1;
  return formatGeneralName({ ...name, value: name.value.slice(0, host) + lowerCaseAscii(name.value.slice(host)) });
}

/** Whether a TLS server can be asked for a name: DNS names and IP addresses. */
export function isServable(name: string): boolean {
  return !name.includes(':') || name.startsWith('ip:');
}

/** Whether two lists hold the same names, in any order. */
export function sameNames(one: readonly string[], other: readonly string[]): boolean {
  const names = new Set(one);
  return names.size === new Set(other).size && other.every((name) => names.has(name));
}

/** Unicode is left alone: lower-casing it could make another name of it. */
function lowerCaseAscii(text: string): string {
  return text.replace(/[A-Z]+/g, (letters) => letters.toLowerCase());
}
