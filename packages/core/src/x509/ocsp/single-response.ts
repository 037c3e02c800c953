import { headerLength, writeHeader } from '../../encoding/der/length.ts';
import { contextTag, Tag } from '../../encoding/der/tags.ts';
import { writeTime } from '../../encoding/der/time.ts';
import { type CrlReason, crlReasonCode } from '../crl/crl-reason.ts';

/** What a responder says about one certificate (RFC 6960 section 4.2.1: SingleResponse). Times are epoch milliseconds. */
export interface OcspAnswer {
  /** The CertID as it was asked, DER. */
  readonly certId: Uint8Array;
  readonly status: OcspAnswerStatus;
  readonly thisUpdate: number;
  readonly nextUpdate: number;
}

/** The three statuses of RFC 6960 section 2.2; a certificate on hold is revoked for the reason certificateHold. */
export type OcspAnswerStatus =
  | { readonly kind: 'good' | 'unknown' }
  | { readonly kind: 'revoked'; readonly revokedAt: number; readonly reason: CrlReason };

const TIME = 17;
const REASON = 5;
const GOOD = contextTag(0, false);
const UNKNOWN = contextTag(2, false);
const REVOKED = contextTag(1, true);
const EXPLICIT_0 = contextTag(0, true);

/** How many bytes {@link writeSingleResponse} writes. */
export function singleResponseLength(answer: OcspAnswer): number {
  const length = contentLength(answer);
  return headerLength(length) + length;
}

/**
 * Writes a SingleResponse.
 *
 * @param target where to write, zeros so far
 * @param at at which offset
 * @returns the offset behind what was written
 * @throws {InvalidInputError} INVALID_ARGUMENT: a time is not within the years 0 to 9999
 */
export function writeSingleResponse(target: Uint8Array, at: number, answer: OcspAnswer): number {
  const { certId, status, thisUpdate, nextUpdate } = answer;
  let next = writeHeader(target, at, Tag.sequence, contentLength(answer));
  target.set(certId, next);
  next += certId.length;
  if (status.kind === 'revoked') next = writeRevoked(target, next, status.revokedAt, status.reason);
  else next = writeHeader(target, next, status.kind === 'good' ? GOOD : UNKNOWN, 0);
  next = writeGeneralizedTime(target, next, thisUpdate);
  return writeGeneralizedTime(target, writeHeader(target, next, EXPLICIT_0, TIME), nextUpdate);
}

function contentLength({ certId, status }: OcspAnswer): number {
  const statusLength = status.kind === 'revoked' ? 2 + revokedLength(status.reason) : 2;
  return certId.length + statusLength + TIME + 2 + TIME;
}

/** The reason unspecified is left out, as RFC 5280 section 5.3.1 has it for CRLs. */
function revokedLength(reason: CrlReason): number {
  return TIME + (reason === 'unspecified' ? 0 : REASON);
}

function writeRevoked(target: Uint8Array, at: number, revokedAt: number, reason: CrlReason): number {
  const next = writeGeneralizedTime(target, writeHeader(target, at, REVOKED, revokedLength(reason)), revokedAt);
  if (reason === 'unspecified') return next;
  const code = writeHeader(target, writeHeader(target, next, EXPLICIT_0, 3), Tag.enumerated, 1);
  target[code] = crlReasonCode(reason);
  return code + 1;
}

function writeGeneralizedTime(target: Uint8Array, at: number, ms: number): number {
  return writeTime(target, writeHeader(target, at, Tag.generalizedTime, 15), ms, 'generalized');
}
