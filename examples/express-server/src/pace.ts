/** How fast brief certificates come and go, and how long those of the partner are waited for. */
export interface Pace {
  /** From issue to end, in milliseconds. */
  readonly lifetimeMs: number;
  /** From issue to renewal, in milliseconds. */
  readonly renewAfterMs: number;
  /** From the request to the partner until somebody there has approved it, in milliseconds. */
  readonly approvalMs: number;
}

/** A renewal every minute and a half for each brief certificate, and two minutes of waiting: slow enough to read, fast enough to see. */
export const DEFAULT_PACE: Pace = { lifetimeMs: 6 * 60_000, renewAfterMs: 90_000, approvalMs: 120_000 };

/** Certificates begin so long before they are issued, for clocks that are behind. */
const BACKDATED_MS = 300_000;

/**
 * The part of its lifetime after which a brief certificate is renewed. Others keep to the usual two thirds.
 *
 * @returns `shortLivedFraction` of a renewal policy
 */
export function shortLivedFraction({ lifetimeMs, renewAfterMs }: Pace): number {
  return (BACKDATED_MS + renewAfterMs) / (BACKDATED_MS + lifetimeMs);
}

/** A lifetime as `CertificateManager.create` takes it. */
export function briefly({ lifetimeMs }: Pace): { hours: number } {
  return { hours: lifetimeMs / 3_600_000 };
}
