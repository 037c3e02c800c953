import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { RenewalJob } from '../../ports/renewal-source.ts';
import type { Entry } from '../../store/entry.ts';
import type { Transaction } from '../../store/transaction.ts';
import { type CertificateEntry, putCertificate, renewalInstant } from '../certificate-record.ts';
import {
  type CertificateValue,
  certificates,
  type GenerationValue,
  generationKeys,
  generations,
} from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { planJob } from '../jobs/job.ts';
import { heldJob } from '../jobs/lease.ts';
import { holdNames } from '../names/hold-names.ts';
import type { CertificateChain } from './chain.ts';

/** A generation that came into force. */
export interface TakenEffect {
  readonly certificate: CertificateEntry;
  /** When its job is due, epoch milliseconds. */
  readonly nextDueAt: number | undefined;
}

/**
 * Puts a generation into force: it is written whole, and the pointer moves to it, in one commit. The one before stays until its grace has
 * passed.
 *
 * @param job the lease under which it was asked for
 * @returns undefined where another generation was asked for since, or the lease is lost: nothing was written
 */
export async function takeEffect(
  context: CertificatesContext,
  certificateId: string,
  generationId: string,
  chain: CertificateChain,
  options: { readonly job?: RenewalJob | undefined } & Abortable,
): Promise<TakenEffect | undefined> {
  return context.store.transact(
    async (transaction) => {
      const [certificate, generation, job] = await Promise.all([
        transaction.get(certificates, certificateId),
        transaction.get(generations, generationId),
        options.job && heldJob(transaction, options.job),
      ]);
      if (certificate?.value.pending !== generationId || generation === undefined) return undefined;
      // It was given up, and its names may be another's by now: trying again takes them first.
      if (certificate.value.state === 'failed') return undefined;
      if (options.job !== undefined && job === undefined) return undefined;
      await retire(context, transaction, certificate.value.current);
      const { notBefore, notAfter, serialNumber, sha256Fingerprint, chainPem } = chain;
      const facts = { notBefore, notAfter, serialNumber, sha256Fingerprint, chainPem };
      transaction.put(generations, generationId, { ...generation.value, ...facts });
      const value = inForce(certificate.value, generation, facts);
      const type = value.generation === 1 ? 'certificate.issued' : 'certificate.renewed';
      const written = putCertificate(context, transaction, certificate, value, { type });
      await serve(context, transaction, certificateId, value, generation);
      const restUntil = restAfter(context, certificateId, value);
      const { createdAt: issuedAt } = generation.value;
      const nextDueAt = planJob(context, transaction, certificateId, value, { issuedAt, restUntil });
      return { certificate: written, nextDueAt };
    },
    // Run again, it finds a generation in force that is pending no longer.
    { repeatable: true, ...signalOf(options) },
  );
}

/** The generation that was in force stays known until it ends, and its key until whoever serves it has had time to notice, but no longer than that. */
export async function retire(
  { clock, graceMs }: CertificatesContext,
  transaction: Transaction,
  generationId: string | undefined,
): Promise<void> {
  if (generationId === undefined) return;
  const [generation, key] = await Promise.all([
    transaction.get(generations, generationId),
    transaction.get(generationKeys, generationId),
  ]);
  const now = clock.now();
  const { notAfter = now } = generation?.value ?? {};
  if (generation !== undefined) transaction.put(generations, generationId, generation.value, { expiresAt: notAfter });
  if (key?.bytes === undefined) return;
  const expiresAt = Math.min(notAfter, now + graceMs);
  transaction.put(generationKeys, generationId, key.value, { bytes: key.bytes, expiresAt });
}

function inForce(
  before: CertificateValue,
  generation: Entry<GenerationValue>,
  facts: Omit<CertificateChain, 'leaf' | 'names'>,
): CertificateValue {
  const { pending: _, failure: __, ...rest } = before;
  return {
    ...rest,
    ...facts,
    state: 'issued',
    generation: generation.value.number,
    current: generation.id,
    endsAt: facts.notAfter,
  };
}

/**
 * What is due for renewal as it is issued, by the issuer's clock or by this one, must not be replaced again and again: it rests for half of
 * the time after which a certificate would be renewed that begins now.
 */
function restAfter({ clock, renewalPolicy }: CertificatesContext, id: string, value: CertificateValue): number {
  const now = clock.now();
  if (renewalInstant(id, value, renewalPolicy) > now) return now;
  return Math.floor((now + renewalInstant(id, { ...value, notBefore: now }, renewalPolicy)) / 2);
}

async function serve(
  context: CertificatesContext,
  transaction: Transaction,
  certificateId: string,
  { active, accountId, subjectAltNames }: CertificateValue,
  generation: Entry<GenerationValue>,
): Promise<void> {
  if (!active || !generation.value.hasPrivateKey) return;
  const holder = { certificateId, accountId, generation: generation.id };
  await holdNames(context, transaction, subjectAltNames, holder, 'same');
}
