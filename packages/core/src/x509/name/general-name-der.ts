import { concatBytes, utf8 } from '../../encoding/bytes.ts';
import { decodeOid, encodeOid } from '../../encoding/der/oid.ts';
import type { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { derContext, derTagged } from '../../encoding/der/writer.ts';
import { DistinguishedName } from './distinguished-name.ts';
import { formatGeneralName, type GeneralName, type GeneralNameForm, generalNameInvalid } from './general-name.ts';
import { formatIpAddress, formatIpSubnet, parseIpAddress, parseIpSubnet } from './ip-address.ts';

/** The context tags of GeneralName's alternatives. SEQUENCEs and the EXPLICIT Name are constructed. */
const TAG = {
  otherName: contextTag(0, true),
  email: contextTag(1, false),
  dns: contextTag(2, false),
  x400Address: contextTag(3, true),
  directoryName: contextTag(4, true),
  ediPartyName: contextTag(5, true),
  uri: contextTag(6, false),
  ip: contextTag(7, false),
  registeredId: contextTag(8, false),
} as const;

/**
 * Encodes a name.
 *
 * @param name - internet names must be ASCII: a host name as A-labels, a URI percent-encoded
 * @param form - default `name`
 * @returns DER
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: a value that its kind cannot have
 */
export function encodeGeneralName(name: GeneralName, form: GeneralNameForm = 'name'): Uint8Array {
  const tag = TAG[name.kind];
  switch (name.kind) {
    case 'dns':
    case 'email':
    case 'uri':
      if (!isHostText(name.value, name.kind, form))
        throw generalNameInvalid(formatGeneralName(name), 'not plain ASCII');
      return derTagged(tag, utf8(name.value));
    case 'ip':
      return derTagged(tag, encodeIp(name.value, form));
    case 'registeredId':
      return derTagged(tag, oidContent(name, name.value));
    case 'directoryName':
      return derTagged(tag, name.value.der);
    case 'otherName':
      return derTagged(tag, derTagged(Tag.oid, oidContent(name, name.type)), derContext(0, true, name.value));
    default:
      return derTagged(tag, name.value);
  }
}

/**
 * Reads one name.
 *
 * @param reader - at the name; moves on behind it
 * @param form - default `name`
 * @throws {InvalidInputError} GENERAL_NAME_INVALID, NAME_INVALID, DER_INVALID: malformed, or of no known kind
 */
export function readGeneralName(reader: DerReader, form: GeneralNameForm = 'name'): GeneralName {
  switch (reader.peekTag()) {
    case TAG.dns:
      return readHostText(reader, 'dns', form);
    case TAG.email:
      return readHostText(reader, 'email', form);
    case TAG.uri:
      return readHostText(reader, 'uri', form);
    case TAG.ip:
      return { kind: 'ip', value: decodeIp(reader.content(TAG.ip), form) };
    case TAG.directoryName: {
      const explicit = reader.read(TAG.directoryName);
      const value = DistinguishedName.fromDer(explicit.element(Tag.sequence));
      explicit.finish();
      return { kind: 'directoryName', value };
    }
    case TAG.otherName: {
      const sequence = reader.read(TAG.otherName);
      const type = sequence.oid();
      const explicit = sequence.read(contextTag(0, true));
      const value = explicit.element();
      explicit.finish();
      sequence.finish();
      return { kind: 'otherName', type, value };
    }
    case TAG.registeredId:
      return { kind: 'registeredId', value: readRegisteredId(reader) };
    case TAG.x400Address:
      return { kind: 'x400Address', value: reader.content(TAG.x400Address) };
    case TAG.ediPartyName:
      return { kind: 'ediPartyName', value: reader.content(TAG.ediPartyName) };
    default:
      throw generalNameInvalid(`tag ${reader.peekTag() ?? 'missing'}`, 'no kind of GeneralName has this tag');
  }
}

/**
 * Encodes the content of GeneralNames, without the tag of the SEQUENCE, which differs from place to place.
 *
 * @param names - at least one
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: none, or a value that its kind cannot have
 */
export function encodeGeneralNames(names: readonly GeneralName[]): Uint8Array {
  if (names.length === 0) throw generalNameInvalid('', 'GeneralNames needs at least one name');
  return concatBytes(names.map((name) => encodeGeneralName(name)));
}

/**
 * Reads GeneralNames.
 *
 * @param names - a reader of the SEQUENCE's content
 * @throws {InvalidInputError} GENERAL_NAME_INVALID, NAME_INVALID, DER_INVALID: none, malformed, or of no known kind
 */
export function readGeneralNames(names: DerReader): GeneralName[] {
  if (names.done) throw generalNameInvalid('', 'GeneralNames needs at least one name');
  const read: GeneralName[] = [];
  while (!names.done) read.push(readGeneralName(names));
  return read;
}

function readRegisteredId(reader: DerReader): string {
  const content = reader.content(TAG.registeredId);
  return decodeOid(content, 0, content.length);
}

function readHostText(reader: DerReader, kind: 'dns' | 'email' | 'uri', form: GeneralNameForm): GeneralName {
  const value = reader.text(Tag.ia5String);
  if (!isHostText(value, kind, form)) throw generalNameInvalid(`${kind}:${value}`, 'empty, or not plain ASCII');
  return { kind, value };
}

/**
 * Printable ASCII only: a NUL or a line feed in a name is there to be read differently by different readers. Mailboxes may
 * hold spaces, within quotes.
 */
function isHostText(value: string, kind: 'dns' | 'email' | 'uri', form: GeneralNameForm): boolean {
  if (value === '') return form === 'constraint';
  return kind === 'email' ? /^[\x20-\x7e]+$/.test(value) : /^[\x21-\x7e]+$/.test(value);
}

function encodeIp(value: string, form: GeneralNameForm): Uint8Array {
  if (form === 'name') {
    const address = parseIpAddress(value);
    if (address === undefined) throw generalNameInvalid(`ip:${value}`, 'not an IPv4 or IPv6 address');
    return address;
  }
  const subnet = parseIpSubnet(value);
  if (subnet === undefined) throw generalNameInvalid(`ip:${value}`, 'not a range such as 10.0.0.0/8');
  return concatBytes([subnet.address, subnet.mask]);
}

function decodeIp(octets: Uint8Array, form: GeneralNameForm): string {
  const length = form === 'name' ? octets.length : octets.length / 2;
  if (length !== 4 && length !== 16) {
    throw generalNameInvalid(
      'ip:',
      `${octets.length} octets are not an ${form === 'name' ? 'address' : 'address range'}`,
    );
  }
  if (form === 'name') return formatIpAddress(octets);
  const range = formatIpSubnet({ address: octets.subarray(0, length), mask: octets.subarray(length) });
  if (range === undefined) throw generalNameInvalid('ip:', 'the mask of the address range is not contiguous');
  return range;
}

function oidContent(name: GeneralName, dotted: string): Uint8Array {
  try {
    return encodeOid(dotted);
  } catch (error) {
    throw generalNameInvalid(formatGeneralName(name), 'not an OID', error);
  }
}
