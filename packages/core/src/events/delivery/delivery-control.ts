import type { Abortable } from '../../ports/abortable.ts';
import type { DiscardOptions, ReplayOptions } from './dead-letter-changes.ts';
import type { DeadLetter, ListDeadLettersOptions } from './dead-letters.ts';
import type { SinkStatus } from './status.ts';

/** What can be asked of the deliveries to sinks, and done about those that fail. */
export interface DeliveryControl {
  /**
   * Gives sinks that are new their place in the log: what is chained afterwards reaches them. The chores do so before they chain anything.
   *
   * @throws {StorageError} any of its codes: the storage failed
   */
  register(options?: Abortable): Promise<void>;
  /**
   * Tells how every sink is doing, by name, those that only other instances have among them.
   *
   * @throws {StorageError} any of its codes: the storage failed
   */
  status(options?: Abortable): Promise<SinkStatus[]>;
  /**
   * Lists dead letters in the order of the log.
   *
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed, such as a limit outside 1 to 1,000
   * @throws {StorageError} STORAGE_INVALID: the cursor of another list; any other of its codes: the storage failed
   */
  deadLetters(options: ListDeadLettersOptions): Promise<{ items: DeadLetter[]; cursor?: string }>;
  /**
   * Delivers dead letters after all: each is put back among the events of its subject that still wait, in the order of the log, and is
   * tried for three days more. What was delivered of the subject meanwhile is not delivered again: `subjectRevision` tells a receiver
   * that the event is older.
   *
   * @returns how many there are
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed
   * @throws {NotFoundError} DEAD_LETTER_NOT_FOUND: the sink has none of that sequence number
   * @throws {StorageError} any of its codes: the storage failed
   */
  replay(options: ReplayOptions): Promise<number>;
  /**
   * Forgets dead letters: the events stay in the log, and this sink does not get them. One that a replay is putting back at this moment may
   * still be delivered.
   *
   * @returns how many there were
   * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed
   * @throws {NotFoundError} DEAD_LETTER_NOT_FOUND: the sink has none of that sequence number
   * @throws {ConflictError} COMMIT_CONFLICT: the one that was named kept moving meanwhile
   * @throws {StorageError} any of its codes: the storage failed
   */
  discard(options: DiscardOptions): Promise<number>;
  /**
   * Lets a sink that was disabled go on where it stood, and one that rests go on at once.
   *
   * @throws {NotFoundError} SINK_NOT_FOUND: no sink of that name has a place in the log
   * @throws {ConflictError} COMMIT_CONFLICT: it kept moving meanwhile
   * @throws {StorageError} any of its codes: the storage failed
   */
  enable(sink: string, options?: Abortable): Promise<void>;
  /**
   * Forgets a sink: its place in the log, what waits for it, and its dead letters. An instance that still has it makes it new.
   *
   * @throws {NotFoundError} SINK_NOT_FOUND: no sink of that name has a place in the log
   * @throws {ConflictError} COMMIT_CONFLICT: it kept moving meanwhile
   * @throws {StorageError} any of its codes: the storage failed
   */
  remove(sink: string, options?: Abortable): Promise<void>;
}
