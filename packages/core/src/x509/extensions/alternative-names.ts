import { Tag } from '../../encoding/der/tags.ts';
import { derTagged } from '../../encoding/der/writer.ts';
import type { GeneralName } from '../name/general-name.ts';
import { encodeGeneralNames, readGeneralNames } from '../name/general-name-der.ts';
import type { Extension } from './extension.ts';
import { decodeExtension, extensionOf } from './extension-value.ts';

/**
 * Encodes subjectAltName (RFC 5280 section 4.2.1.6).
 *
 * @param names - at least one
 * @param critical - must be true where the subject is empty; default false
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: none, or a value that its kind cannot have
 */
export function encodeSubjectAltName(names: readonly GeneralName[], critical = false): Extension {
  return extensionOf('subjectAltName', critical, derTagged(Tag.sequence, encodeGeneralNames(names)));
}

/**
 * Decodes subjectAltName.
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, or without a name
 */
export function decodeSubjectAltName(value: Uint8Array): GeneralName[] {
  return decodeExtension('subjectAltName', value, (reader) => readGeneralNames(reader.read(Tag.sequence)));
}

/**
 * Encodes issuerAltName (RFC 5280 section 4.2.1.7).
 *
 * @param names - at least one
 * @param critical - default false
 * @throws {InvalidInputError} GENERAL_NAME_INVALID: none, or a value that its kind cannot have
 */
export function encodeIssuerAltName(names: readonly GeneralName[], critical = false): Extension {
  return extensionOf('issuerAltName', critical, derTagged(Tag.sequence, encodeGeneralNames(names)));
}

/**
 * Decodes issuerAltName.
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, or without a name
 */
export function decodeIssuerAltName(value: Uint8Array): GeneralName[] {
  return decodeExtension('issuerAltName', value, (reader) => readGeneralNames(reader.read(Tag.sequence)));
}

/**
 * Decodes certificateIssuer, the entry extension of indirect CRLs (RFC 5280 section 5.3.3).
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, or without a name
 */
export function decodeCertificateIssuer(value: Uint8Array): GeneralName[] {
  return decodeExtension('certificateIssuer', value, (reader) => readGeneralNames(reader.read(Tag.sequence)));
}
