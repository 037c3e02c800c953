import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import { parseCertificates } from '../../x509/certificate/certificate.ts';
import { certificates, renewalJobs, type UnsettledRevocationValue, unsettledRevocations } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import type { AskedGeneration } from './ask-issuer.ts';
import { dropGenerations } from './drop-generations.ts';
import { learnWhatWasGiven } from './late-generation.ts';
import { MOST_GIVEN_UP, outstandingGenerations } from './outstanding.ts';
import { revokingIssuer } from './revoking-issuer.ts';

/** What one call has tried. */
interface Progress {
  /** Generations, by id. */
  readonly revoked: Set<string>;
  readonly asked: Set<string>;
  readonly errors: unknown[];
  /** When issuers that are still at work are to be asked again. */
  readonly instants: number[];
}

/**
 * Has the issuers of a revoked certificate revoke each generation that has not ended, those included that they give only now, and notes that it is
 * done. Revoking twice is a success with them, so that a crash in between does no harm. The certificate itself may be deleted: then its generations go, too.
 *
 * @returns when an issuer is to be asked again that is still at work on what was asked for before, epoch milliseconds; undefined: all is settled
 * @throws what an issuer failed with first, after all was tried
 */
export async function settleRevocation(
  context: CertificatesContext,
  certificateId: string,
  options: Abortable,
): Promise<number | undefined> {
  const progress: Progress = { revoked: new Set(), asked: new Set(), errors: [], instants: [] };
  const { errors, instants } = progress;
  while (true) {
    const revocation = await context.store.get(unsettledRevocations, certificateId);
    if (revocation === undefined) return undefined;
    const givenUp = await revokeIssued(context, revocation, progress, options);
    if (givenUp.length > 0) {
      await ask(context, givenUp, progress, options);
      continue;
    }
    throwIfAborted(options.signal);
    if (errors.length > 0) throw errors[0];
    if (instants.length > 0) return Math.min(...instants);
    await noteSettled(context, revocation, options);
  }
}

/** @returns the generations that are to be asked for, before all is revoked */
async function revokeIssued(
  context: CertificatesContext,
  { id: certificateId, value: certificate }: Entry<UnsettledRevocationValue>,
  progress: Progress,
  options: Abortable,
): Promise<AskedGeneration[]> {
  const { revoked, asked } = progress;
  const givenUp: AskedGeneration[] = [];
  for await (const { id, generation } of outstandingGenerations(context, certificateId)) {
    const { chainPem } = generation;
    if (chainPem === undefined) {
      if (!asked.has(id)) givenUp.push({ certificateId, certificate, generationId: id, generation });
      // The latest ones come last.
      if (givenUp.length > MOST_GIVEN_UP - asked.size) givenUp.shift();
    } else if (!revoked.has(id)) {
      revoked.add(id);
      await attempt(progress, options, async () => {
        const issuer = revokingIssuer(context, certificateId, generation.issuer);
        const certificateDer = parseCertificates(chainPem)[0]?.der as Uint8Array;
        await issuer.revoke({ certificateDer, reason: certificate.reason, ...signalOf(options) });
      });
    }
  }
  return givenUp;
}

async function ask(
  context: CertificatesContext,
  givenUp: readonly AskedGeneration[],
  progress: Progress,
  options: Abortable,
): Promise<void> {
  for (const each of givenUp) {
    progress.asked.add(each.generationId);
    const retryAt = await attempt(progress, options, () => learnWhatWasGiven(context, each, options));
    if (retryAt !== undefined) progress.instants.push(retryAt);
  }
}

/** One generation that makes trouble must not keep the others in force. */
async function attempt<T>({ errors }: Progress, { signal }: Abortable, work: () => Promise<T>): Promise<T | undefined> {
  throwIfAborted(signal);
  try {
    return await work();
  } catch (error) {
    errors.push(error);
    return undefined;
  }
}

/** Does nothing where the revocation has changed since: a generation may have come. Of what is deleted a commit may leave some for the next. */
async function noteSettled(
  context: CertificatesContext,
  { id, version }: Entry<UnsettledRevocationValue>,
  options: Abortable,
): Promise<void> {
  await context.store.transact(async (transaction) => {
    const [present, certificate] = await Promise.all([
      transaction.get(unsettledRevocations, id),
      transaction.get(certificates, id),
    ]);
    if (present?.version !== version) return;
    if (certificate === undefined && !(await dropGenerations(context, transaction, id))) return;
    transaction.delete(unsettledRevocations, id);
    transaction.delete(renewalJobs, id);
  }, signalOf(options));
}
