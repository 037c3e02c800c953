import type { z } from 'zod';
import type { crls } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import type { CrlKind } from './crl-changes.ts';
import { describeCrl, type SignedCrl } from './signed-crl.ts';

/** The newest CRLs of a scope, as they are stored. */
export type StoredCrls = z.infer<typeof crls.schema>;

/** The delta CRL among them. */
export type StoredDelta = NonNullable<StoredCrls['delta']>;

/** The part of its lifetime after which a CRL is signed anew, so that a relying party always finds one with time to go. */
const RENEW_AFTER = 4 / 7;

/** The stored CRL of a kind; undefined where there is none. */
export function storedCrl(stored: StoredCrls | undefined, kind: CrlKind): StoredCrls | StoredDelta | undefined {
  return kind === 'complete' ? stored : stored?.delta;
}

/**
 * When a CRL is to be signed anew, whatever has changed; epoch milliseconds. One of the future is due at once (0): a clock that was ahead has
 * signed it, no relying party takes it yet, and it may have let entries go too early.
 */
export function renewAt(
  { thisUpdate, nextUpdate }: { readonly thisUpdate: number; readonly nextUpdate: number },
  now: number,
): number {
  return thisUpdate > now ? 0 : thisUpdate + Math.floor((nextUpdate - thisUpdate) * RENEW_AFTER);
}

/** Reads a stored CRL, or finds it in memory. */
export async function readCrl(
  { blobs, crlCache }: AuthorityContext,
  scope: string,
  kind: CrlKind,
  stored: StoredCrls | StoredDelta,
): Promise<SignedCrl> {
  const place = cachePlace(scope, kind);
  const known = crlCache.get(place, stored.blob);
  if (known !== undefined) return known;
  const crl = describeCrl(await blobs.read(stored.blob), stored);
  crlCache.set(place, stored.blob, crl);
  return crl;
}

/** Where the cache has a scope's CRL of a kind. */
export function cachePlace(scope: string, kind: CrlKind): string {
  return `${scope}/${kind}`;
}
