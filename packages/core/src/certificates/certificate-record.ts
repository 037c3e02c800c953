import { isUuid } from '../crypto/random-id.ts';
import { ChanceryError } from '../errors/chancery-error.ts';
import { ConflictError, NotFoundError } from '../errors/families.ts';
import type { JsonObject } from '../ports/storage.ts';
import type { Entry } from '../store/entry.ts';
import type { Transaction } from '../store/transaction.ts';
import { quote } from '../x509/quote.ts';
import type { Certificate, CertificateFailure, ManagedCertificateStatus } from './certificate.ts';
import { type CertificateEventType, certificateEvent } from './certificate-event.ts';
import { type CertificateValue, certificates } from './collections.ts';
import type { CertificatesContext } from './context.ts';
import { renewalDue } from './renewal-due.ts';

const LONGEST_MESSAGE = 1_000;

/** `endsAt` of what has no end yet. */
export const NO_END = Number.MAX_SAFE_INTEGER;

/** A certificate's document. */
export type CertificateEntry = Entry<CertificateValue>;

/**
 * Refuses what cannot be the id of a certificate, before any storage is asked.
 *
 * @throws {NotFoundError} CERTIFICATE_NOT_FOUND
 */
export function requireCertificateId(id: string): string {
  if (isUuid(id)) return id;
  throw certificateNotFound(String(id));
}

/** Makes the error for an id that no certificate has. */
export function certificateNotFound(id: string): NotFoundError {
  return new NotFoundError('CERTIFICATE_NOT_FOUND', `There is no certificate ${quote(id)}`, {
    facts: { certificateId: id.slice(0, 64) },
  });
}

/** Makes the error for a certificate that is revoked. */
export function certificateRevoked(id: string): ConflictError {
  return new ConflictError('CERTIFICATE_REVOKED', `Certificate ${id} is revoked`, { facts: { certificateId: id } });
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
 * @throws {NotFoundError} CERTIFICATE_NOT_FOUND
 */
export async function requireCertificate(transaction: Transaction, id: string): Promise<CertificateEntry> {
  const entry = await transaction.get(certificates, id);
  if (entry === undefined) throw certificateNotFound(id);
  return entry;
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

/** What a failure looks like in a document: code and message, which hold no secret. */
export function failureOf(error: unknown, now: number): { code: string; message: string; at: number } {
  const known = error instanceof ChanceryError;
  // What is not the SDK's own error may say anything.
  return {
    code: known ? error.code : 'UNKNOWN',
    message: known
      ? error.message.slice(0, LONGEST_MESSAGE).toWellFormed().replaceAll('\0', '')
      : 'An error of another kind',
    at: now,
  };
}

/** A certificate as the public API tells of it. */
export function toCertificate(
  { clock, renewalPolicy }: CertificatesContext,
  { id, value }: Pick<CertificateEntry, 'id' | 'value'>,
): Certificate {
  const { keyAlgorithm, failure, revocation, notBefore, notAfter, chainPem } = value;
  return {
    id,
    ...optional('name', value.name),
    ...optional('accountId', value.accountId),
    ...optional('issuer', value.issuer),
    ...optional('profile', value.profile),
    state: value.state,
    status: statusOf(value, clock.now()),
    active: value.active,
    autoRenew: value.autoRenew,
    hasPrivateKey: keyAlgorithm !== undefined,
    ...optional('keyAlgorithm', keyAlgorithm),
    subjectAltNames: [...value.subjectAltNames],
    generation: value.generation,
    renewing: value.pending !== undefined && value.state === 'issued',
    ...optional('notBefore', dateOf(notBefore)),
    ...optional('notAfter', dateOf(notAfter)),
    ...optional('renewAt', renews(value) ? new Date(renewalInstant(id, value, renewalPolicy)) : undefined),
    ...optional('sha256Fingerprint', value.sha256Fingerprint),
    ...optional('serialNumber', value.serialNumber),
    ...optional('chainPem', chainPem),
    ...optional('failure', failure && toFailure(failure)),
    ...optional('revokedAt', dateOf(revocation?.at)),
    ...optional('revocationReason', revocation?.reason),
    revision: value.revision,
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

function dateOf(instant: number | undefined): Date | undefined {
  return instant === undefined ? undefined : new Date(instant);
}

function optional<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}
