import { DerReader } from '../../encoding/der/reader.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { derContext, derInteger, derOctetString, derSequence } from '../../encoding/der/writer.ts';
import { fromHex, toHex } from '../../encoding/hex.ts';
import type { GeneralName } from '../name/general-name.ts';
import { encodeGeneralNames, readGeneralNames } from '../name/general-name-der.ts';
import type { Extension } from './extension.ts';
import { decodeExtension, extensionInvalid, extensionOf } from './extension-value.ts';

/** Which key signed (RFC 5280 section 4.2.1.1). */
export interface AuthorityKeyIdentifier {
  readonly keyIdentifier?: Uint8Array;
  /** Given together with the serial number, or not at all. */
  readonly authorityCertIssuer?: readonly GeneralName[];
  /** Lower-case hex. */
  readonly authorityCertSerialNumber?: string;
}

const KEY_IDENTIFIER = contextTag(0, false);
const CERT_ISSUER = contextTag(1, true);
const CERT_SERIAL_NUMBER = contextTag(2, false);

/**
 * Encodes authorityKeyIdentifier; never critical.
 *
 * @throws {InvalidInputError} EXTENSION_INVALID: an issuer without a serial number or the reverse, or an empty key identifier
 * @throws {InvalidInputError} GENERAL_NAME_INVALID, HEX_INVALID: the issuer's names, its serial number
 */
export function encodeAuthorityKeyIdentifier(identifier: AuthorityKeyIdentifier): Extension {
  checkPair(identifier);
  const { keyIdentifier, authorityCertIssuer, authorityCertSerialNumber } = identifier;
  const parts: Uint8Array[] = [];
  if (keyIdentifier !== undefined) {
    if (keyIdentifier.length === 0) throw extensionInvalid('authorityKeyIdentifier', 'the key identifier is empty');
    parts.push(derContext(0, false, keyIdentifier));
  }
  if (authorityCertIssuer !== undefined) parts.push(derContext(1, true, encodeGeneralNames(authorityCertIssuer)));
  if (authorityCertSerialNumber !== undefined) {
    const integer = new DerReader(derInteger(fromHex(authorityCertSerialNumber))).integer();
    parts.push(derContext(2, false, integer));
  }
  return extensionOf('authorityKeyIdentifier', false, derSequence(...parts));
}

/**
 * Decodes authorityKeyIdentifier.
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, or an issuer without a serial number or the reverse
 */
export function decodeAuthorityKeyIdentifier(value: Uint8Array): AuthorityKeyIdentifier {
  return decodeExtension('authorityKeyIdentifier', value, (reader) => {
    const sequence = reader.read(Tag.sequence);
    const identifier: { -readonly [Field in keyof AuthorityKeyIdentifier]: AuthorityKeyIdentifier[Field] } = {};
    if (sequence.peekTag() === KEY_IDENTIFIER) identifier.keyIdentifier = sequence.content(KEY_IDENTIFIER);
    const issuer = sequence.optional(CERT_ISSUER);
    if (issuer !== undefined) identifier.authorityCertIssuer = readGeneralNames(issuer);
    if (sequence.peekTag() === CERT_SERIAL_NUMBER) {
      identifier.authorityCertSerialNumber = magnitude(sequence.integer(CERT_SERIAL_NUMBER));
    }
    sequence.finish();
    checkPair(identifier);
    return identifier;
  });
}

/**
 * Encodes subjectKeyIdentifier (RFC 5280 section 4.2.1.2); never critical.
 *
 * @param keyIdentifier - usually 20 octets
 * @throws {InvalidInputError} EXTENSION_INVALID: it is empty
 */
export function encodeSubjectKeyIdentifier(keyIdentifier: Uint8Array): Extension {
  if (keyIdentifier.length === 0) throw extensionInvalid('subjectKeyIdentifier', 'the key identifier is empty');
  return extensionOf('subjectKeyIdentifier', false, derOctetString(keyIdentifier));
}

/**
 * Decodes subjectKeyIdentifier.
 *
 * @param value - the extension's DER
 * @returns the key identifier, a view
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed or empty
 */
export function decodeSubjectKeyIdentifier(value: Uint8Array): Uint8Array {
  return decodeExtension('subjectKeyIdentifier', value, (reader) => {
    const keyIdentifier = reader.octetString();
    if (keyIdentifier.length === 0) throw extensionInvalid('subjectKeyIdentifier', 'the key identifier is empty');
    return keyIdentifier;
  });
}

function checkPair({ authorityCertIssuer, authorityCertSerialNumber }: AuthorityKeyIdentifier): void {
  if ((authorityCertIssuer === undefined) !== (authorityCertSerialNumber === undefined)) {
    throw extensionInvalid('authorityKeyIdentifier', 'authorityCertIssuer and authorityCertSerialNumber go together');
  }
}

function magnitude(integer: Uint8Array): string {
  if ((integer[0] ?? 0) > 0x7f) throw extensionInvalid('authorityKeyIdentifier', 'the serial number is negative');
  return toHex(integer.length > 1 && integer[0] === 0 ? integer.subarray(1) : integer);
}
