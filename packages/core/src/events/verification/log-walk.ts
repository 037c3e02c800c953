import type { Page, StoredDocument } from '../../ports/storage.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { eventRecords } from '../event-collections.ts';
import type { LogContext } from '../log-context.ts';
import { checkEntry } from './entry-check.ts';
import type { ExpectedCheckpoints } from './expected-checkpoints.ts';
import type { Problems } from './problem.ts';

const PAGE = 500;

/** One walk over the entries in the order of their numbers. */
export class LogWalk {
  readonly #context: LogContext;
  readonly #expected: ExpectedCheckpoints;
  readonly #problems: Problems;
  /** The number that comes next. */
  size: number;
  chainHash: Uint8Array | undefined;

  constructor(
    context: LogContext,
    expected: ExpectedCheckpoints,
    problems: Problems,
    from: number,
    before: Uint8Array | undefined,
  ) {
    this.#context = context;
    this.#expected = expected;
    this.#problems = problems;
    this.size = from;
    this.chainHash = before;
  }

  async run(to: number | undefined, signal: AbortSignal | undefined): Promise<void> {
    if (to !== undefined && to <= this.size) return;
    const range = to === undefined ? { from: this.size } : { from: this.size, to };
    let next: Promise<Page> | undefined = this.#page(range, undefined);
    while (next !== undefined) {
      throwIfAborted(signal);
      const { documents, cursor }: Page = await next;
      // Read while this page is judged.
      next = cursor === undefined ? undefined : this.#page(range, cursor);
      // Its failure is met when it is awaited, should the judging fail first.
      next?.catch(() => undefined);
      await this.#judge(documents);
    }
  }

  // Not through the store, which refuses a page for one document that is no record.
  #page(range: { readonly from: number; readonly to?: number }, cursor: string | undefined): Promise<Page> {
    const query = { collection: eventRecords.name, index: 'bySequence', ...range, limit: PAGE };
    return this.#context.store.storage.query(cursor === undefined ? query : { ...query, cursor });
  }

  async #judge(documents: readonly StoredDocument[]): Promise<void> {
    for (let at = 0; at < documents.length; ) {
      const sequence = documents[at]?.data.sequence as number;
      const end = documents.findIndex(({ data }, other) => other > at && data.sequence !== sequence);
      const rivals = documents.slice(at, end < 0 ? documents.length : end);
      at += rivals.length;
      await this.#judgePlace(sequence, rivals, documents);
    }
  }

  /** Judges all that claim one number: at most one of them can be the entry. */
  async #judgePlace(
    sequence: number,
    rivals: readonly StoredDocument[],
    neighbors: readonly StoredDocument[],
  ): Promise<void> {
    if (sequence < this.size) {
      for (const { id } of rivals) this.#problems.add({ kind: 'inserted', sequence, eventId: id });
      return;
    }
    if (sequence > this.size) {
      const count = sequence - this.size;
      this.#problems.add({ kind: 'missing', sequence: this.size, ...(count > 1 ? { count } : {}) });
      this.chainHash = undefined;
    }
    const { crypto } = this.#context;
    // To tell a moved entry from a changed one takes a page of hashes: not for those that are not listed any more.
    const looked = this.#problems.full ? [] : neighbors;
    const verdicts = [];
    for (const rival of rivals) verdicts.push(await checkEntry(crypto, rival, this.chainHash, looked));
    const entry = Math.max(
      0,
      verdicts.findIndex(({ fits }) => fits),
    );
    for (const [at, { id }] of rivals.entries()) {
      if (at !== entry) this.#problems.add({ kind: 'inserted', sequence, eventId: id });
    }
    const verdict = verdicts[entry];
    const eventId = rivals[entry]?.id ?? '';
    if (verdict?.movedFrom !== undefined) {
      this.#problems.add({ kind: 'reordered', sequence, eventId, movedFrom: verdict.movedFrom });
    } else if (verdict?.fits === false) {
      this.#problems.add({ kind: 'changed', sequence, eventId });
    }
    this.chainHash = verdict?.chainHash;
    this.size = sequence + 1;
    await this.#expected.compare(this.size, this.chainHash);
  }
}
