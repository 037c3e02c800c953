import { validateDer } from '../../encoding/der/validate.ts';
import { fromHex, toHex } from '../../encoding/hex.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import { DistinguishedName } from './distinguished-name.ts';
import { formatIpAddress, formatIpSubnet, parseIpAddress, parseIpSubnet } from './ip-address.ts';

/**
 * A name of any of the nine kinds that certificates hold (RFC 5280 section 4.2.1.6: GeneralName).
 *
 * Internet names are text: a host name, a mailbox, a URI, an IP address (IPv6 as in RFC 5952), a dotted OID. The value of
 * an `otherName` is the DER of what its type defines; that of `x400Address` and `ediPartyName` is their DER content.
 */
export type GeneralName =
  | { readonly kind: 'dns' | 'email' | 'uri' | 'ip' | 'registeredId'; readonly value: string }
  | { readonly kind: 'directoryName'; readonly value: DistinguishedName }
  | { readonly kind: 'otherName'; readonly type: string; readonly value: Uint8Array }
  | { readonly kind: 'x400Address' | 'ediPartyName'; readonly value: Uint8Array };

/** The kinds of names, as the SDK calls them. */
export type GeneralNameKind = GeneralName['kind'];

/**
 * Where a name stands: as a name proper, or as the base of a name constraint, where hosts may begin with a dot or be empty
 * and addresses are ranges (RFC 5280 section 4.2.1.10).
 */
export type GeneralNameForm = 'name' | 'constraint';

/** Every kind of name. Each but `dns` is also the prefix of its text form. */
export const generalNameKinds: readonly GeneralNameKind[] = [
  'dns',
  'ip',
  'email',
  'uri',
  'registeredId',
  'directoryName',
  'otherName',
  'x400Address',
  'ediPartyName',
];

/** Far beyond any name in use. A regular expression that repeats a group runs out of stack on a text of megabytes. */
const MAX_TEXT = 64 * 1024;

const PREFIXES: ReadonlyMap<string, GeneralNameKind> = new Map(
  generalNameKinds.map((kind) => [kind.toLowerCase(), kind]),
);

/**
 * Reads the text form of a name.
 *
 * Whether a host name, mailbox or URI is well-formed is for the issuing policy to say; here they only must not be empty
 * or hold control characters.
 *
 * @param text - a host name as it is (`a.example`), anything else with its prefix: `ip:10.0.0.1`, `ip:2001:db8::1`,
 *   `email:a@b.example`, `uri:spiffe://td/x`, `dns:…`, `registeredId:1.2.3`, `directoryName:CN=…` (RFC 4514),
 *   `otherName:<OID>;<hex of DER>`, `x400Address:<hex>`, `ediPartyName:<hex>`
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: an unknown prefix, or a value that its kind cannot have
 */
export function parseGeneralNameText(text: string): GeneralName {
  return parseText(text, 'name');
}

/**
 * Reads the text form of a subtree of a name constraint (RFC 5280 section 4.2.1.10).
 *
 * @param text - as {@link parseGeneralNameText}, but addresses are ranges (`ip:10.0.0.0/8`), and hosts may begin with a dot
 *   (`uri:.example`) or be empty, for all of them (`email:`)
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: an unknown prefix, or a value that its kind cannot have
 */
export function parseSubtreeText(text: string): GeneralName {
  return parseText(text, 'constraint');
}

/**
 * Writes the text form of a name, which {@link parseGeneralNameText} reads back.
 *
 * @returns a host name as it is, anything else with its prefix
 */
export function formatGeneralName(name: GeneralName): string {
  switch (name.kind) {
    case 'dns':
      // A host name with a colon in it is a lie, and must not pass for another kind.
      return name.value.includes(':') ? `dns:${name.value}` : name.value;
    case 'directoryName':
      return `directoryName:${name.value.toString()}`;
    case 'otherName':
      return `otherName:${name.type};${toHex(name.value)}`;
    case 'x400Address':
    case 'ediPartyName':
      return `${name.kind}:${toHex(name.value)}`;
    default:
      return `${name.kind}:${name.value}`;
  }
}

