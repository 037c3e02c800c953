import type { Write } from '../../ports/storage.ts';
import type { Entry } from '../../store/store.ts';
import { crls } from '../collections.ts';
import type { AuthorityContext } from '../context.ts';
import { type CrlKind, type PendingChange, settleChange } from './crl-changes.ts';
import type { WrittenCrl } from './sign-crl.ts';
import { cachePlace, type StoredCrls } from './stored-crls.ts';

/** Below the contract's 256 writes a commit, with room for the CRLs' own. */
const CHANGES_A_COMMIT = 200;

/** New CRLs of a scope, ready to be stored. */
export interface CrlCommit {
  /** What they take the place of. */
  readonly last: Entry<StoredCrls> | undefined;
  readonly value: StoredCrls;
  /** Signed anew; the other kind stays as it is. */
  readonly crls: Readonly<Partial<Record<CrlKind, WrittenCrl>>>;
  /** What belongs to them besides. */
  readonly writes: readonly Write[];
  /** What they show, and for whom: see {@link settleChange}. */
  readonly changes: readonly PendingChange[];
  readonly shownBy: CrlKind;
}

/**
 * Stores new CRLs in one commit, in which the turn to sign ends. Changes beyond its size are settled afterwards: one that is shown twice
 * does no harm.
 *
 * @returns false where another instance has stored its own meanwhile
 */
export async function commitCrls(context: AuthorityContext, scope: string, commit: CrlCommit): Promise<boolean> {
  const { store, blobs, crlCache } = context;
  const { last, value, changes, shownBy } = commit;
  const settled = changes.map((change) => settleChange(context, scope, shownBy, change));
  const result = await store.commit([
    store.put(crls, scope, value, { ifVersion: last?.version ?? null, dueAt: 0, dueQueue: scope }),
    ...Object.values(commit.crls).flatMap(({ writes }) => writes),
    ...commit.writes,
    ...abandonedBlobs(last?.value, value).map((blob) => blobs.discard(blob)),
    ...settled.slice(0, CHANGES_A_COMMIT),
  ]);
  if (!result.committed) return false;
  for (const kind of ['complete', 'delta'] as const) {
    const written = commit.crls[kind];
    if (written !== undefined) crlCache.set(cachePlace(scope, kind), written.stored.blob, written.crl);
  }
  for (let at = CHANGES_A_COMMIT; at < settled.length; at += CHANGES_A_COMMIT) {
    await store.commit(settled.slice(at, at + CHANGES_A_COMMIT));
  }
  return true;
}

function abandonedBlobs(last: StoredCrls | undefined, value: StoredCrls): string[] {
  const kept = new Set(blobsOf(value));
  return blobsOf(last).filter((blob) => !kept.has(blob));
}

function blobsOf(stored: StoredCrls | undefined): string[] {
  return [stored?.blob, stored?.delta?.blob, stored?.delta?.next?.blob].filter((blob) => blob !== undefined);
}
