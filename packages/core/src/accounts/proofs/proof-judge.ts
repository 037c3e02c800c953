import type { CertificateStatusSource } from '../../ports/certificate-status.ts';
import type { DpopJudge } from './dpop-proof.ts';

/** What every kind of proof is judged by. */
export interface ProofJudge extends DpopJudge {
  /** Knows the managed certificates; without it nothing can be bound to one. */
  readonly certificateStatus: CertificateStatusSource | undefined;
}
