import { ConflictError, InvalidInputError } from '../../errors/families.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { CertificateChange } from '../../ports/certificate-source.ts';
import type { RenewalJob } from '../../ports/renewal-source.ts';
import type { Transaction } from '../../store/transaction.ts';
import {
  type CertificateEntry,
  certificateNotRenewable,
  certificateRevoked,
  putCertificate,
  requireCertificate,
} from '../certificate-record.ts';
import { type CertificateValue, generationKeys, generations, renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { historyOf, planJob } from '../jobs/job.ts';
import { heldJob } from '../jobs/lease.ts';
import { holdNames, releaseNames } from '../names/hold-names.ts';
import { onTakenName } from '../names/name-conflict.ts';
import { permitNames } from '../names/permit-names.ts';
import { sameNames } from '../names/subject-names.ts';
import { toChange } from '../serving/change.ts';
import { type Draft, giveUpDraft, isOnTermsOf, type KeySource, makeDraft, putDraft, storedCsr } from './draft.ts';
import { keyNotHeld } from './generation-key.ts';

/** How the next generation is to be. */
export interface GenerationWish extends Abortable {
  /** False: with the key of the generation in force. Default true. */
  readonly rekey?: boolean | undefined;
  /** DER, where the key is kept elsewhere. */
  readonly csrDer?: Uint8Array | undefined;
  /** The names to be left; default: those that there are. */
  readonly names?: ((before: readonly string[]) => readonly string[]) | undefined;
  /** Whoever holds this lease opens the generation, and nobody else does so meanwhile. */
  readonly job?: RenewalJob | undefined;
  /** A generation that was asked for before this instant (epoch milliseconds) does not count. */
  readonly askedSince?: number | undefined;
  /** The version that the certificate must be at. */
  readonly ifVersion?: string | undefined;
}

/** What came of the wish for a generation. */
export type OpenedGeneration =
  | { readonly outcome: 'open'; readonly generationId: string }
  /** Another generation came into force since the wish was made, no name is left, or the lease is lost. */
  | { readonly outcome: 'overtaken' };

/**
 * Makes sure that a certificate has a generation that can be asked for: the one that is pending, or one with key and CSR that is stored here. However many ask at
 * once, there is one.
 *
 * @throws {ConflictError} CERTIFICATE_CHANGED, CERTIFICATE_REVOKED, CERTIFICATE_NOT_RENEWABLE, CSR_REQUIRED; CERTIFICATE_NAME_TAKEN,
 *   NAME_TAKEN
 * @throws {InvalidInputError} ISSUER_UNKNOWN; INVALID_ARGUMENT: a CSR, where the key is made here
 * @throws {NotFoundError} ACCOUNT_NOT_FOUND
 * @throws {PermissionError} NAME_NOT_PERMITTED
 */
export async function openGeneration(
  context: CertificatesContext,
  id: string,
  wish: GenerationWish,
): Promise<OpenedGeneration> {
  let before: number | undefined;
  let draft: Draft | undefined;
  let told: { readonly change: CertificateChange; readonly version: string } | undefined;
  const opening = context.store.transact<OpenedGeneration>(async (transaction) => {
    const [entry, job] = await Promise.all([
      requireCertificate(transaction, id, wish),
      wish.job === undefined ? transaction.get(renewalJobs, id) : heldJob(transaction, wish.job),
    ]);
    const { value } = entry;
    before ??= value.generation;
    if (value.generation !== before || (wish.job !== undefined && job === undefined)) return { outcome: 'overtaken' };
    const names = [...(wish.names?.(value.subjectAltNames) ?? value.subjectAltNames)];
    if (names.length === 0) return { outcome: 'overtaken' };
    const issuer = requireRenewable(id, value);
    context.issuers.named(issuer);
    for (const check of await permitNames(context, value.accountId, names, signalOf(wish))) transaction.add(check);
    const resumed = await pendingGeneration(transaction, value, names, wish);
    if (resumed !== undefined && value.state !== 'failed') return { outcome: 'open', generationId: resumed };
    if (resumed === undefined) {
      draft = await draftFor(context, transaction, entry, names, wish, draft);
      if (value.pending !== undefined) await giveUpDraft(context, transaction, value.pending);
      putDraft(context, transaction, draft, { ...value, certificateId: id, number: value.generation + 1, issuer });
    }
    const generationId = resumed ?? (draft as Draft).id;
    const next = await openedValue(context, transaction, entry, names, generationId);
    const changed = sameNames(names, value.subjectAltNames)
      ? undefined
      : ({ type: 'certificate.names_changed' } as const);
    const written = putCertificate(context, transaction, entry, next, changed);
    // The names as they were: those that went are served no longer.
    told = changed && { change: toChange(id, value), version: written.version };
    // A lease that is held stays as it is: the transaction only makes sure of it.
    if (wish.job === undefined) planJob(context, transaction, id, next, historyOf(job, value.createdAt));
    return { outcome: 'open', generationId };
  }, signalOf(wish));
  const opened = await onTakenName(opening, id);
  if (told !== undefined) context.changes.tell(told.change, told.version);
  return opened;
}

/** The issuer of a certificate that can be issued anew. */
function requireRenewable(id: string, { state, issuer }: CertificateValue): string {
  if (state === 'revoked') throw certificateRevoked(id);
  if (issuer !== undefined) return issuer;
  throw certificateNotRenewable(id);
}

/** The generation that is pending, where it is what is wished for. */
async function pendingGeneration(
  transaction: Transaction,
  certificate: CertificateValue,
  names: readonly string[],
  { csrDer, askedSince = 0 }: GenerationWish,
): Promise<string | undefined> {
  const { pending, state } = certificate;
  if (pending === undefined || csrDer !== undefined) return undefined;
  const generation = await transaction.get(generations, pending);
  if (generation === undefined) return undefined;
  // What was refused on other terms would be refused again.
  if (state === 'failed' && !isOnTermsOf(certificate, generation.value)) return undefined;
  const { subjectAltNames, createdAt } = generation.value;
  return createdAt >= askedSince && sameNames(subjectAltNames, names) ? pending : undefined;
}

/** A draft is made once, however often the transaction runs, unless what it is made of has changed. */
async function draftFor(
  context: CertificatesContext,
  transaction: Transaction,
  { id, value }: CertificateEntry,
  names: readonly string[],
  { rekey = true, csrDer }: GenerationWish,
  made: Draft | undefined,
): Promise<Draft> {
  const isOfItsKind = made?.keyAlgorithm === undefined || made.keyAlgorithm === value.keyAlgorithm;
  if (made !== undefined && isOfItsKind && sameNames(made.subjectAltNames, names)) return made;
  return makeDraft(context, names, await keySource(transaction, id, value, rekey, csrDer));
}

async function keySource(
  transaction: Transaction,
  id: string,
  { state, keyAlgorithm, current, pending }: CertificateValue,
  rekey: boolean,
  csrDer: Uint8Array | undefined,
): Promise<KeySource> {
  if (keyAlgorithm === undefined) {
    if (csrDer !== undefined) return { csrDer };
    const refused = state === 'failed' && pending ? await transaction.get(generations, pending) : undefined;
    if (refused !== undefined) return { csrDer: storedCsr(refused.value.csr) };
    throw new ConflictError('CSR_REQUIRED', `The private key of certificate ${id} is kept elsewhere: give a CSR`, {
      facts: { certificateId: id },
    });
  }
  if (csrDer !== undefined) {
    throw new InvalidInputError('INVALID_ARGUMENT', `csr: the private key of certificate ${id} is made here`);
  }
  if (rekey || current === undefined) return { keyAlgorithm };
  const keyOf = await transaction.get(generationKeys, current);
  if (keyOf === undefined) throw keyNotHeld(id);
  return { keyOf };
}

/** The certificate with its pending generation, and with the names that it holds from now on. */
async function openedValue(
  context: CertificatesContext,
  transaction: Transaction,
  { id, value }: CertificateEntry,
  names: string[],
  pending: string,
): Promise<CertificateValue> {
  const { state, active, accountId, subjectAltNames } = value;
  const removed = subjectAltNames.filter((name) => !names.includes(name));
  await releaseNames(context, transaction, removed, id);
  if (state !== 'failed') return { ...value, subjectAltNames: names, pending };
  if (active) await holdNames(context, transaction, names, { certificateId: id, accountId }, 'last');
  const { failure: _, ...rest } = value;
  const heldName = value.name === undefined ? {} : { heldName: value.name };
  return { ...rest, ...heldName, subjectAltNames: names, state: 'pending', pending };
}
