import { Tag } from '../../encoding/der/tags.ts';
import { derEnumerated, derGeneralizedTime } from '../../encoding/der/writer.ts';
import { type CrlReason, crlReasonCode, crlReasonFromCode } from '../crl/crl-reason.ts';
import type { Extension } from './extension.ts';
import { decodeExtension, extensionInvalid, extensionOf } from './extension-value.ts';

/**
 * Encodes reasonCode of a CRL entry (RFC 5280 section 5.3.1); never critical.
 *
 * @param reason - `unspecified` is better said by leaving the extension out
 */
export function encodeReasonCode(reason: CrlReason): Extension {
  return extensionOf('reasonCode', false, derEnumerated(crlReasonCode(reason)));
}

/**
 * Decodes reasonCode.
 *
 * @param value - the extension's DER
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed, or a code without a meaning
 */
export function decodeReasonCode(value: Uint8Array): CrlReason {
  return decodeExtension('reasonCode', value, (reader) => {
    const code = reader.smallInteger(Tag.enumerated);
    const reason = crlReasonFromCode(code);
    if (reason === undefined) throw extensionInvalid('reasonCode', `${code} has no meaning`);
    return reason;
  });
}

/**
 * Encodes invalidityDate of a CRL entry (RFC 5280 section 5.3.2); never critical.
 *
 * @param instant - when the key is thought to have been compromised, in epoch milliseconds; cut to seconds
 * @throws {InvalidInputError} INVALID_ARGUMENT: outside the years 0 to 9999
 */
export function encodeInvalidityDate(instant: number): Extension {
  return extensionOf('invalidityDate', false, derGeneralizedTime(instant));
}

/**
 * Decodes invalidityDate.
 *
 * @param value - the extension's DER
 * @returns epoch milliseconds
 * @throws {InvalidInputError} EXTENSION_INVALID: malformed
 */
export function decodeInvalidityDate(value: Uint8Array): number {
  return decodeExtension('invalidityDate', value, (reader) => reader.generalizedTime());
}
