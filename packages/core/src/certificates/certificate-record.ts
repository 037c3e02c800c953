import { isUuid } from '../crypto/random-id.ts';
import { ConflictError, NotFoundError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';
import type { JsonObject } from '../ports/storage.ts';
import type { Entry } from '../store/entry.ts';
import type { Transaction } from '../store/transaction.ts';
import type { Certificate, CertificateFailure, ManagedCertificateStatus } from './certificate.ts';
import { type CertificateEventType, certificateEvent } from './certificate-event.ts';
import { type CertificateValue, certificates } from './collections.ts';
import type { CertificatesContext } from './context.ts';
import { renewalDue } from './renewal-due.ts';

/** `endsAt` of what has no end yet. */
export const NO_END = Number.MAX_SAFE_INTEGER;

/** Whether a certificate's names are served, as its document says it: for whoever reads it, and for the indexes. */
export function activityOf(active: boolean): Pick<CertificateValue, 'active' | 'activity'> {
  return { active, activity: active ? 'active' : 'inactive' };
}

/** A certificate's document. */
export type CertificateEntry = Entry<CertificateValue>;

/**
 * Refuses what cannot be the id of a certificate, before any storage is asked.
 *
 * @throws {NotFoundError} CERTIFICATE_NOT_FOUND
 */
export function requireCertificateId(id: string): string {
  if (isUuid(id)) return id;
  throw certificateNotFound(id);
}

/** Makes the error for an id that no certificate has. */
export function certificateNotFound(id: string): NotFoundError {
  return new NotFoundError('CERTIFICATE_NOT_FOUND', `There is no certificate ${quote(id)}`, {
    facts: typeof id === 'string' ? { certificateId: id.slice(0, 64) } : {},
  });
}

/** Makes the error for a certificate that is revoked. */
export function certificateRevoked(id: string): ConflictError {
  return new ConflictError('CERTIFICATE_REVOKED', `Certificate ${id} is revoked`, { facts: { certificateId: id } });
}

/** Makes the error for a certificate that nobody issues. */
export function certificateNotRenewable(id: string): ConflictError {
  return new ConflictError('CERTIFICATE_NOT_RENEWABLE', `Certificate ${id} was imported without an issuer`, {
    facts: { certificateId: id },
  });
}

/** Makes the error for a certificate without a generation. */
export function certificateNotIssued(id: string, { state }: CertificateValue): ConflictError {
  const problem = state === 'failed' ? 'could not be issued' : 'is not issued yet';
  return new ConflictError('CERTIFICATE_NOT_ISSUED', `Certificate ${id} ${problem}`, {
    facts: { certificateId: id, state },
  });
}

/**
 * Reads a certificate within a transaction.
 *
 * @param condition.ifVersion the version that it must be at
 * @throws {NotFoundError} CERTIFICATE_NOT_FOUND
 * @throws {ConflictError} CERTIFICATE_CHANGED
 */
export async function requireCertificate(
  transaction: Transaction,
  id: string,
  { ifVersion }: { readonly ifVersion?: string | undefined } = {},
): Promise<CertificateEntry> {
  const entry = await transaction.get(certificates, id);
  if (entry === undefined) throw certificateNotFound(id);
  if (ifVersion === undefined || ifVersion === entry.version) return entry;
  throw new ConflictError('CERTIFICATE_CHANGED', `Certificate ${id} was changed meanwhile`, {
    facts: { certificateId: id },
  });
}

/**
 * Adds to a transaction that a certificate has changed, and the event that tells of it.
 *
 * @param change what is different; `revision`, `eventCount` and `updatedAt` follow by themselves
 * @returns the certificate as it will be
 */
export function putCertificate(
  { store, clock, events }: CertificatesContext,
  transaction: Transaction,
  { id, value: before }: CertificateEntry,
  change: CertificateValue,
  event: { readonly type: CertificateEventType; readonly data?: JsonObject } | undefined,
): CertificateEntry {
  const value = {
    ...change,
    revision: before.revision + 1,
    eventCount: before.eventCount + (event === undefined ? 0 : 1),
    updatedAt: clock.now(),
  };
  const write = store.put(certificates, id, value);
  transaction.add(write);
  if (events !== undefined && event !== undefined)
    transaction.add(certificateEvent(events, event.type, id, value, event.data));
  return { id, value, version: write.version };
}

/** A certificate as the public API tells of it. */
export function toCertificate(
  { clock, renewalPolicy }: CertificatesContext,
  { id, value, version }: CertificateEntry,
): Certificate {
  const { name, accountId, issuer, profile, keyAlgorithm, failure, revocation } = value;
  const { notBefore, notAfter, sha256Fingerprint, serialNumber, chainPem } = value;
  // Spread one by one, what is absent costs nothing: certificates are read far more often than anything else.
  return {
    id,
    ...(name !== undefined && { name }),
    ...(accountId !== undefined && { accountId }),
    ...(issuer !== undefined && { issuer }),
    ...(profile !== undefined && { profile }),
    state: value.state,
    status: statusOf(value, clock.now()),
    active: value.active,
    autoRenew: value.autoRenew,
    hasPrivateKey: keyAlgorithm !== undefined,
    ...(keyAlgorithm !== undefined && { keyAlgorithm }),
    subjectAltNames: [...value.subjectAltNames],
    generation: value.generation,
    renewing: value.pending !== undefined && value.state === 'issued',
    ...(notBefore !== undefined && { notBefore: new Date(notBefore) }),
    ...(notAfter !== undefined && { notAfter: new Date(notAfter) }),
    ...(renews(value) && { renewAt: new Date(renewalInstant(id, value, renewalPolicy)) }),
    ...(sha256Fingerprint !== undefined && { sha256Fingerprint }),
    ...(serialNumber !== undefined && { serialNumber }),
    ...(chainPem !== undefined && { chainPem }),
    ...(failure !== undefined && { failure: toFailure(failure) }),
    ...(revocation !== undefined && { revokedAt: new Date(revocation.at), revocationReason: revocation.reason }),
    revision: value.revision,
    version,
    createdAt: new Date(value.createdAt),
    updatedAt: new Date(value.updatedAt),
  };
}

/** Whether a scheduler is to renew a certificate, or to ask for the CSR that it takes. */
export function renews({ state, issuer, autoRenew }: CertificateValue): boolean {
  return state === 'issued' && issuer !== undefined && autoRenew;
}

/** When the generation in force is to be replaced. Epoch milliseconds. */
export function renewalInstant(
  id: string,
  { notBefore = 0, notAfter = 0 }: CertificateValue,
  policy: CertificatesContext['renewalPolicy'],
): number {
  return renewalDue({ notBefore, notAfter, policy, jitterSeed: id });
}

/** notAfter itself is still valid (RFC 5280 section 4.1.2.5). */
function statusOf({ state, notAfter = 0 }: CertificateValue, now: number): ManagedCertificateStatus {
  if (state !== 'issued') return state;
  return notAfter < now ? 'expired' : 'valid';
}

function toFailure({ code, message, at }: { code: string; message: string; at: number }): CertificateFailure {
  return { code, message, at: new Date(at) };
}