/**
 * Writes a name for people: as {@link formatGeneralName}, but without what stands before the "@" of a URI's host, which may
 * be a password.
 */
export function describeGeneralName(name: GeneralName): string {
  return name.kind === 'uri' ? `uri:${withoutUserinfo(name.value)}` : formatGeneralName(name);
}

/** Leaves the userinfo (RFC 3986 section 3.2.1) out of a URI, with or without the prefix of a name's text form. */
export function withoutUserinfo(uri: string): string {
  return uri.replace(/^([^/?#]*:)?\/\/[^/?#]*@/, '$1//…@');
}

/** Makes the error for a name at fault. */
export function generalNameInvalid(text: string, problem: string, cause?: unknown): InvalidInputError {
  const told = withoutUserinfo(text);
  return new InvalidInputError('GENERAL_NAME_INVALID', `The name ${quote(told)} is invalid: ${problem}`, {
    facts: { name: told.slice(0, 256) },
    ...(cause === undefined ? {} : { cause }),
  });
}

function parseText(text: string, form: GeneralNameForm): GeneralName {
  if (typeof text !== 'string') throw generalNameInvalid('', `it must be text, not ${typeof text}`);
  if (text.length > MAX_TEXT) throw generalNameInvalid(text, `it has ${text.length} characters, more than ${MAX_TEXT}`);
  const colon = text.indexOf(':');
  const kind = colon === -1 ? 'dns' : PREFIXES.get(text.slice(0, colon).toLowerCase());
  if (kind === undefined) {
    const hint = parseIpAddress(text) === undefined ? (/^[a-z][a-z0-9+.-]*:\/\//i.test(text) ? 'uri' : '') : 'ip';
    throw generalNameInvalid(
      text,
      hint === '' ? `the prefix is none of ${generalNameKinds.join(', ')}` : `write "${hint}:" before it`,
    );
  }
  const value = text.slice(colon + 1);
  switch (kind) {
    case 'ip':
      return { kind, value: form === 'name' ? canonicalAddress(text, value) : canonicalSubnet(text, value) };
    case 'dns':
    case 'email':
    case 'uri':
      // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is refused here.
      if ((value === '' && form === 'name') || /[\u0000-\u001f\u007f]/.test(value)) {
        throw generalNameInvalid(text, 'empty, or with control characters');
      }
      return { kind, value };
    case 'registeredId':
      return { kind, value: objectIdentifier(text, value) };
    case 'directoryName':
      return { kind, value: DistinguishedName.parse(value) };
    case 'otherName': {
      const [type = '', hex = '', ...rest] = value.split(';');
      if (rest.length > 0) throw generalNameInvalid(text, 'more than one ";"');
      return { kind, type: objectIdentifier(text, type), value: derOf(text, hex) };
    }
    default:
      return { kind, value: bytesOf(text, value) };
  }
}

function canonicalAddress(text: string, value: string): string {
  const address = parseIpAddress(value);
  if (address === undefined) throw generalNameInvalid(text, 'not an IPv4 or IPv6 address');
  return formatIpAddress(address);
}

function canonicalSubnet(text: string, value: string): string {
  const subnet = parseIpSubnet(value);
  const canonical = subnet && formatIpSubnet(subnet);
  if (canonical === undefined) throw generalNameInvalid(text, 'not a range such as 10.0.0.0/8');
  return canonical;
}

function objectIdentifier(text: string, dotted: string): string {
  if (!/^[0-2](\.(0|[1-9]\d*))+$/.test(dotted)) throw generalNameInvalid(text, `${quote(dotted)} is not an OID`);
  return dotted;
}

function bytesOf(text: string, hex: string): Uint8Array {
  try {
    return fromHex(hex);
  } catch (error) {
    throw generalNameInvalid(text, 'not hex', error);
  }
}

function derOf(text: string, hex: string): Uint8Array {
  const der = bytesOf(text, hex);
  try {
    validateDer(der);
  } catch (error) {
    throw generalNameInvalid(text, 'the value is not DER', error);
  }
  return der;
}
