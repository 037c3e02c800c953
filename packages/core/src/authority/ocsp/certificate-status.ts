import type { Entry } from '../../store/store.ts';
import type { OcspAnswerStatus } from '../../x509/ocsp/single-response.ts';
import type { InstalledIntermediate } from '../intermediates/signing-state.ts';
import type { LedgerValue } from '../ledger.ts';

/**
 * What OCSP says of a ledger entry. A serial number that the intermediate never gave out is unknown; of an intermediate whose key
 * is compromised every certificate is revoked, those that the ledger never saw first of all (RFC 6960 section 2.7).
 *
 * @param entry - the ledger's document under the serial number asked for, if there is one
 * @param issuer - the intermediate asked for
 */
export function ocspStatus(entry: Entry<LedgerValue> | undefined, issuer: InstalledIntermediate): OcspAnswerStatus {
  const value = entry?.value.intermediate === issuer.id ? entry.value : undefined;
  if (value !== undefined && value.state !== 'issued')
    return { kind: 'revoked', revokedAt: value.revokedAt ?? 0, reason: value.reason ?? 'unspecified' };
  const { state, revocation } = issuer;
  if (state === 'revoked' && (revocation?.reason === 'keyCompromise' || revocation?.reason === 'cACompromise'))
    return { kind: 'revoked', revokedAt: revocation.revokedAt, reason: 'cACompromise' };
  return { kind: value === undefined ? 'unknown' : 'good' };
}
