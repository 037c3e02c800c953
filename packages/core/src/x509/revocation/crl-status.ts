import type { Certificate } from '../certificate/certificate.ts';
import type { RevokedCertificate } from '../crl/crl.ts';
import type { ReasonFlag } from '../extensions/distribution-point-name.ts';
import { REASON_FLAGS } from '../extensions/distribution-point-name.ts';
import { findEntry } from './crl-lookup.ts';
import { coveredReasons } from './distribution-scope.ts';
import type { RevocationStatus } from './revocation-status.ts';
import { hasSameScope, type UsableCrl, updates } from './usable-crl.ts';

/** Says whether a CRL was signed by someone who may: undefined, or why not. */
export type CrlSignerCheck = (list: UsableCrl) => Promise<string | undefined>;

/**
 * Determines a certificate's status by CRLs (RFC 5280 section 6.3.3): by those that its distribution points lead to, then by
 * any other of its issuer, until every reason is covered.
 *
 * @param certificate whose status
 * @param lists the CRLs that can be used at the instant, complete ones and deltas
 * @param checkSigner is asked about every CRL that matters
 */
export async function statusByCrls(
  certificate: Certificate,
  lists: readonly UsableCrl[],
  checkSigner: CrlSignerCheck,
): Promise<RevocationStatus> {
  const covered = new Set<ReasonFlag>();
  const complaints = new Set<string>();
  const used: UsableCrl[] = [];
  const newestFirst = lists.toSorted((a, b) => (a.number < b.number ? 1 : a.number > b.number ? -1 : 0));
  const complete = newestFirst.filter(({ baseNumber }) => baseNumber === undefined);
  for (const point of [...(certificate.crlDistributionPoints ?? []), undefined]) {
    for (const list of complete) {
      // Of several CRLs with one scope the newest counts.
      if (used.some((other) => other !== list && hasSameScope(other, list))) continue;
      const reasons = coveredReasons(certificate, point, list);
      if (reasons === undefined || reasons.every((reason) => covered.has(reason))) continue;
      const wrongSigner = await checkSigner(list);
      if (wrongSigner !== undefined) {
        complaints.add(wrongSigner);
        continue;
      }
      used.push(list);
      const entry = await findCurrentEntry(certificate, list, newestFirst, checkSigner);
      if (entry !== undefined) return revoked(entry);
      for (const reason of reasons) covered.add(reason);
      if (covered.size === REASON_FLAGS.length) return { status: 'good', source: 'crl' };
    }
  }
  return { status: 'unknown', reasons: [...complaints, ...explainGap(covered)] };
}

/** What the newest delta CRL says comes before what the complete CRL says (RFC 5280 section 6.3.3 (i) to (k)). */
async function findCurrentEntry(
  certificate: Certificate,
  complete: UsableCrl,
  newestFirst: readonly UsableCrl[],
  checkSigner: CrlSignerCheck,
): Promise<RevokedCertificate | undefined> {
  for (const delta of newestFirst) {
    if (!updates(delta, complete) || (await checkSigner(delta)) !== undefined) continue;
    const change = findEntry(certificate, delta);
    if (change === undefined) break;
    return change.reason === 'removeFromCRL' ? undefined : change;
  }
  return findEntry(certificate, complete);
}

function revoked({ revokedAt, reason = 'unspecified' }: RevokedCertificate): RevocationStatus {
  return { status: 'revoked', source: 'crl', revokedAt, reason };
}

function explainGap(covered: ReadonlySet<ReasonFlag>): string[] {
  if (covered.size === 0) return ['No usable CRL speaks about the certificate'];
  const missing = REASON_FLAGS.filter((reason) => !covered.has(reason));
  return [`The CRLs that can be used do not cover ${missing.join(', ')}`];
}
