import { Tag } from '../../encoding/der/tags.ts';

/** Why a responder gives no answer, by its code (RFC 6960 section 4.2.1); 4 was never given a meaning. */
const CODES = { malformedRequest: 1, internalError: 2, tryLater: 3, sigRequired: 5, unauthorized: 6 } as const;

/** An OCSPResponseStatus other than `successful`. */
export type OcspErrorStatus = keyof typeof CODES;

/** Every OCSPResponseStatus. */
export type OcspResponseStatus = 'successful' | OcspErrorStatus;

const NAMES: ReadonlyMap<number, OcspErrorStatus> = new Map(
  Object.entries(CODES).map(([name, code]) => [code, name as OcspErrorStatus]),
);

/**
 * Writes the response of a responder that gives no answer: unsigned, with a status alone.
 *
 * @returns the OCSPResponse, DER
 */
export function encodeOcspError(status: OcspErrorStatus): Uint8Array {
  return Uint8Array.of(Tag.sequence, 3, Tag.enumerated, 1, CODES[status]);
}

/**
 * Names an OCSPResponseStatus that is not `successful`.
 *
 * @param code the ENUMERATED value
 * @returns its name, or `status 4` and the like for a code without a meaning
 */
export function ocspErrorName(code: number): string {
  return NAMES.get(code) ?? `status ${code}`;
}
