import { InvalidInputError } from '../../errors/families.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { BINDING_SECRET, type Confirmation, MANAGED_CERTIFICATE } from '../tokens/confirmation.ts';
import { drawBindingSecret } from './binding-secret.ts';
import { certificateThumbprint, clientCertificateDer } from './client-certificate.ts';
import { type VerifiedProof, verifyDpopProof } from './dpop-proof.ts';
import { managedCertificateId } from './managed-certificate.ts';
import type { SenderProof } from './proof.ts';
import type { ProofJudge } from './proof-judge.ts';

/** What a session is to be bound to. */
export interface BindingRequest extends Abortable {
  readonly proof?: SenderProof | undefined;
  /** Whether to bind it to a secret as well. */
  readonly bindingSecret?: boolean | undefined;
}

/** What a session was bound to. */
export interface Binding {
  readonly confirmation: Confirmation;
  /** The proof that has to be spent in the commit that opens the session. */
  readonly proof?: VerifiedProof;
  /** Told once, kept nowhere. */
  readonly bindingSecret?: string;
}

/**
 * Judges the proof that came with a login, and says what it binds the session to.
 *
 * @throws {AuthenticationError} PROOF_INVALID, PROOF_NONCE_REQUIRED
 * @throws {InvalidInputError} INVALID_ARGUMENT: `proof` is neither a DPoP proof nor a certificate
 */
export async function bind(judge: ProofJudge, request: BindingRequest): Promise<Binding> {
  const bound = await bindToSender(judge, request);
  if (request.bindingSecret !== true) return bound;
  const { secret, hash } = await drawBindingSecret(judge.crypto);
  return { ...bound, confirmation: { ...bound.confirmation, [BINDING_SECRET]: hash }, bindingSecret: secret };
}

async function bindToSender(judge: ProofJudge, request: BindingRequest): Promise<Binding> {
  const { proof } = request;
  if (proof === undefined) return { confirmation: {} };
  if (isDpop(proof)) {
    const verified = await verifyDpopProof(judge, proof, undefined);
    return { confirmation: { jkt: verified.thumbprint }, proof: verified };
  }
  const der = clientCertificateDer(proof.certificate);
  if (proof.managed === true) {
    return { confirmation: { [MANAGED_CERTIFICATE]: await managedCertificateId(judge, der, signalOf(request)) } };
  }
  return { confirmation: { 'x5t#S256': await certificateThumbprint(judge.crypto, der) } };
}

/**
 * Tells the two kinds of proof apart.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: it is neither, or both at once
 */
export function isDpop(proof: SenderProof): proof is Extract<SenderProof, { dpop: string }> {
  const given = typeof proof === 'object' && proof !== null ? proof : {};
  const [dpop, certificate] = ['dpop' in given, 'certificate' in given];
  if (dpop !== certificate) return dpop;
  throw new InvalidInputError('INVALID_ARGUMENT', 'proof is { dpop, method, url } or { certificate }');
}
