import type { CloudEvent } from '../cloud-event.ts';

/** What became of one attempt to deliver an event. */
export type DeliveryOutcome =
  /** The receiver has it. */
  | { readonly outcome: 'delivered' }
  /** Not this time: it is tried again, for three days. */
  | ({ readonly outcome: 'failed' } & DeliveryFault & {
        /** How long the receiver asks to be left alone, in milliseconds: the whole sink rests so long, at most a day. */
        readonly retryAfterMs?: number;
      })
  /** This event will never be taken: it becomes a dead letter at once. */
  | ({ readonly outcome: 'rejected' } & DeliveryFault)
  /** The receiver wants no more events: the sink is disabled until it is enabled by a call. */
  | ({ readonly outcome: 'gone' } & DeliveryFault);

/** Why an attempt failed. It is stored and logged: no secret, and nothing out of the event. */
export interface DeliveryFault {
  /** A few words of at most 200 characters, such as `answered 503` or `ECONNREFUSED`. */
  readonly reason: string;
  /** The HTTP status, where there was one. */
  readonly status?: number;
}

/** What a sink is told besides the event. */
export interface DeliveryOptions {
  /** Aborted when the time for the attempt is up, or the work is stopped. What still goes on then may overtake later events. */
  readonly signal: AbortSignal;
  /** Which attempt this is, from 1. A crash may repeat one. */
  readonly attempt: number;
}

/**
 * A receiver of events with a place of its own in the log: every event reaches it at least once, the events of one subject in order,
 * across restarts and instances.
 */
export interface NamedSink {
  /** Under which its place is kept: 1 to 255 visible ASCII characters. A renamed sink is a new one. */
  readonly name: string;
  /** Which events it gets: exact types, `certificate.*`, or `*`. Default: all. */
  readonly types?: readonly string[];
  /** Where a sink that is new begins: at the events to come (`newest`, the default), or with the oldest that the log keeps. */
  readonly from?: 'newest' | 'beginning';
  /** Whether it gets the personal part of events, unless that was erased. Default false: it is left out. */
  readonly includePersonal?: boolean;
  /** How long one attempt may take, in milliseconds, 1 to 300,000. Default 10,000. */
  readonly timeoutMs?: number;
  /**
   * Delivers one event. Returning nothing says that it was delivered; whatever is thrown says that it was not, and is tried again. Of
   * what is thrown only its `code` or class is stored and logged.
   */
  deliver(event: CloudEvent, options: DeliveryOptions): Promise<DeliveryOutcome | void>;
  /** Lets go of what it holds, such as connections. */
  close?(): void | Promise<void>;
}

/** A bare function hears of every event where the events are sequenced. It has no place of its own: what it throws is not tried again. */
export type SinkFunction = (event: CloudEvent) => void | Promise<void>;

/** Where events go. */
export type Sink = SinkFunction | NamedSink;
