import { fromBase64 } from '../encoding/base64.ts';
import { StorageError } from '../errors/storage-error.ts';
import type { JsonObject } from '../ports/storage.ts';
import { canonicalJson } from './canonical-json.ts';
import type { CloudEvent } from './cloud-event.ts';
import type { EventRecord } from './event-collections.ts';

/** An event in its place in the log. */
export interface LogEntry {
  /** Its place, from 0, without gaps. */
  readonly sequence: number;
  /** When it was given its place. */
  readonly loggedAt: Date;
  readonly event: CloudEvent;
  /** SHA-256 over the entry's canonical bytes (RFC 6962 section 2.1). */
  readonly leafHash: Uint8Array;
  /** Commits to this entry and to every one before it. */
  readonly chainHash: Uint8Array;
}

/** A record that has its place in the log. */
export type ChainedRecord = EventRecord & {
  readonly sequence: number;
  readonly loggedAt: number;
  readonly leafHash: string;
  readonly chainHash: string;
};

/** Tells a record that is chained from one that waits, or that is neither. */
export function isChained(record: EventRecord): record is ChainedRecord {
  const { sequence, loggedAt, leafHash, chainHash, pendingSince } = record;
  const complete = sequence !== undefined && loggedAt !== undefined;
  return complete && leafHash !== undefined && chainHash !== undefined && pendingSince === undefined;
}

/**
 * The canonical text of an entry, which its leaf hash is over: RFC 8785 JSON of the event, its sequence number and
 * `loggedAt`; instants in epoch milliseconds, a personal part as its ciphertext.
 */
export function entryText(id: string, record: EventRecord, sequence: number, loggedAt: number): string {
  const { type, source, subject, subjectRevision, time, data, personal } = record;
  const sealed =
    personal === undefined ? '' : `"personal":{"key":${quote(personal.key)},"sealed":${quote(personal.sealed)}},`;
  // The members in the order of RFC 8785, written out: this is what verification spends its time on.
  return (
    `{"data":${canonicalJson(data)},"id":${quote(id)},"loggedAt":${loggedAt},${sealed}"sequence":${sequence},` +
    `"source":${quote(source)},"specversion":"1.0","subject":${quote(subject)},` +
    `"subjectRevision":${subjectRevision},"time":${time},"type":${quote(type)}}`
  );
}

/** The event that a record holds. `personal` is what was opened of it, if that was asked for. */
export function eventOf(id: string, record: EventRecord, personal?: JsonObject | null): CloudEvent {
  const { type, source, subject, subjectRevision, time, data } = record;
  const event = { specversion: '1.0', id, type, source, subject, subjectRevision, time: new Date(time), data } as const;
  return personal === undefined ? event : { ...event, personal };
}

/**
 * Reads a chained record.
 *
 * @throws {StorageError} STORAGE_CORRUPT: it has no place in the log, or its hashes are malformed
 */
export function entryOf(id: string, record: EventRecord, personal?: JsonObject | null): LogEntry {
  if (!isChained(record)) {
    throw new StorageError('STORAGE_CORRUPT', `Event '${id}' has no place in the log`, { facts: { event: id } });
  }
  return {
    sequence: record.sequence,
    loggedAt: new Date(record.loggedAt),
    event: eventOf(id, record, personal),
    leafHash: readHash(id, record.leafHash),
    chainHash: readHash(id, record.chainHash),
  };
}

function readHash(id: string, stored: string): Uint8Array {
  try {
    return fromBase64(stored);
  } catch (cause) {
    throw new StorageError('STORAGE_CORRUPT', `Event '${id}' has a malformed hash`, { facts: { event: id }, cause });
  }
}

const quote = (text: string): string => JSON.stringify(text);
