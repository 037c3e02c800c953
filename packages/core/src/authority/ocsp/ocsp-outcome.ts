import type { ChanceryError } from '../../errors/chancery-error.ts';
import type { OcspResponseStatus } from '../../x509/ocsp/ocsp-error.ts';

/** An OCSP response as it is served. */
export interface SignedOcspResponse {
  /** The OCSPResponse; the caller's own. */
  readonly der: Uint8Array;
  readonly status: OcspResponseStatus;
  /** When the ledger was asked; absent unless `status` is `successful`. */
  readonly thisUpdate?: Date;
  /** Until when the response may be used and cached; absent unless `status` is `successful`. */
  readonly nextUpdate?: Date;
  /** Whether the response answers any client who asks the same, so that HTTP may cache it until `nextUpdate` (RFC 5019 section 6). */
  readonly cacheable: boolean;
  /** What kept the authority from an answer, where `status` is `tryLater` or `internalError`. */
  readonly error?: ChanceryError;
}

/** What came of a request; times in epoch milliseconds. */
export interface OcspOutcome {
  /** Shared: not to be changed. */
  readonly der: Uint8Array;
  readonly status: OcspResponseStatus;
  readonly updates?: { readonly thisUpdate: number; readonly nextUpdate: number };
  readonly cacheable: boolean;
  readonly error?: ChanceryError;
}

/** What the outside sees of an outcome. */
export function describeOutcome({ der, status, updates, cacheable, error }: OcspOutcome): SignedOcspResponse {
  return {
    der: der.slice(),
    status,
    ...(updates && { thisUpdate: new Date(updates.thisUpdate), nextUpdate: new Date(updates.nextUpdate) }),
    cacheable,
    ...(error && { error }),
  };
}
