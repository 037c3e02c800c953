import type { Entry } from '../../store/entry.ts';
import type { CloudEvent } from '../cloud-event.ts';
import type { deadLetters, lanes } from './collections.ts';
import type { DeliveryFault } from './sink.ts';

/** The value of a lane's document. */
export type Lane = Parameters<typeof lanes.encode>[1];

/** The value of a dead letter's document. */
export type DeadLetterValue = Parameters<typeof deadLetters.encode>[1];

/** How many events of one subject may wait; when there are more, the sink's place in the log waits as well. */
export const MAX_WAITING = 1_000;

/** An event that waits for its turn. */
export interface WaitingEvent {
  readonly sequence: number;
  /** When it came to wait, epoch milliseconds: its three days count from here. */
  readonly since: number;
  /** Where it has been read already. */
  readonly event?: CloudEvent;
}

/** The events of one subject that one round is concerned with, in order: what waits in its lane, and what is new. */
export class SubjectQueue {
  /** Of the lane's document, whether there is one or not. */
  readonly laneId: string;
  readonly lane: Entry<Lane> | undefined;
  readonly waiting: WaitingEvent[];
  readonly dead: DeadLetterValue[] = [];
  attempts: number;
  retryAt: number;
  fault: DeliveryFault | undefined;

  constructor(laneId: string, lane: Entry<Lane> | undefined) {
    this.laneId = laneId;
    this.lane = lane;
    this.waiting = lane?.value.waiting.map(([sequence, since]) => ({ sequence, since })) ?? [];
    this.attempts = lane?.value.attempts ?? 0;
    this.retryAt = lane?.value.retryAt ?? 0;
    this.fault = lane?.value.fault as DeliveryFault | undefined;
  }

  /** Whether its first event failed, so that the others have to wait. */
  get isBlocked(): boolean {
    return this.attempts > 0;
  }

  /**
   * Puts an event into its place, once.
   *
   * @returns false where there is no room for it
   */
  insert(item: WaitingEvent): boolean {
    const at = this.waiting.findIndex(({ sequence }) => sequence >= item.sequence);
    if (this.waiting[at]?.sequence === item.sequence) return true;
    if (this.waiting.length >= MAX_WAITING) return false;
    if (at < 0) {
      this.waiting.push(item);
      return true;
    }
    this.waiting.splice(at, 0, item);
    if (at === 0) this.#startOver(item.since);
    return true;
  }

  /** The first event is done with: the next one has its own attempts. */
  next(now: number): void {
    this.waiting.shift();
    this.#startOver(now);
  }

  /** The first event was given up. */
  bury(event: CloudEvent, facts: { readonly sink: string; readonly now: number; readonly fault: DeliveryFault }): void {
    const { sequence } = this.waiting[0] as WaitingEvent;
    this.dead.push({
      sink: facts.sink,
      sequence,
      eventId: event.id,
      type: event.type,
      source: event.source,
      subject: event.subject,
      attempts: this.attempts,
      diedAt: facts.now,
      fault: facts.fault,
    });
    this.next(facts.now);
  }

  /**
   * The document that keeps what is left to be done before a position in the log.
   *
   * @param position - what lies there or behind is read from the log again
   * @returns undefined where nothing is left
   */
  remainder(sink: string, position: number): Lane | undefined {
    const waiting = this.waiting.filter(({ sequence }) => sequence < position);
    const [first] = waiting;
    if (first === undefined) return undefined;
    return {
      sink,
      waiting: waiting.map(({ sequence, since }) => [sequence, since]),
      head: first.sequence,
      attempts: this.attempts,
      retryAt: this.retryAt,
      ...(this.fault && { fault: this.fault }),
    };
  }

  #startOver(now: number): void {
    this.attempts = 0;
    this.retryAt = now;
    this.fault = undefined;
  }
}
