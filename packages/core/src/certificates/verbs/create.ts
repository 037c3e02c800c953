import { z } from 'zod';
import { uuidv7 } from '../../crypto/random-id.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { KeyAlgorithm } from '../../ports/crypto.ts';
import type { Write } from '../../ports/storage.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Certificate } from '../certificate.ts';
import { certificateEvent } from '../certificate-event.ts';
import { activityOf, NO_END, toCertificate } from '../certificate-record.ts';
import { type CertificateValue, certificates } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { awaitGeneration } from '../generations/await-generation.ts';
import { failFirstIssue } from '../generations/discard.ts';
import { type Draft, makeDraft, provenCsr, putDraft } from '../generations/draft.ts';
import { isVerdict } from '../generations/refusal.ts';
import { planJob } from '../jobs/job.ts';
import { holdNames } from '../names/hold-names.ts';
import { onTakenName } from '../names/name-conflict.ts';
import { permitNames } from '../names/permit-names.ts';
import { parseNames } from '../names/subject-names.ts';
import {
  type CertificateLifetime,
  commonInput,
  csrInput,
  keyAlgorithmInput,
  lifetimeInput,
  parseInput,
} from './certificate-input.ts';

/** What to make a certificate of. */
export interface CreateCertificateOptions extends Abortable {
  /** The names to certify, 1 to 100: `a.example`, `*.a.example`, `ip:10.0.0.1`, `email:a@b.example`, `uri:spiffe://…`. */
  readonly subjectAltNames: readonly string[];
  /** What people call it: unique, 1 to 512 bytes of text. */
  readonly name?: string;
  /** Whose it is. It takes the options `accountGuard` and `nameGuard`. */
  readonly accountId?: string;
  /** The default issuer otherwise. */
  readonly issuer?: string;
  /** The issuer's own word for a kind of certificate; the issuer's default otherwise. */
  readonly profile?: string;
  /** The issuer's default otherwise. */
  readonly validity?: CertificateLifetime;
  /** Of the key that is made here, for each generation anew. `ECDSA-P256` by default. */
  readonly keyAlgorithm?: KeyAlgorithm;
  /** In place of `keyAlgorithm`: a PKCS#10 request, PEM or DER, whose key stays elsewhere. It is not served, and renewed by `renew(id, { csr })`. */
  readonly csr?: string | Uint8Array;
  /** Whether its names are served by it as soon as it is issued. Default true. */
  readonly active?: boolean;
  /** Whether a scheduler renews it. Default true. */
  readonly autoRenew?: boolean;
  /** Whether to wait until it is issued, or has failed, for as long as `signal` allows. Default true; false returns it pending. */
  readonly wait?: boolean;
}

const createInput = z
  .strictObject({
    ...commonInput,
    subjectAltNames: z.array(z.string()).max(10_000),
    validity: lifetimeInput.optional(),
    keyAlgorithm: keyAlgorithmInput.optional(),
    csr: csrInput.optional(),
    wait: z.boolean().optional(),
  })
  .refine(
    ({ csr, keyAlgorithm }) => csr === undefined || keyAlgorithm === undefined,
    'csr and keyAlgorithm exclude each other',
  );

/** A certificate that is in storage, with a generation that is yet to be asked for. */
export interface BegunCertificate {
  readonly id: string;
  readonly value: CertificateValue;
  readonly version: string;
  readonly generationId: string;
}

/** See `CertificateManager.create`. */
export async function createCertificate(
  context: CertificatesContext,
  options: CreateCertificateOptions,
): Promise<Certificate> {
  const { generationId, ...entry } = await beginCertificate(context, options);
  const { id } = entry;
  if (options.wait === false) return toCertificate(context, entry);
  try {
    return await awaitGeneration(context, id, generationId, signalOf(options));
  } catch (error) {
    if (isVerdict(error)) await failFirstIssue(context, id, error, {});
    throw error;
  }
}

/**
 * Stores what must be there before an issuer is asked: a crash from here on loses neither key nor request.
 *
 * @param name a name that nobody can give
 */
export async function beginCertificate(
  context: CertificatesContext,
  options: CreateCertificateOptions,
  name?: string,
): Promise<BegunCertificate> {
  const input = parseInput(createInput, 'create() options', options);
  throwIfAborted(input.signal);
  const { name: issuer } = context.issuers.named(input.issuer);
  const subjectAltNames = parseNames(input.subjectAltNames);
  const keyAlgorithm = input.csr === undefined ? (input.keyAlgorithm ?? 'ECDSA-P256') : undefined;
  const source = keyAlgorithm === undefined ? { csrDer: await provenCsr(context, input.csr ?? '') } : { keyAlgorithm };
  const checks = await permitNames(context, input.accountId, subjectAltNames, signalOf(options));
  const draft = await makeDraft(context, subjectAltNames, source);
  const now = context.clock.now();
  const called = name ?? input.name;
  const value: CertificateValue = {
    ...(called === undefined ? {} : { name: called, heldName: called }),
    ...(input.accountId === undefined ? {} : { accountId: input.accountId }),
    issuer,
    ...(input.profile === undefined ? {} : { profile: input.profile }),
    ...(input.validity === undefined ? {} : { lifetimeMs: input.validity }),
    ...(keyAlgorithm === undefined ? {} : { keyAlgorithm }),
    subjectAltNames,
    state: 'pending',
    ...activityOf(input.active ?? true),
    autoRenew: input.autoRenew ?? true,
    generation: 0,
    pending: draft.id,
    endsAt: NO_END,
    revision: 1,
    eventCount: 1,
    createdAt: now,
    updatedAt: now,
  };
  const id = uuidv7(context.clock, context.crypto);
  const version = await commitPending(context, id, { ...value, issuer }, draft, checks, options);
  return { id, value, version, generationId: draft.id };
}

async function commitPending(
  context: CertificatesContext,
  id: string,
  value: CertificateValue & { readonly issuer: string },
  draft: Draft,
  permitted: readonly Write[],
  options: Abortable,
): Promise<string> {
  const { store, events } = context;
  const { accountId, active, subjectAltNames, createdAt } = value;
  let checks: readonly Write[] | undefined = permitted;
  const committing = store.transact(async (transaction) => {
    // The account may have changed, which is why this runs again: ask again then.
    checks ??= await permitNames(context, accountId, subjectAltNames, signalOf(options));
    for (const check of checks) transaction.add(check);
    checks = undefined;
    const certificate = store.put(certificates, id, value, { ifVersion: null });
    transaction.add(certificate);
    putDraft(context, transaction, draft, { ...value, certificateId: id, number: 1 });
    if (active) await holdNames(context, transaction, subjectAltNames, { certificateId: id, accountId }, 'last');
    planJob(context, transaction, id, value, { issuedAt: createdAt });
    if (events !== undefined) transaction.add(certificateEvent(events, 'certificate.created', id, value));
    return certificate.version;
  }, signalOf(options));
  return onTakenName(committing, value.name ?? id);
}
