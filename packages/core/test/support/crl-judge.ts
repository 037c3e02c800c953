import { type CertificateAuthority, type IssuedCertificate, PathValidator } from '../../src/index.ts';
import type { VirtualClock } from '../../src/testing/virtual-clock.ts';

/** What a relying party makes of a certificate. */
export type Judgement = 'good' | 'revoked' | 'unknown';

/** Judges certificates of one authority by CRLs, as a relying party that trusts its root. */
export async function crlJudge(authority: CertificateAuthority, clock: VirtualClock) {
  const validator = new PathValidator({ trustAnchors: await authority.trustAnchorsPem(), clock });
  return async ({ chainPem }: Pick<IssuedCertificate, 'chainPem'>, crls: readonly Uint8Array[]): Promise<Judgement> => {
    const result = await validator.validate(chainPem, { crls });
    if (result.valid) return result.revocation[0]?.status ?? 'unknown';
    if (result.error.code === 'PATH_REVOKED' && result.error.certificateIndex === 0) return 'revoked';
    throw result.error;
  };
}
