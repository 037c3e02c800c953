import { ChanceryError } from '../../errors/chancery-error.ts';
import type { Abortable } from '../../ports/abortable.ts';
import type { RenewalJob } from '../../ports/renewal-source.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { certificates, generations } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { toChange } from '../serving/change.ts';
import { askIssuer } from './ask-issuer.ts';
import type { CertificateChain } from './chain.ts';
import { answerRefused, checkAnswer } from './check-answer.ts';
import { discardGeneration } from './discard.ts';
import { isOnTermsOf, storedCsr } from './draft.ts';
import { recordLate } from './late-generation.ts';
import { gaveNothing, isRefusal, isVerdict } from './refusal.ts';
import { type PendingGeneration, runProcessors } from './run-processors.ts';
import { type TakenEffect, takeEffect } from './take-effect.ts';

/** How far a pending generation has come. */
export type Advance =
  | ({ readonly outcome: 'issued' } & TakenEffect)
  | { readonly outcome: 'pending'; readonly retryAt: number }
  /** It is pending no longer: it came into force, or another was asked for; or the lease is lost. */
  | { readonly outcome: 'overtaken' };

interface AdvanceOptions extends Abortable {
  readonly job?: RenewalJob | undefined;
}

/**
 * Asks the issuer for a pending generation, and puts it into force where it is there. Asking again resumes: the issuer knows the request by
 * the generation's id.
 *
 * @param options.job the lease under which it is asked for
 * @throws {ChanceryError} ISSUER_ANSWER_REFUSED: and the generation is given up, since asking again would give the same; PROCESSOR_FAILED
 * @throws what the issuer failed with; a renewal that it refused is given up, too, and so is what it said no to on terms that were changed since, in
 *   whatever words
 */
export async function advance(
  context: CertificatesContext,
  certificateId: string,
  generationId: string,
  options: AdvanceOptions,
): Promise<Advance> {
  const pending = await readPending(context, certificateId, generationId);
  if (pending === undefined) return { outcome: 'overtaken' };
  try {
    return await advancePending(context, pending, options);
  } catch (error) {
    const isUnclear = isAnswerRefused(error) || isUnclearOnOldTerms(error, pending, options);
    if (isUnclear || isRefusedRenewal(error, pending) || isRefusedOnOldTerms(error, pending))
      await discardGeneration(context, certificateId, generationId, { ...options, wasGiven: !gaveNothing(error) });
    throw error;
  }
}

async function advancePending(
  context: CertificatesContext,
  pending: PendingGeneration,
  options: AdvanceOptions,
): Promise<Advance> {
  const { certificateId } = pending;
  const asked = await askIssuer(context, pending, options);
  throwIfAborted(options.signal);
  if (asked.outcome === 'pending') return asked;
  const chain = await judge(context, pending, asked.answer);
  await runProcessors(context, pending, chain, options);
  throwIfAborted(options.signal);
  const taken = await putIntoForce(context, pending, chain, options);
  if (taken === undefined) {
    await recordLate(context, pending, chain);
    return { outcome: 'overtaken' };
  }
  context.changes.tell(toChange(certificateId, taken.certificate.value), taken.certificate.version);
  return { outcome: 'issued', ...taken };
}

function isAnswerRefused(error: unknown): boolean {
  return error instanceof ChanceryError && error.code === 'ISSUER_ANSWER_REFUSED';
}

/** Whether the next attempt must ask otherwise. A first issue that was refused keeps its request, for whoever has the refusal lifted. */
function isRefusedRenewal(error: unknown, { certificate }: PendingGeneration): boolean {
  return certificate.current !== undefined && isRefusal(error);
}

function isRefusedOnOldTerms(error: unknown, pending: PendingGeneration): boolean {
  return isVerdict(error) && isOnOldTerms(pending);
}

/** An issuer that is not the SDK's fails in words of its own: it may have refused, or have lost its answer. */
function isUnclearOnOldTerms(error: unknown, pending: PendingGeneration, { signal }: Abortable): boolean {
  return !(error instanceof ChanceryError) && signal?.aborted !== true && isOnOldTerms(pending);
}

/** Whether the certificate asks otherwise by now. Where the key is kept elsewhere, there is no other CSR to ask with. */
function isOnOldTerms({ certificate, generation }: PendingGeneration): boolean {
  return certificate.keyAlgorithm !== undefined && !isOnTermsOf(certificate, generation);
}

async function readPending(
  { store }: CertificatesContext,
  certificateId: string,
  generationId: string,
): Promise<PendingGeneration | undefined> {
  const [certificate, generation] = await store.getMany([
    { collection: certificates, id: certificateId },
    { collection: generations, id: generationId },
  ] as const);
  if (certificate?.value.pending !== generationId || generation?.value.issuer === undefined) return undefined;
  const { issuer } = generation.value;
  return { certificateId, certificate: certificate.value, generationId, generation: { ...generation.value, issuer } };
}

async function judge(
  context: CertificatesContext,
  { certificateId, certificate, generation }: PendingGeneration,
  answer: unknown,
): Promise<CertificateChain> {
  return checkAnswer(context, answer, {
    certificateId,
    issuer: generation.issuer,
    csrDer: storedCsr(generation.csr),
    subjectAltNames: generation.subjectAltNames,
    replaces: certificate.sha256Fingerprint,
  });
}

async function putIntoForce(
  context: CertificatesContext,
  { certificateId, generationId, generation }: PendingGeneration,
  chain: CertificateChain,
  options: AdvanceOptions,
): Promise<TakenEffect | undefined> {
  try {
    return await takeEffect(context, certificateId, generationId, chain, options);
  } catch (cause) {
    if (!(cause instanceof ChanceryError) || cause.code !== 'UNIQUE_CONFLICT') throw cause;
    throw answerRefused(
      { certificateId, issuer: generation.issuer },
      'it is a certificate that is managed already',
      cause,
    );
  }
}
