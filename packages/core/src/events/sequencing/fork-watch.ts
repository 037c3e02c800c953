import type { LogHeadValue } from '../event-collections.ts';
import type { LogContext } from '../log-context.ts';
import { outboxDocuments } from '../outbox.ts';

const FORKS_KEPT = 16;

/**
 * Remembers how far the log went when this instance saw it last, and notices when it is not what it was: a failover that lost
 * acknowledged commits, or a backup that was put back.
 */
export class ForkWatch {
  readonly #context: LogContext;
  #seen: { readonly size: number; readonly chainHash: string } | undefined;

  constructor(context: LogContext) {
    this.#context = context;
  }

  /** Remembers a head that was read or committed. */
  see({ size, chainHash }: LogHeadValue): void {
    this.#seen = { size, chainHash };
  }

  /**
   * Judges a head that was just leased.
   *
   * @returns the head; with the fork on record, where there is one
   * @throws {StorageError} any of its codes
   */
  async judge(head: LogHeadValue): Promise<LogHeadValue> {
    const seen = this.#seen;
    if (seen === undefined || (await this.#continues(head, seen))) return head;
    const { clock, logger } = this.#context;
    logger?.error('The event log is not a continuation of what it was: acknowledged entries are gone', {
      lostSize: seen.size,
      size: head.size,
    });
    const fork = { foundAt: clock.now(), ...seen, continuedFrom: head.size };
    return { ...head, forks: [...head.forks, fork].slice(-FORKS_KEPT) };
  }

  async #continues(head: LogHeadValue, seen: { readonly size: number; readonly chainHash: string }): Promise<boolean> {
    if (head.size < seen.size) return false;
    if (head.size === seen.size) return head.chainHash === seen.chainHash;
    if (seen.size === 0 || seen.size < head.first) return true;
    if (seen.size === head.first) return head.firstChainHash === seen.chainHash;
    const query = { index: 'bySequence', from: seen.size - 1, to: seen.size, limit: 1 };
    // Its hash is what counts here: whether the entry is whole is for verification to tell.
    const { entries } = await this.#context.store.query(outboxDocuments, query);
    const [last] = entries.map(({ value }) => ('record' in value ? value.record : value.malformed.data));
    return last?.chainHash === seen.chainHash;
  }
}
