import type { Clock } from '../ports/clock.ts';
import type { CryptoProvider } from '../ports/crypto.ts';
import type { CommitResult, PutWrite, StorageBackend, Write } from '../ports/storage.ts';
import type { Sleep } from './backoff.ts';
import { isOutcomeUnknown, resolveLostCommit } from './lost-commit.ts';
import { receiptFor } from './receipts.ts';

/** What a `Committer` works with. */
export interface CommitterOptions {
  readonly storage: StorageBackend;
  readonly crypto: CryptoProvider;
  readonly clock: Clock;
  readonly sleep: Sleep;
  /** Names of the collections whose insertions serve as receipts. */
  readonly freshIds: ReadonlySet<string>;
}

/** How much a caller wants to know when an answer is lost. */
export interface CommitOptions {
  /**
   * Take a receipt even where a conditional put makes sending again safe, so that a lost answer is told from a conflict
   * however fast others overwrite what was written. Default false.
   */
  readonly decisive?: boolean;
  /**
   * Take no receipt, and count as refused what cannot be decided. For writes whose conditions keep them from taking effect twice, by a
   * caller who tries again after a refusal and does no harm where they did take effect. Default false.
   */
  readonly repeatable?: boolean;
  /** Ends the waiting between attempts. */
  readonly signal?: AbortSignal;
}

/**
 * Commits, and finds out what became of a commit whose answer was lost.
 *
 * A lost commit is sent again as it is, so it must not be able to take effect twice. A put that replaces a version cannot:
 * the first time moved that version for good. Nor can an insertion whose document is sure to be still there. A commit
 * that holds neither, and one that must be decided, gets a receipt: an insertion of that kind. For other commits that
 * cannot take effect twice the caller speaks: `repeatable`.
 */
export class Committer {
  readonly #options: CommitterOptions;

  /** @param options the storage, and what attempts and receipts are made of */
  constructor(options: CommitterOptions) {
    this.#options = options;
  }

  /**
   * Writes all or nothing.
   *
   * @param writes for the backend's `commit`
   * @returns the backend's answer, or the one that was lost; a conflict's `write` counts in `writes`
   * @throws {StorageError} STORAGE_OUTCOME_UNKNOWN: the answer was lost and could not be found out
   * @throws {StorageError} STORAGE_ABORTED, outcome `unknown`: aborted before the outcome was known
   * @throws {StorageError} any other of its codes, outcome `none`: nothing was written
   */
  async commit(writes: readonly Write[], options: CommitOptions = {}): Promise<CommitResult> {
    if (writes.length === 0) return { committed: true };
    const { decisive = false, repeatable = false, signal } = options;
    const receipt = !repeatable && this.#needsReceipt(writes, decisive) ? this.#makeReceipt() : undefined;
    const sent = receipt ? [receipt, ...writes] : writes;
    let result: CommitResult;
    try {
      result = await this.#options.storage.commit(sent);
    } catch (error) {
      if (!isOutcomeUnknown(error)) throw error;
      const { storage, crypto, sleep, freshIds } = this.#options;
      result = await resolveLostCommit({
        storage,
        crypto,
        sleep,
        freshIds,
        writes: sent,
        receipt,
        lost: error,
        repeatable,
        signal,
      });
    }
    return receipt ? withoutReceipt(result) : result;
  }

  #needsReceipt(writes: readonly Write[], decisive: boolean): boolean {
    if (writes.every((write) => write.kind === 'check')) return false;
    if (writes.some((write) => isFreshInsertion(write, this.#options.freshIds))) return false;
    return decisive || !writes.some((write) => write.kind === 'put' && typeof write.ifVersion === 'string');
  }

  #makeReceipt(): PutWrite {
    return receiptFor(this.#options.crypto, this.#options.clock);
  }
}

function isFreshInsertion(write: Write, freshIds: ReadonlySet<string>): boolean {
  return write.kind === 'put' && write.ifVersion === null && freshIds.has(write.collection);
}

function withoutReceipt(result: CommitResult): CommitResult {
  if (result.committed) return result;
  return { committed: false, conflict: { ...result.conflict, write: result.conflict.write - 1 } };
}
