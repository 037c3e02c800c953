import { derNull } from '../../encoding/der/writer.ts';
import type { Extension } from './extension.ts';
import { decodeExtension, extensionOf } from './extension-value.ts';

/** Encodes noRevAvail: no revocation information will ever be published for the certificate (RFC 9608); never critical. */
export function encodeNoRevAvail(): Extension {
  return extensionOf('noRevAvail', false, derNull());
}

/**
 * Decodes noRevAvail.
 *
 * @param value - the extension's DER
 * @returns true
 * @throws {InvalidInputError} EXTENSION_INVALID: anything but NULL
 */
export function decodeNoRevAvail(value: Uint8Array): true {
  return decodeNull('noRevAvail', value);
}

/**
 * Encodes id-pkix-ocsp-nocheck: an OCSP responder's certificate need not be checked for revocation (RFC 6960 section
 * 4.2.2.2.1); never critical.
 */
export function encodeOcspNoCheck(): Extension {
  return extensionOf('ocspNoCheck', false, derNull());
}

/**
 * Decodes id-pkix-ocsp-nocheck.
 *
 * @param value - the extension's DER
 * @returns true
 * @throws {InvalidInputError} EXTENSION_INVALID: anything but NULL
 */
export function decodeOcspNoCheck(value: Uint8Array): true {
  return decodeNull('ocspNoCheck', value);
}

function decodeNull(name: 'noRevAvail' | 'ocspNoCheck', value: Uint8Array): true {
  return decodeExtension(name, value, (reader) => {
    reader.null();
    return true;
  });
}
