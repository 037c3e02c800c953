import type { JsonObject } from '../ports/storage.ts';

/** What a manager says of a change: the part of a CloudEvents 1.0 event that it knows. */
export interface EventFacts {
  /** Reverse-dotted kind of change, such as `certificate.issued`. */
  readonly type: string;
  /** Which manager: a URI reference, such as `/authorities/internal`. */
  readonly source: string;
  /** What changed, such as a serial number. */
  readonly subject: string;
  /** Counts the changes of one subject from 1: it orders them wherever they arrive. */
  readonly subjectRevision: number;
  /** Facts about the change. Never a secret. */
  readonly data: JsonObject;
}

/** An event as it waits in the outbox, in the envelope of CloudEvents 1.0. */
export interface CloudEvent extends EventFacts {
  readonly specversion: '1.0';
  /** UUIDv7, chosen when the change was made: a commit that is sent again keeps it. */
  readonly id: string;
  readonly time: Date;
}
