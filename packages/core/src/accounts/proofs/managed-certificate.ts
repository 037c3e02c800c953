import { ChanceryError } from '../../errors/chancery-error.ts';
import { InvalidInputError } from '../../errors/families.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { IdentifiedCertificate } from '../../ports/certificate-status.ts';
import { proofInvalid } from './proof-errors.ts';
import type { ProofJudge } from './proof-judge.ts';

/**
 * Finds the managed certificate that a client's certificate is a good generation of. Whatever is not plainly good is refused.
 *
 * @param der the client's certificate
 * @returns the managed certificate's id
 * @throws {AuthenticationError} PROOF_INVALID: unknown, revoked, or it cannot be told
 * @throws {ChanceryError} the source's own: it failed
 */
export async function managedCertificateId(
  { certificateStatus }: ProofJudge,
  der: Uint8Array,
  options: Abortable = {},
): Promise<string> {
  if (certificateStatus === undefined) throw proofInvalid('no source of certificate status is configured');
  let found: IdentifiedCertificate | undefined;
  try {
    found = await certificateStatus.identify(der, signalOf(options));
  } catch (cause) {
    if (cause instanceof ChanceryError && !(cause instanceof InvalidInputError)) throw cause;
    throw proofInvalid('the status of the client certificate cannot be told', cause);
  }
  if (typeof found?.certificateId !== 'string' || found.certificateId === '') {
    throw proofInvalid('the client certificate is not a managed one');
  }
  if (found.status !== 'good') throw proofInvalid('the client certificate is revoked');
  return found.certificateId;
}
