import { constantTimeEqual } from '../../crypto/constant-time.ts';
import { utf8 } from '../../encoding/bytes.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { BINDING_SECRET, type Confirmation, MANAGED_CERTIFICATE } from '../tokens/confirmation.ts';
import { isDpop } from './bind.ts';
import { checkBindingSecret } from './binding-secret.ts';
import { certificateThumbprint, clientCertificateDer } from './client-certificate.ts';
import { type VerifiedProof, verifyDpopProof } from './dpop-proof.ts';
import { managedCertificateId } from './managed-certificate.ts';
import type { SenderProof } from './proof.ts';
import { proofInvalid, proofRequired } from './proof-errors.ts';
import type { ProofJudge } from './proof-judge.ts';

/** What came with a token. */
export interface Presented extends Abortable {
  readonly proof?: SenderProof | undefined;
  readonly bindingSecret?: string | undefined;
  /** The access token that a DPoP proof must name; left out with a refresh token. */
  readonly accessToken?: string | undefined;
}

/**
 * Whether a token is good for whoever sends it, and they prove nothing: there is nothing to be judged.
 *
 * @param confirmation what the token is bound to; undefined or without members: nothing
 */
export function isUnbound(confirmation: Confirmation | undefined, { proof }: Pick<Presented, 'proof'>): boolean {
  return proof === undefined && (confirmation === undefined || Object.keys(confirmation).length === 0);
}

/**
 * Refuses who sends a token without proving what it is bound to.
 *
 * A DPoP proof with a token that is not bound to a key is refused as well: the token was not given to a holder of one. A certificate is not, since
 * a server that asks for certificates sees one with every request.
 *
 * @returns the DPoP proof, to be spent
 * @throws {AuthenticationError} PROOF_REQUIRED, PROOF_INVALID, PROOF_NONCE_REQUIRED, BINDING_REQUIRED
 * @throws {InvalidInputError} INVALID_ARGUMENT: `proof` is neither a DPoP proof nor a certificate
 */
export async function checkBinding(
  judge: ProofJudge,
  confirmation: Confirmation,
  presented: Presented,
): Promise<VerifiedProof | undefined> {
  const secretHash = confirmation[BINDING_SECRET];
  if (secretHash !== undefined) await checkBindingSecret(judge.crypto, secretHash, presented.bindingSecret);
  if (isBoundToCertificate(confirmation)) await checkCertificate(judge, confirmation, presented);
  const { proof, accessToken } = presented;
  const dpop = proof !== undefined && isDpop(proof) ? proof : undefined;
  if (confirmation.jkt === undefined) {
    if (dpop !== undefined) throw proofInvalid('the token is not bound to a key');
    return undefined;
  }
  if (dpop === undefined) throw proofRequired('dpop');
  const verified = await verifyDpopProof(judge, dpop, accessToken);
  if (!sameText(verified.thumbprint, confirmation.jkt)) throw proofInvalid('it proves another key');
  return verified;
}

function isBoundToCertificate(confirmation: Confirmation): boolean {
  return confirmation['x5t#S256'] !== undefined || confirmation[MANAGED_CERTIFICATE] !== undefined;
}

async function checkCertificate(judge: ProofJudge, confirmation: Confirmation, presented: Presented): Promise<void> {
  const { 'x5t#S256': thumbprint, [MANAGED_CERTIFICATE]: certificateId } = confirmation;
  const { proof } = presented;
  if (proof === undefined || isDpop(proof)) throw proofRequired('certificate');
  const der = clientCertificateDer(proof.certificate);
  if (thumbprint !== undefined && !sameText(await certificateThumbprint(judge.crypto, der), thumbprint)) {
    throw proofInvalid('it is another certificate');
  }
  if (certificateId === undefined) return;
  if (!sameText(await managedCertificateId(judge, der, signalOf(presented)), certificateId)) {
    throw proofInvalid('it is no generation of that certificate');
  }
}

function sameText(a: string, b: string): boolean {
  return constantTimeEqual(utf8(a), utf8(b));
}
