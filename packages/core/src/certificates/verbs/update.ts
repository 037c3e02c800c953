import { z } from 'zod';
import { InvalidInputError } from '../../errors/families.ts';
import { signalOf } from '../../ports/abortable.ts';
import type { KeyAlgorithm } from '../../ports/crypto.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Certificate } from '../certificate.ts';
import {
  certificateNotRenewable,
  certificateRevoked,
  putCertificate,
  requireCertificate,
  requireCertificateId,
  toCertificate,
} from '../certificate-record.ts';
import { type CertificateValue, renewalJobs } from '../collections.ts';
import type { CertificatesContext } from '../context.ts';
import { followAutoRenew } from '../jobs/job.ts';
import { onTakenName } from '../names/name-conflict.ts';
import {
  type CertificateLifetime,
  type ChangeCertificateOptions,
  changeInput,
  givenNameInput,
  keyAlgorithmInput,
  lifetimeInput,
  ON_DEMAND,
  parseInput,
  profileInput,
} from './certificate-input.ts';

/** What to change of a certificate. What is left out stays; `null` removes. */
export interface CertificatePatch {
  /** What people call it: unique, 1 to 512 bytes of text. */
  readonly name?: string | null;
  /** Whether a scheduler renews it. */
  readonly autoRenew?: boolean;
  /** Of the generations to come: the issuer's own word for a kind of certificate. */
  readonly profile?: string | null;
  /** Of the generations to come. */
  readonly validity?: CertificateLifetime | null;
  /** Of the keys to come, where they are made here. */
  readonly keyAlgorithm?: KeyAlgorithm;
}

const patchInput = z.strictObject({
  name: givenNameInput.nullable().optional(),
  autoRenew: z.boolean().optional(),
  profile: profileInput.nullable().optional(),
  validity: lifetimeInput.nullable().optional(),
  keyAlgorithm: keyAlgorithmInput.optional(),
});

type Patch = z.output<typeof patchInput>;

/** The field of the document that a field of the patch changes. */
const FIELDS = {
  name: 'name',
  autoRenew: 'autoRenew',
  profile: 'profile',
  validity: 'lifetimeMs',
  keyAlgorithm: 'keyAlgorithm',
} as const satisfies Record<keyof Patch, keyof CertificateValue>;

/** See `CertificateManager.update`. */
export async function updateCertificate(
  context: CertificatesContext,
  id: string,
  given: CertificatePatch,
  options: ChangeCertificateOptions,
): Promise<Certificate> {
  const patch = parseInput(patchInput, 'update() patch', given);
  const condition = parseInput(changeInput, 'update() options', options);
  requireCertificateId(id);
  throwIfAborted(condition.signal);
  const updating = context.store.transact(async (transaction) => {
    const entry = await requireCertificate(transaction, id, condition);
    requirePatchable(id, entry.value, patch);
    const next = patched(entry.value, patch);
    const changed = Object.entries(FIELDS).flatMap(([told, field]) =>
      next[field] === entry.value[field] ? [] : [told],
    );
    if (changed.length === 0) return entry;
    if (changed.includes('autoRenew'))
      followAutoRenew(context, transaction, next, await transaction.get(renewalJobs, id));
    return putCertificate(context, transaction, entry, next, { type: 'certificate.updated', data: { changed } });
  }, signalOf(options));
  return toCertificate(context, await onTakenName(updating, patch.name ?? id));
}

function requirePatchable(id: string, { state, name, keyAlgorithm, issuer }: CertificateValue, patch: Patch): void {
  if (state === 'revoked') throw certificateRevoked(id);
  if (patch.name !== undefined && name?.startsWith(ON_DEMAND))
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `name: certificate ${id} was issued on demand, and goes by its name`,
    );
  if (patch.keyAlgorithm !== undefined && keyAlgorithm === undefined)
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      `keyAlgorithm: the private key of certificate ${id} is kept elsewhere`,
    );
  if (patch.autoRenew === true && issuer === undefined) throw certificateNotRenewable(id);
}

function patched(before: CertificateValue, patch: Patch): CertificateValue {
  const { name, heldName: _, profile, lifetimeMs, keyAlgorithm, autoRenew, ...rest } = before;
  const called = kept(name, patch.name);
  return {
    ...rest,
    autoRenew: patch.autoRenew ?? autoRenew,
    // One that failed does without the name until it is tried again.
    ...given({ name: called, heldName: before.state === 'failed' ? undefined : called }),
    ...given({ profile: kept(profile, patch.profile), lifetimeMs: kept(lifetimeMs, patch.validity) }),
    ...given({ keyAlgorithm: patch.keyAlgorithm ?? keyAlgorithm }),
  };
}

/** What a field is to be: undefined in a patch leaves it, `null` removes it. */
function kept<T>(before: T | undefined, change: T | null | undefined): T | undefined {
  return change === undefined ? before : (change ?? undefined);
}

/** Leaves out what is undefined. */
function given<T extends object>(fields: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
