import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import { type CrlReason, crlReasons } from '../x509/crl/crl-reason.ts';

/**
 * Checks a reason for a revocation.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: none of RFC 5280 section 5.3.1, or removeFromCRL, which is said of a release
 */
export function requireRevocationReason(reason: CrlReason): void {
  if (reason === 'removeFromCRL') {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      'removeFromCRL is said of a release, and is no reason for a revocation',
    );
  }
  if (crlReasons.includes(reason)) return;
  const known = crlReasons.filter((each) => each !== 'removeFromCRL').join(', ');
  throw new InvalidInputError('INVALID_ARGUMENT', `reason ${quote(reason)} is none of ${known}`);
}
