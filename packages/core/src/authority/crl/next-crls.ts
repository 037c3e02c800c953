import type { Write } from '../../ports/storage.ts';
import type { Entry } from '../../store/store.ts';
import type { AuthorityContext } from '../context.ts';
import { DAY } from '../validity.ts';
import { commitCrls } from './commit-crls.ts';
import { allEntries, nextEntries } from './complete-entries.ts';
import { changedCertificates, type PendingChange } from './crl-changes.ts';
import type { CrlScope } from './crl-scope.ts';
import { currentWindows, type DeltaWindows, movedWindows } from './delta-window.ts';
import { signCrl, type WrittenCrl } from './sign-crl.ts';
import type { SignedCrl } from './signed-crl.ts';
import type { StoredCrls, StoredDelta } from './stored-crls.ts';

const LIFETIME = 7 * DAY;
const DELTA_LIFETIME = DAY;

/**
 * Signs a scope's complete CRL, and with it, under the same number, the delta CRL where there is one (RFC 5280 section 5.2.4).
 *
 * @param last - the scope's newest CRLs
 * @param changes - what the complete one does not show
 * @returns undefined where another instance has signed meanwhile
 */
export async function nextComplete(
  context: AuthorityContext,
  scope: CrlScope,
  last: Entry<StoredCrls> | undefined,
  changes: readonly PendingChange[],
): Promise<SignedCrl | undefined> {
  const thisUpdate = wholeSecond(context.clock.now());
  const end = scope.intermediate.certificate.notAfter.getTime();
  const nextUpdate = Math.min(thisUpdate + LIFETIME, Math.max(end, thisUpdate + DAY));
  const number = nextNumber(last?.value, thisUpdate);
  // The last CRL shows that a certificate has expired once it is of a later date, unless a clock that was ahead wrote that.
  const listedFrom = last === undefined ? 0 : Math.min(last.value.thisUpdate, thisUpdate);
  // Without a CRL to follow, or after a change that names no certificate, the ledger as a whole has the answer.
  const isFollowing = last !== undefined && changes.every(({ serialNumber }) => serialNumber !== '');
  const changed = isFollowing ? await changedCertificates(context, changes) : [];
  const entries = isFollowing
    ? await nextEntries(context, scope, last.value, changed, listedFrom)
    : await allEntries(context, scope, listedFrom);
  const complete = await signCrl(context, scope, { number, thisUpdate, nextUpdate, entries });
  const value: StoredCrls = { ...complete.stored, listedFrom };
  const commit = { last, value, crls: { complete }, writes: [], changes, shownBy: 'complete' as const };
  if (last?.value.delta === undefined || !isFollowing) {
    return (await commitCrls(context, scope.id, commit)) ? complete.crl : undefined;
  }
  const windows = movedWindows(await currentWindows(context, scope.id, last.value, changed), value, LIFETIME);
  const { delta, stored, writes } = await signWindows(context, scope, windows, { number, thisUpdate });
  const both = { ...commit, value: { ...value, delta: stored }, crls: { complete, delta }, writes };
  return (await commitCrls(context, scope.id, both)) ? complete.crl : undefined;
}

/**
 * Signs a scope's delta CRL. The complete CRL stays as it is.
 *
 * @param last - the scope's newest CRLs
 * @param changes - what the delta CRL does not show; where there is none yet, what the complete one does not show
 * @returns undefined where another instance has signed meanwhile
 */
export async function nextDelta(
  context: AuthorityContext,
  scope: CrlScope,
  last: Entry<StoredCrls>,
  changes: readonly PendingChange[],
): Promise<SignedCrl | undefined> {
  const thisUpdate = wholeSecond(context.clock.now());
  const number = nextNumber(last.value, thisUpdate);
  const windows = await currentWindows(context, scope.id, last.value, await changedCertificates(context, changes));
  const { delta, stored, writes } = await signWindows(context, scope, windows, { number, thisUpdate });
  const value = { ...last.value, delta: stored };
  const commit = { last, value, crls: { delta }, writes, changes, shownBy: 'delta' as const };
  return (await commitCrls(context, scope.id, commit)) ? delta.crl : undefined;
}

async function signWindows(
  context: AuthorityContext,
  scope: CrlScope,
  { current, next }: DeltaWindows,
  { number, thisUpdate }: { readonly number: number; readonly thisUpdate: number },
): Promise<{ delta: WrittenCrl; stored: StoredDelta; writes: readonly Write[] }> {
  const { baseNumber, entries } = current;
  const nextUpdate = thisUpdate + DELTA_LIFETIME;
  const delta = await signCrl(context, scope, { number, baseNumber, thisUpdate, nextUpdate, entries });
  const stored = { ...delta.stored, baseNumber };
  if (next === undefined) return { delta, stored, writes: [] };
  const blob = await context.blobs.write(next.entries.toBytes());
  const kept = { baseNumber: next.baseNumber, since: next.since, blob: blob.id, size: next.entries.size };
  return { delta, stored: { ...stored, next: kept }, writes: blob.commitWith };
}

/** Above every number of the scope before, and never the same at two times (RFC 5280 section 5.2.3). */
function nextNumber(last: StoredCrls | undefined, thisUpdate: number): number {
  return Math.max((last?.number ?? 0) + 1, (last?.delta?.number ?? 0) + 1, thisUpdate / 1000);
}

function wholeSecond(ms: number): number {
  return Math.floor(ms / 1000) * 1000;
}
