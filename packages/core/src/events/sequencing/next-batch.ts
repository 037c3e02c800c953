import type { JsonValue } from '../../ports/storage.ts';
import type { Entry } from '../../store/entry.ts';
import type { EntryPage } from '../../store/store.ts';
import type { EventRecord } from '../event-collections.ts';
import type { LogContext } from '../log-context.ts';
import { type OutboxDocument, outboxDocuments } from '../outbox.ts';
import type { MalformedEvent } from '../set-aside/set-aside.ts';

// Under the 255 writes of a commit, the head included.
const BATCH = 250;
const PAGE = 300;
const SUBJECTS_REMEMBERED = 10_000;
// A subject's newest entries that are looked at for one of the same source.
const LOOK_BACK = 10;
const LOOKUPS_AT_ONCE = 16;

type Waiting = Entry<EventRecord>;

/** What is to leave the outbox next. */
export interface Choice {
  /** At most 250, in the order in which to chain them. */
  readonly events: readonly Waiting[];
  /** What cannot be chained. */
  readonly malformed: readonly MalformedEvent[];
}

/**
 * Decides which events of the outbox are chained next: the oldest first, those of one subject in the order of their
 * revisions.
 *
 * A revision whose predecessor is not to be seen is held back for a bounded time, and then chained all the same and
 * reported: it may be that clocks differ, or that the predecessor was never told of.
 */
export class NextBatch {
  readonly #context: LogContext;
  readonly #holdBackMs: number;
  /** Of subjects chained lately: the highest revision. */
  readonly #revisions = new Map<string, number>();
  /** Since when events are held back, by id. */
  #held = new Map<string, number>();

  constructor(context: LogContext, holdBackMs: number) {
    this.#context = context;
    this.#holdBackMs = holdBackMs;
  }

  /**
   * Chooses the next events.
   *
   * @throws {StorageError} any of its codes
   */
  async choose(): Promise<Choice> {
    const { waiting, malformed } = await this.#look();
    const streams = new Map<string, Waiting[]>();
    for (const event of waiting) {
      const stream = streams.get(streamOf(event.value));
      if (stream) stream.push(event);
      else streams.set(streamOf(event.value), [event]);
    }
    for (const stream of streams.values()) stream.sort((a, b) => a.value.subjectRevision - b.value.subjectRevision);
    await this.#lookUp(streams);
    const stillHeld = new Map<string, number>();
    for (const [name, stream] of streams) streams.set(name, this.#ready(name, stream, stillHeld));
    this.#held = stillHeld;
    return { events: inTurn(waiting, streams).slice(0, BATCH), malformed };
  }

  /** What waits longest. Entries of the log that were put back among it are passed over: verification tells of them. */
  async #look(): Promise<{ readonly waiting: Waiting[]; readonly malformed: MalformedEvent[] }> {
    const waiting: Waiting[] = [];
    const malformed: MalformedEvent[] = [];
    let cursor: string | undefined;
    do {
      const query = { index: 'pending', limit: PAGE, ...(cursor !== undefined && { cursor }) };
      const page: EntryPage<OutboxDocument> = await this.#context.store.query(outboxDocuments, query);
      for (const { id, version, value } of page.entries) {
        if ('record' in value) {
          if (value.record.sequence === undefined) waiting.push({ id, version, value: value.record });
        } else if (!isPlace(value.malformed.data.sequence)) {
          malformed.push({ document: value.malformed, reason: value.reason });
        }
      }
      cursor = page.cursor;
    } while (cursor !== undefined && waiting.length + malformed.length === 0);
    return { waiting, malformed };
  }

  /** Remembers what was chained. */
  chained(events: readonly Waiting[]): void {
    for (const { value } of events) {
      const stream = streamOf(value);
      const revision = Math.max(this.#revisions.get(stream) ?? 0, value.subjectRevision);
      // Deleted first, so that the map stays in the order of use.
      this.#revisions.delete(stream);
      this.#revisions.set(stream, revision);
    }
    for (const stream of this.#revisions.keys()) {
      if (this.#revisions.size <= SUBJECTS_REMEMBERED) break;
      this.#revisions.delete(stream);
    }
  }

  /** Asks the log for the last revision of each subject whose next one does not follow what is remembered. */
  async #lookUp(streams: ReadonlyMap<string, readonly Waiting[]>): Promise<void> {
    const unknown = [...streams].flatMap(([name, [first]]) => {
      const next = first?.value.subjectRevision ?? 1;
      return next === 1 || this.#revisions.get(name) === next - 1 ? [] : [{ name, value: first?.value as EventRecord }];
    });
    for (let at = 0; at < unknown.length; at += LOOKUPS_AT_ONCE) {
      await Promise.all(
        unknown.slice(at, at + LOOKUPS_AT_ONCE).map(async ({ name, value: { subject, source } }) => {
          const query = { index: 'bySubject', equals: { subject }, direction: 'descending', limit: LOOK_BACK } as const;
          // An entry that was tampered with is for verification to tell of, and keeps no event from being chained.
          const { entries } = await this.#context.store.query(outboxDocuments, query);
          const revisions = entries.flatMap(({ value }) =>
            'record' in value && value.record.source === source ? [value.record.subjectRevision] : [],
          );
          if (revisions.length > 0) this.#revisions.set(name, Math.max(...revisions));
        }),
      );
    }
  }

  /** The events of one subject that may go, in order; the others are noted as held. */
  #ready(name: string, stream: readonly Waiting[], stillHeld: Map<string, number>): Waiting[] {
    const now = this.#context.clock.now();
    let last = this.#revisions.get(name) ?? 0;
    for (const [at, event] of stream.entries()) {
      const { subjectRevision, subject, source } = event.value;
      if (subjectRevision > last + 1) {
        // Of a subject that the log knows nothing of, what is old already has waited enough: a log that is added later begins
        // with many such. And a clock that was set back must not prolong the wait by as much.
        const first = (held: Waiting): number => (last === 0 ? held.value.time : now);
        const sinceOf = (held: Waiting): number => Math.min(this.#held.get(held.id) ?? first(held), now);
        if (now - sinceOf(event) < this.#holdBackMs) {
          for (const held of stream.slice(at)) stillHeld.set(held.id, sinceOf(held));
          return stream.slice(0, at);
        }
        this.#report({ subject, source, lastRevision: last, nextRevision: subjectRevision });
      }
      last = Math.max(last, subjectRevision);
    }
    return [...stream];
  }

  #report(gap: { subject: string; source: string; lastRevision: number; nextRevision: number }): void {
    const { logger } = this.#context;
    // A log that was added later, or was pruned, does not know how its subjects began.
    if (gap.lastRevision === 0)
      logger?.info('The first event of a subject that the log knows is a later revision', gap);
    else logger?.warn('Events of a subject are missing, and the log goes on without them', gap);
  }
}

function streamOf({ source, subject }: EventRecord): string {
  return `${source}\n${subject}`;
}

/** Gives each place in the order of age to the next event of the subject that has the place. */
function inTurn(waiting: readonly Waiting[], ready: ReadonlyMap<string, readonly Waiting[]>): Waiting[] {
  const taken = new Map<string, number>();
  return waiting.flatMap(({ value }) => {
    const name = streamOf(value);
    const turn = taken.get(name) ?? 0;
    taken.set(name, turn + 1);
    return ready.get(name)?.[turn] ?? [];
  });
}

/** Whether a number can be that of an entry: verification looks at no other. */
function isPlace(sequence: JsonValue | undefined): boolean {
  return Number.isSafeInteger(sequence) && (sequence as number) >= 0;
}
