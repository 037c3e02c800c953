import { ChanceryError } from '../../errors/chancery-error.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { CertificateRequestResult } from '../../ports/issuer.ts';
import type { RenewalJob } from '../../ports/renewal-source.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { certificates, generations } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { toChange } from '../serving/change.ts';
import type { CertificateChain } from './chain.ts';
import { answerRefused, checkAnswer } from './check-answer.ts';
import { discardGeneration } from './discard.ts';
import { storedCsr } from './draft.ts';
import { isRefusal } from './refusal.ts';
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
 * @throws what the issuer failed with; a renewal that it refused is given up, too
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
    if (isHopeless(error, pending)) await discardGeneration(context, certificateId, generationId, options);
    throw error;
  }
}

async function advancePending(
  context: CertificatesContext,
  pending: PendingGeneration,
  options: AdvanceOptions,
): Promise<Advance> {
  const { certificateId } = pending;
  const asked = await ask(context, pending, options);
  throwIfAborted(options.signal);
  if (asked.outcome === 'pending') return asked;
  const chain = await judge(context, pending, asked.answer);
  await runProcessors(context, pending, chain, options);
  throwIfAborted(options.signal);
  const taken = await putIntoForce(context, pending, chain, options);
  if (taken === undefined) return { outcome: 'overtaken' };
  context.changes.tell(toChange(certificateId, taken.certificate.value), taken.certificate.version);
  return { outcome: 'issued', ...taken };
}

/** Whether the next attempt must ask otherwise. A first issue that was refused keeps its request, for whoever has the refusal lifted. */
function isHopeless(error: unknown, { certificate }: PendingGeneration): boolean {
  if (error instanceof ChanceryError && error.code === 'ISSUER_ANSWER_REFUSED') return true;
  return certificate.current !== undefined && isRefusal(error);
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

async function ask(
  { issuers }: CertificatesContext,
  { certificate, generationId, generation }: PendingGeneration,
  options: Abortable,
): Promise<
  { readonly outcome: 'pending'; readonly retryAt: number } | { readonly outcome: 'answered'; readonly answer: unknown }
> {
  const { profile, lifetimeMs, serialNumber, accountId } = certificate;
  const answer = await issuers.named(generation.issuer).issuer.requestCertificate({
    requestId: generationId,
    csrDer: storedCsr(generation.csr),
    subjectAltNames: generation.subjectAltNames,
    ...(profile === undefined ? {} : { profile }),
    ...(lifetimeMs === undefined ? {} : { validity: { hours: lifetimeMs / 3_600_000 } }),
    ...(serialNumber === undefined ? {} : { replaces: serialNumber }),
    ...(accountId === undefined ? {} : { accountId }),
    ...signalOf(options),
  });
  const retryAt = retryInstant(answer);
  return retryAt === undefined ? { outcome: 'answered', answer } : { outcome: 'pending', retryAt };
}

/** When to ask again, where an answer says so; what is no instant is left for the judge of answers to refuse. */
function retryInstant(answer: CertificateRequestResult | undefined): number | undefined {
  if (typeof answer !== 'object' || answer === null || !('pending' in answer)) return undefined;
  const retryAt = answer.retryAt instanceof Date ? answer.retryAt.getTime() : Number.NaN;
  return Number.isSafeInteger(retryAt) ? retryAt : undefined;
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
