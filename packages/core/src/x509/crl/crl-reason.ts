/** Every reason for a revocation (RFC 5280 section 5.3.1), in the order of its code. */
export const crlReasons = [
  'unspecified',
  'keyCompromise',
  'cACompromise',
  'affiliationChanged',
  'superseded',
  'cessationOfOperation',
  'certificateHold',
  'removeFromCRL',
  'privilegeWithdrawn',
  'aACompromise',
] as const;

/** Why a certificate was revoked (RFC 5280 section 5.3.1: CRLReason). */
export type CrlReason = (typeof crlReasons)[number];

/** Code 7 was never given a meaning. */
const UNUSED_CODE = 7;

/**
 * Gives the code of a reason.
 *
 * @returns 0 to 10, never 7
 */
export function crlReasonCode(reason: CrlReason): number {
  const position = crlReasons.indexOf(reason);
  return position < UNUSED_CODE ? position : position + 1;
}

/**
 * Gives the reason for a code.
 *
 * @param code - the ENUMERATED value of a reasonCode extension
 * @returns undefined for a code without a meaning
 */
export function crlReasonFromCode(code: number): CrlReason | undefined {
  if (code === UNUSED_CODE) return undefined;
  return crlReasons[code < UNUSED_CODE ? code : code - 1];
}
