/** What is known of a name: exactly as a certificate has it, a wildcard with its star. */
export interface ServedName {
  readonly name: string;
  /** What was last seen to be served under it; undefined: nothing. */
  version: string | undefined;
  /** Which certificate that is, once it was loaded. */
  certificateId: string | undefined;
  /** The version that was loaded. Differs from `version` while there is something to load. */
  loadedVersion: string | undefined;
  /** A version that cannot be served, and when that was found (epoch milliseconds). */
  unusable: { readonly version: string; readonly at: number; readonly error: unknown } | undefined;
  /** When `version` was asked for, in epoch milliseconds. */
  checkedAt: number;
  /** When a handshake wanted it last, in epoch milliseconds. */
  usedAt: number;
  loading: Promise<void> | undefined;
}

/** A name of which nothing is known yet. */
export function unknownName(name: string, now: number): ServedName {
  return {
    name,
    version: undefined,
    certificateId: undefined,
    loadedVersion: undefined,
    unusable: undefined,
    checkedAt: Number.NEGATIVE_INFINITY,
    usedAt: now,
    loading: undefined,
  };
}
