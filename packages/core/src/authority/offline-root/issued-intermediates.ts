import { fromBase64 } from '../../encoding/base64.ts';
import { encodePem } from '../../encoding/pem.ts';
import { ConflictError, NotFoundError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import type { CrlReason } from '../../x509/crl/crl-reason.ts';
import type { IssuedIntermediateState, RootState } from './root-state.ts';

/** An intermediate that an offline root has signed. */
export interface RootIssuedCertificate {
  /** Lower-case hex. */
  readonly serialNumber: string;
  readonly subject: string;
  readonly certificatePem: string;
  readonly pathLength: number;
  readonly notBefore: Date;
  readonly notAfter: Date;
  readonly revokedAt?: Date;
  readonly reason?: CrlReason;
}

/** Puts an intermediate of a root's state in another state. @throws {NotFoundError} CERTIFICATE_NOT_FOUND */
export function changeIssued(
  state: RootState,
  serialNumber: string,
  change: (entry: IssuedIntermediateState) => IssuedIntermediateState,
): RootState {
  const serial = typeof serialNumber === 'string' ? serialNumber.toLowerCase() : undefined;
  if (serial === undefined || !state.issued.some((entry) => entry.serialNumber === serial)) {
    const message = `This root signed no certificate with serial number ${quote(serialNumber)}`;
    throw new NotFoundError('CERTIFICATE_NOT_FOUND', message, {
      facts: serial === undefined ? {} : { serialNumber: serial.slice(0, 64) },
    });
  }
  return { ...state, issued: state.issued.map((entry) => (entry.serialNumber === serial ? change(entry) : entry)) };
}

/** Revokes an entry, unless it is revoked for good. @throws {ConflictError} ALREADY_REVOKED */
export function revokeIssued(entry: IssuedIntermediateState, reason: CrlReason, now: number): IssuedIntermediateState {
  const held = entry.reason === 'certificateHold';
  if (entry.revokedAt !== undefined && (!held || reason === 'certificateHold')) {
    const { serialNumber } = entry;
    const message = `Intermediate ${serialNumber} is revoked already (${entry.reason ?? 'unspecified'})`;
    throw new ConflictError('ALREADY_REVOKED', message, { facts: { serialNumber } });
  }
  // A hold that becomes a revocation keeps the date from which the certificate was not to be trusted.
  return { ...entry, revokedAt: entry.revokedAt ?? now, reason };
}

/** Takes an entry off hold. @throws {ConflictError} NOT_ON_HOLD */
export function releaseIssued(entry: IssuedIntermediateState): IssuedIntermediateState {
  const { revokedAt: _, reason, ...rest } = entry;
  if (reason === 'certificateHold') return rest;
  const { serialNumber } = entry;
  throw new ConflictError('NOT_ON_HOLD', `Intermediate ${serialNumber} is not on hold`, { facts: { serialNumber } });
}

/** What the outside sees of an entry. */
export function describeIssued(entry: IssuedIntermediateState): RootIssuedCertificate {
  const { serialNumber, subject, pathLength, certificate, notBefore, notAfter, revokedAt, reason } = entry;
  return {
    serialNumber,
    subject,
    pathLength,
    certificatePem: encodePem('CERTIFICATE', fromBase64(certificate)),
    notBefore: new Date(notBefore),
    notAfter: new Date(notAfter),
    ...(revokedAt === undefined ? {} : { revokedAt: new Date(revokedAt) }),
    ...(reason === undefined ? {} : { reason }),
  };
}
