/**
 * What can be wrong with a log.
 *
 * - `changed`: the entry is not what was chained at its place
 * - `missing`: there are later entries, and none of this number
 * - `inserted`: an entry that was never chained: a second one of its number, or one outside the log's bounds
 * - `reordered`: the entry was chained at another place, `movedFrom`
 * - `truncated`: entries at the end are gone, by the head or by a checkpoint
 * - `fork`: the log is another one than a signed checkpoint says
 * - `head`: the head is gone, or does not fit the last entry
 * - `checkpoint`: a stored checkpoint is not signed by the key of the log
 */
export type LogProblemKind =
  | 'changed'
  | 'missing'
  | 'inserted'
  | 'reordered'
  | 'truncated'
  | 'fork'
  | 'head'
  | 'checkpoint';

/** One thing that is wrong with a log. */
export interface LogProblem {
  readonly kind: LogProblemKind;
  /** Of the entry, or the first of several. */
  readonly sequence: number;
  /** How many entries in a row, where they are more than one. */
  readonly count?: number;
  /** The event's id, where there is one. */
  readonly eventId?: string;
  /** The sequence number that the entry was chained under. */
  readonly movedFrom?: number;
  /** The size that a checkpoint was signed for. */
  readonly checkpoint?: number;
}

/** Gathers problems up to a bound. */
export class Problems {
  readonly list: LogProblem[] = [];
  readonly #limit: number;
  more = false;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether a further one would only be counted as more. */
  get full(): boolean {
    return this.list.length >= this.#limit;
  }

  add(problem: LogProblem): void {
    if (this.full) this.more = true;
    else this.list.push(problem);
  }
}
