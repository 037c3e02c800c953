import type { z } from 'zod';
import { ifMatch } from '../../conditional/entity-tag.ts';
import type { Incoming } from '../../exchange/incoming.ts';
import { HttpProblem } from '../../problems/http-problem.ts';
import { instantParameter, integerParameter } from '../../routing/parameters.ts';
import { defined } from '../defined.ts';
import { keyMode } from './record-schemas.ts';

const LONGEST_KEY = 256;
const maxReads = integerParameter(1, 1_000_000);
const version = integerParameter(1, 2 ** 31 - 1);

/** How a record is to be stored, as the headers of its request say. @throws {HttpProblem} HEADER_INVALID */
export function storeHeaders(incoming: Incoming) {
  return defined({
    contentType: contentTypeOf(incoming),
    keyMode: parsed(incoming, 'record-key-mode', keyMode),
    expiresAt: parsed(incoming, 'record-expires-at', instantParameter),
    maxReads: parsed(incoming, 'record-max-reads', maxReads),
    ifVersion: conditionOf(incoming),
  });
}

/** The record’s key. It is in a header of its own: addresses end up in logs. @throws {HttpProblem} HEADER_INVALID */
export function recordKey(incoming: Incoming): string | undefined {
  const key = incoming.header('record-key');
  if (key === undefined || (key.length <= LONGEST_KEY && /^[\x21-\x7e]+$/.test(key))) return key;
  throw new HttpProblem('HEADER_INVALID', 'Record-Key must be one key, as storing the record gave it');
}

/** The version that must be there. @throws {HttpProblem} HEADER_INVALID */
export function versionOf(incoming: Incoming): number | undefined {
  const tag = ifMatch(incoming);
  if (tag === undefined) return undefined;
  const result = version.safeParse(tag);
  if (result.success) return result.data;
  throw new HttpProblem('HEADER_INVALID', 'If-Match must be a version of the record, as an ETag gave it');
}

/**
 * One range of bytes (RFC 9110 section 14.1.2); undefined where none, several, or another unit is asked for: all of it then. So it is with
 * `If-Range`: parts of two versions must not be put together.
 */
export function rangeOf(incoming: Incoming): { start: number; end?: number } | undefined {
  if (incoming.header('if-range') !== undefined) return undefined;
  const match = /^bytes=(\d{1,15})-(\d{0,15})$/.exec(incoming.header('range') ?? '');
  if (match === null) return undefined;
  const start = Number(match[1]);
  if (match[2] === '') return { start };
  // The last byte is named here, and the one behind it there.
  const end = Number(match[2]) + 1;
  return end > start ? { start, end } : undefined;
}

/**
 * `If-None-Match: *`: none may be there; `If-Match`: this version.
 *
 * @throws {HttpProblem} HEADER_INVALID: it asks for something else, which must not look as if it had held
 */
function conditionOf(incoming: Incoming): number | null | undefined {
  const none = incoming.header('if-none-match');
  const version = incoming.header('if-match');
  if (none === undefined && version !== '*') return versionOf(incoming);
  if (none === '*' && version === undefined) return null;
  throw new HttpProblem('HEADER_INVALID', 'Storing takes If-Match with one version, or If-None-Match: *, or neither');
}

function contentTypeOf(incoming: Incoming): string | undefined {
  const type = incoming.header('content-type');
  if (type === undefined || /^[\x20-\x7e]{1,255}$/.test(type)) return type;
  throw new HttpProblem('HEADER_INVALID', 'Content-Type must be 1 to 255 printable ASCII characters');
}

function parsed<T>(incoming: Incoming, name: string, schema: z.ZodType<T>): T | undefined {
  const value = incoming.header(name);
  if (value === undefined) return undefined;
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const message = result.error.issues.map((issue) => issue.message).join('; ');
  throw new HttpProblem('HEADER_INVALID', `${name}: ${message}`, { issues: [{ path: ['headers', name], message }] });
}
