import { InvalidInputError } from '../errors/families.ts';
import { requireObject } from '../errors/require-object.ts';
import { StorageError } from '../errors/storage-error.ts';
import { normalizeJson } from '../ports/storage/json.ts';
import { storableLength } from '../ports/storage/text.ts';
import type { JsonObject } from '../ports/storage.ts';
import type { EventFacts } from './cloud-event.ts';

const TYPE = /^[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*$/;
const TYPE_LENGTH = 128;
// The characters of RFC 3986 section 2, and percent signs only before two hexadecimal digits.
const URI_REFERENCE = /^(?:[A-Za-z0-9\-._~:/?#[\]@!$&'()*+,;=]|%[0-9A-Fa-f]{2})+$/;
const SOURCE_LENGTH = 512;
const SUBJECT_BYTES = 512;
// What the type String of CloudEvents 1.0 leaves out: control characters and noncharacters. Surrogates are checked apart.
const DISALLOWED = /[\p{Cc}\p{Noncharacter_Code_Point}]/u;
// Integer of CloudEvents 1.0.
const MAX_REVISION = 2 ** 31 - 1;
// What every intermediary has to forward, by CloudEvents 1.0; and far enough below the limit of a document.
const DATA_BYTES = 64 * 1024;

/**
 * Checks what a manager says of a change against CloudEvents 1.0 and the limits of storage, so that nothing gets into an
 * outbox that could not be chained, listed or sent.
 *
 * @returns the facts, cut loose from the caller's objects
 * @throws {InvalidInputError} EVENT_INVALID: names the field and the rule; INVALID_ARGUMENT: no object
 */
export function checkFacts(facts: EventFacts): EventFacts {
  requireObject(facts, 'The facts of an event');
  const { type, source, subject, subjectRevision } = facts;
  if (typeof type !== 'string' || type.length > TYPE_LENGTH || !TYPE.test(type)) {
    throw invalid('type', `must be dotted words of [a-z0-9_-], at most ${TYPE_LENGTH} characters`);
  }
  if (typeof source !== 'string' || source.length > SOURCE_LENGTH || !URI_REFERENCE.test(source) || !parses(source)) {
    throw invalid('source', `must be a URI reference of at most ${SOURCE_LENGTH} characters`);
  }
  checkSubject(subject);
  if (!Number.isSafeInteger(subjectRevision) || subjectRevision < 1 || subjectRevision > MAX_REVISION) {
    throw invalid('subjectRevision', `must be an integer from 1 to ${MAX_REVISION}`);
  }
  return { type, source, subject, subjectRevision, data: checkJson('data', facts.data) };
}

/**
 * Checks an object that goes into an event.
 *
 * @param field - what to call it in an error
 * @returns a frozen copy
 * @throws {InvalidInputError} EVENT_INVALID: not an object that survives JSON, or more than 64 KiB
 */
export function checkJson(field: 'data' | 'personal', value: JsonObject): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw invalid(field, 'must be an object');
  try {
    const { value: copy, size } = normalizeJson({ [field]: value }, 'The event');
    if (size > DATA_BYTES) throw invalid(field, `must take at most ${DATA_BYTES} bytes as JSON, not ${size}`);
    return copy[field] as JsonObject;
  } catch (cause) {
    if (!(cause instanceof StorageError)) throw cause;
    if (cause.code === 'STORAGE_TOO_LARGE') throw invalid(field, `must take at most ${DATA_BYTES} bytes as JSON`);
    throw new InvalidInputError('EVENT_INVALID', cause.message, { facts: { field }, cause });
  }
}

/** @throws {InvalidInputError} EVENT_INVALID: not 1 to 512 bytes of text, or a character that CloudEvents leaves out */
export function checkSubject(subject: string, field = 'subject'): void {
  const length = typeof subject === 'string' ? storableLength(subject) : undefined;
  if (!length || length > SUBJECT_BYTES || DISALLOWED.test(subject)) {
    throw invalid(field, `must be 1 to ${SUBJECT_BYTES} bytes of well-formed text without control characters`);
  }
}

function parses(source: string): boolean {
  return URL.canParse(source, 'https://source.invalid/');
}

function invalid(field: string, rule: string): InvalidInputError {
  return new InvalidInputError('EVENT_INVALID', `The event's ${field} ${rule}`, { facts: { field } });
}
