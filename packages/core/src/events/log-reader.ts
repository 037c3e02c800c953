import type { Abortable } from '../ports/abortable.ts';
import type { LogEntry } from './log-entry.ts';

/** Which entries to read. */
export interface ReadLogOptions extends Abortable {
  /** The lowest sequence number. */
  readonly from: number;
  /** At most so many entries, 1 to 1,000. */
  readonly limit: number;
  /** Whether to open the personal parts. Default false: they are left out. */
  readonly includePersonal?: boolean;
}

/** The log, read in order. */
export interface LogReader {
  /** How many entries were ever chained: the sequence number of the next one. */
  size(options?: Abortable): Promise<number>;
  /**
   * Reads entries in order and without gaps, beginning at `from`, or at the first that retention has left.
   *
   * @returns fewer than `limit` only at the end of the log
   */
  read(options: ReadLogOptions): Promise<LogEntry[]>;
}
