import { InvalidInputError } from '../errors/families.ts';
import { requireObject } from '../errors/require-object.ts';
import type { JsonObject } from '../ports/storage.ts';

/** What a manager says of a change: the part of a CloudEvents 1.0 event that it knows. */
export interface EventFacts {
  /** Dotted kind of change, such as `certificate.issued`: at most 128 characters of `[a-z0-9_.-]`. */
  readonly type: string;
  /** Which manager: a URI reference of at most 512 characters, such as `/authorities/internal`. */
  readonly source: string;
  /** What changed, such as a serial number: 1 to 512 bytes of text without control characters. */
  readonly subject: string;
  /** Counts the changes of one subject from 1, to 2^31 - 1: it orders them wherever they arrive. */
  readonly subjectRevision: number;
  /** Facts about the change, at most 64 KiB as JSON. Never a secret. */
  readonly data: JsonObject;
}

/** An event in the envelope of CloudEvents 1.0. */
export interface CloudEvent extends EventFacts {
  readonly specversion: '1.0';
  /** UUIDv7, chosen when the change was made: a commit that is sent again keeps it. */
  readonly id: string;
  readonly time: Date;
  /** The part that its owner can have erased, where it was asked for; `null` once it was. */
  readonly personal?: JsonObject | null;
}

/**
 * Puts an event into the JSON format of CloudEvents 1.0, structured mode.
 *
 * `subjectRevision` becomes the extension attribute `subjectrevision`. A personal part becomes the member `personal` of
 * `data`: an attribute cannot hold an object.
 *
 * @returns an object for `JSON.stringify`
 * @throws {InvalidInputError} INVALID_ARGUMENT: no event
 */
export function cloudEventJson(event: CloudEvent): JsonObject {
  requireObject(event, 'An event');
  const { specversion, id, type, source, subject, subjectRevision, time, data, personal } = event;
  return {
    specversion,
    id,
    type,
    source,
    subject,
    time: isoTime(time),
    datacontenttype: 'application/json',
    subjectrevision: subjectRevision,
    data: personal === undefined ? data : { ...data, personal },
  };
}

function isoTime(time: Date): string {
  if (time instanceof Date && !Number.isNaN(time.getTime())) return time.toISOString();
  throw new InvalidInputError('INVALID_ARGUMENT', 'The time of an event must be a valid Date');
}
