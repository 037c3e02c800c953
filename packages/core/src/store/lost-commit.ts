import { StorageError } from '../errors/storage-error.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { CommitConflict, CommitResult, PutWrite, StorageBackend, Write } from '../ports/storage.ts';
import { backoffDelay, type Sleep } from './backoff.ts';
import { randomVersion } from './receipts.ts';

const ATTEMPTS = 6;
const BACKOFF = { firstMs: 50, maxMs: 2_000 };

/** A commit whose answer was lost. */
export interface LostCommit {
  readonly storage: StorageBackend;
  readonly crypto: CryptoProvider;
  readonly sleep: Sleep;
  /** Collections whose insertions stay for an hour at least, under ids that nobody else uses. */
  readonly freshIds: ReadonlySet<string>;
  /** As they were sent; a receipt is the first. */
  readonly writes: readonly Write[];
  readonly receipt: PutWrite | undefined;
  readonly lost: StorageError;
  /** Whether what cannot be decided counts as refused, because the caller tries again. */
  readonly repeatable: boolean;
  readonly signal: AbortSignal | undefined;
}

type Verdict = 'landed' | 'refused' | 'undecided';

/**
 * Finds out what became of a commit whose answer was lost, by sending it again as it is.
 *
 * Reading alone would prove nothing, since the lost commit may still be on its way. Sent again, it either commits, and then
 * the original cannot any more, or it conflicts. After a conflict the receipt decides: its place is taken by a
 * commit of its own, which fails exactly if the original was first, and shuts the original out if not. Without one, the
 * commit took effect if any of its puts is there at the version chosen for it, since it is all or nothing, and did not if
 * one is still there at the version to replace. Where all were overwritten since, nobody can tell, and the error says so.
 *
 * @returns the answer that the commit would have had
 * @throws {StorageError} STORAGE_OUTCOME_UNKNOWN: it cannot be told, or the storage stays out of reach
 * @throws {StorageError} STORAGE_ABORTED, outcome `unknown`: the signal was aborted first
 */
export async function resolveLostCommit(commit: LostCommit): Promise<CommitResult> {
  let conflict: CommitConflict | undefined;
  let last: unknown = commit.lost;
  for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
    await pause(commit, attempt);
    try {
      if (!conflict) {
        const result = await commit.storage.commit(commit.writes);
        if (result.committed) return result;
        conflict = result.conflict;
      }
      const verdict = commit.receipt ? await takeReceipt(commit, commit.receipt) : await judge(commit, conflict);
      if (verdict === 'landed') return { committed: true };
      if (verdict === 'refused' || commit.repeatable) return { committed: false, conflict };
      break;
    } catch (error) {
      if (!(error instanceof StorageError)) throw error;
      last = error;
      if (!error.retryable && !isOutcomeUnknown(error)) break;
    }
  }
  const message = 'The answer to a commit was lost, and whether it took effect cannot be found out';
  throw new StorageError('STORAGE_OUTCOME_UNKNOWN', message, { outcome: 'unknown', cause: last });
}

/** Tells whether an error leaves open what was written. */
export function isOutcomeUnknown(error: unknown): error is StorageError {
  return error instanceof StorageError && error.outcome === 'unknown';
}

async function pause({ sleep, crypto, lost, signal }: LostCommit, attempt: number): Promise<void> {
  try {
    await sleep(backoffDelay(attempt, BACKOFF, crypto), signal);
  } catch (cause) {
    const message = `Aborted before it was known whether a commit took effect: ${lost.message}`;
    throw new StorageError('STORAGE_ABORTED', message, { outcome: 'unknown', cause });
  }
}

// A version of its own tells this insertion from the original's, also when its answer is lost and it is repeated.
async function takeReceipt({ storage, crypto }: LostCommit, receipt: PutWrite): Promise<Verdict> {
  const result = await storage.commit([{ ...receipt, version: randomVersion(crypto) }]);
  if (result.committed || result.conflict.reason !== 'version') return 'refused';
  return result.conflict.actual === receipt.version ? 'landed' : 'refused';
}

async function judge({ storage, writes, freshIds }: LostCommit, conflict: CommitConflict): Promise<Verdict> {
  // Conditions are judged in order, versions before constraints: those before the one at fault held. Of a commit that had
  // taken effect, no replacement and no conditional delete would hold again.
  const held = conflict.reason === 'unique' ? writes : writes.slice(0, conflict.write);
  if (held.some((write) => write.kind !== 'check' && typeof write.ifVersion === 'string')) return 'refused';
  const puts = writes.filter((write) => write.kind === 'put');
  if (puts.length === 0) return 'refused';
  const found = await storage.get(puts.map(({ collection, id }) => ({ collection, id })));
  if (puts.some((put, at) => found[at]?.version === put.version)) return 'landed';
  if (puts.some((put, at) => put.ifVersion && found[at]?.version === put.ifVersion)) return 'refused';
  const insertion = puts.findIndex(({ ifVersion, collection }) => ifVersion === null && freshIds.has(collection));
  if (insertion < 0) return 'undecided';
  return found[insertion] ? 'landed' : 'refused';
}
