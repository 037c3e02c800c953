import type { Entry } from '../../store/store.ts';
import type { OcspAnswerStatus } from '../../x509/ocsp/single-response.ts';
import type { InstalledIntermediate } from '../intermediates/signing-state.ts';
import type { LedgerValue } from '../ledger.ts';

/** How a certificate that was never issued is revoked (RFC 6960 section 2.2). */
export const NEVER_ISSUED: OcspAnswerStatus = { kind: 'revoked', revokedAt: 0, reason: 'certificateHold' };

/**
 * What OCSP says of a ledger entry. A serial number that the intermediate never gave out is unknown; of an intermediate whose key
 * is compromised every certificate is revoked (RFC 6960 section 2.7), those that the ledger never saw first of all.
 *
 * @param entry - the ledger's document under the serial number asked for, if there is one
 * @param issuer - the intermediate asked for
 * @returns {@link NEVER_ISSUED} itself where that is what it is
 */
export function ocspStatus(entry: Entry<LedgerValue> | undefined, issuer: InstalledIntermediate): OcspAnswerStatus {
  const value = entry?.value.intermediate === issuer.id ? entry.value : undefined;
  if (value !== undefined && value.state !== 'issued')
    return { kind: 'revoked', revokedAt: value.revokedAt ?? 0, reason: value.reason ?? 'unspecified' };
  const { state, revocation } = issuer;
  if (state === 'revoked' && (revocation?.reason === 'keyCompromise' || revocation?.reason === 'cACompromise')) {
    if (value === undefined) return NEVER_ISSUED;
    return { kind: 'revoked', revokedAt: revocation.revokedAt, reason: 'cACompromise' };
  }
  return { kind: value === undefined ? 'unknown' : 'good' };
}
