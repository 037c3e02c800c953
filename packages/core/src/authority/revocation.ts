import { equalBytes } from '../encoding/bytes.ts';
import { ConflictError, InvalidInputError } from '../errors/families.ts';
import { type Abortable, signalOf } from '../ports/abortable.ts';
import type { RevocationRequest } from '../ports/issuer.ts';
import { parseCertificate } from '../x509/certificate/certificate.ts';
import type { CrlReason } from '../x509/crl/crl-reason.ts';
import { ledgerEvent } from './authority-event.ts';
import { ledger } from './collections.ts';
import type { AuthorityContext } from './context.ts';
import { markChange } from './crl/crl-changes.ts';
import { type CertificateRecord, certificateNotFound, type LedgerValue } from './ledger.ts';
import { dropRevokedResponder } from './ocsp/renew-responder.ts';
import { requireRevocationReason } from './revocation-reason.ts';

/** Why a certificate is revoked. */
export interface RevokeOptions extends Abortable {
  /** RFC 5280 section 5.3.1; `unspecified` by default. `certificateHold` can be released. */
  readonly reason?: CrlReason;
  /** When the key is known or suspected to have been compromised (RFC 5280 section 5.3.2). */
  readonly invalidityDate?: Date;
}

/** Revokes a certificate: ledger, CRL mark and event in one commit. */
export async function revokeCertificate(
  context: AuthorityContext,
  serialNumber: string,
  options: RevokeOptions,
): Promise<CertificateRecord> {
  const { reason = 'unspecified', invalidityDate } = options;
  requireRevocationReason(reason);
  if (invalidityDate !== undefined) requireInvalidityDate(invalidityDate);
  return changeState(context, serialNumber, options, (value, now) => {
    if (value.state === 'revoked' || (value.state === 'onHold' && reason === 'certificateHold')) {
      throw new ConflictError(
        'ALREADY_REVOKED',
        `Certificate ${serialNumber} is revoked already (${value.reason ?? 'unspecified'})`,
        {
          facts: { serialNumber, reason: value.reason ?? 'unspecified' },
        },
      );
    }
    return {
      ...value,
      state: reason === 'certificateHold' ? 'onHold' : 'revoked',
      // A hold that becomes a revocation keeps the date from which the certificate was not to be trusted.
      revokedAt: value.revokedAt ?? now,
      reason,
      ...(invalidityDate === undefined ? {} : { invalidityDate: invalidityDate.getTime() }),
    };
  });
}

/**
 * Revokes the certificate of exactly these bytes, unless it is revoked already: what the `Issuer` port asks.
 *
 * @returns its serial number
 */
export async function revokeByCertificate(context: AuthorityContext, request: RevocationRequest): Promise<string> {
  requireRevocationReason(request.reason ?? 'unspecified');
  const { serialNumber } = parseCertificate(request.certificateDer);
  const { bytes, value } = await context.ledger.entry(serialNumber);
  if (bytes === undefined || !equalBytes(bytes, request.certificateDer)) throw certificateNotFound(serialNumber);
  if (value.state === 'revoked') return serialNumber;
  try {
    await revokeCertificate(context, serialNumber, request);
  } catch (error) {
    // Another was faster; or it is on hold, and asked to be held.
    if (!(error instanceof ConflictError) || error.code !== 'ALREADY_REVOKED') throw error;
  }
  return serialNumber;
}

/** What no CRL can hold must not reach the ledger: every later CRL would fail on it. */
function requireInvalidityDate(date: Date): void {
  const year = date instanceof Date ? date.getUTCFullYear() : Number.NaN;
  if (year >= 0 && year <= 9999) return;
  throw new InvalidInputError('INVALID_ARGUMENT', 'invalidityDate must be a Date of the years 0 to 9999');
}

/** Takes a certificate off hold. */
export async function releaseCertificate(
  context: AuthorityContext,
  serialNumber: string,
  options: Abortable,
): Promise<CertificateRecord> {
  return changeState(context, serialNumber, options, (value) => {
    if (value.state !== 'onHold') {
      throw new ConflictError('NOT_ON_HOLD', `Certificate ${serialNumber} is not on hold`, { facts: { serialNumber } });
    }
    const { revokedAt: _, reason: __, invalidityDate: ___, ...rest } = value;
    return { ...rest, state: 'issued' };
  });
}

async function changeState(
  context: AuthorityContext,
  serialNumber: string,
  options: Abortable,
  change: (value: LedgerValue, now: number) => LedgerValue,
): Promise<CertificateRecord> {
  const { store, clock } = context;
  return store.transact(async (transaction) => {
    const now = clock.now();
    const entry = await transaction.get(ledger, context.ledger.documentId(serialNumber));
    if (entry === undefined) throw certificateNotFound(serialNumber);
    const value = { ...change(entry.value, now), revision: entry.value.revision + 1 };
    transaction.put(ledger, entry.id, value, entry.bytes === undefined ? {} : { bytes: entry.bytes });
    transaction.add(markChange(context, value, now));
    await dropRevokedResponder(transaction, value);
    if (context.events !== undefined) transaction.add(ledgerEvent(context.events, value));
    return context.ledger.toRecord({ ...entry, value });
  }, signalOf(options));
}
