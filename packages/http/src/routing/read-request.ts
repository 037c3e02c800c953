import type { InputIssue, Timer } from '@chancery/core';
import type { z } from 'zod';
import type { Incoming } from '../exchange/incoming.ts';
import { hasBody, isWithoutBody, readBody, streamBody } from '../limits/read-body.ts';
import { HttpProblem } from '../problems/http-problem.ts';
import type { BodySpec, Operation } from './operation.ts';
import { parseQuery } from './parameters.ts';
import { decodeSegment } from './route-tree.ts';

/** How bodies are read. */
export interface BodySettings {
  /** Of a JSON body, in bytes. */
  readonly bodyLimit: number;
  /** Of a record, in bytes. */
  readonly recordLimit: number;
  readonly bodyTimeoutMs: number;
  readonly timer: Timer;
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

/** The parameters of the path. @throws {HttpProblem} TARGET_INVALID, REQUEST_INVALID */
export function readParams(operation: Operation, names: readonly string[], values: readonly string[]): unknown {
  if (names.length === 0) return {};
  const params: Record<string, string> = {};
  for (let at = 0; at < names.length; at++) params[names[at] as string] = decodeSegment(values[at] ?? '');
  return operation.params === undefined ? params : fitted(operation.params, params, 'path');
}

/** The parameters of the query. @throws {HttpProblem} REQUEST_INVALID: unknown, repeated or malformed */
export function readQuery(operation: Operation, incoming: Incoming): unknown {
  const { query } = operation;
  if (query !== undefined) return fitted(query, parseQuery(incoming.query), 'query');
  if (incoming.query === '') return {};
  throw new HttpProblem('REQUEST_INVALID', 'This operation takes no query parameters');
}

/** A body, as it was read. */
export interface ReadBody {
  readonly value: unknown;
  /** As it came; empty for one that is streamed. */
  readonly bytes: Uint8Array;
}

const NO_BYTES = new Uint8Array();
const NO_BODY: ReadBody = { value: undefined, bytes: NO_BYTES };

/**
 * Reads the body as the operation wants it.
 *
 * @throws {HttpProblem} BODY_UNEXPECTED, BODY_INVALID, BODY_TOO_LARGE, BODY_TIMEOUT, MEDIA_TYPE_UNSUPPORTED, REQUEST_INVALID
 */
export function readRequestBody(
  { body }: Operation,
  incoming: Incoming,
  settings: BodySettings,
): ReadBody | Promise<ReadBody> {
  if (body !== undefined) return readBodyAs(body, incoming, settings);
  if (!hasBody(incoming)) return NO_BODY;
  throw new HttpProblem('BODY_UNEXPECTED', 'This operation takes no body', { headers: ['connection', 'close'] });
}

async function readBodyAs(
  body: BodySpec,
  incoming: Incoming,
  { bodyLimit, recordLimit, bodyTimeoutMs: timeoutMs, timer }: BodySettings,
): Promise<ReadBody> {
  if (body.kind === 'stream') {
    return { value: streamBody(incoming, { limit: recordLimit, timeoutMs, timer }), bytes: NO_BYTES };
  }
  const isMissing = body.kind === 'json' && body.optional === true && isWithoutBody(incoming);
  if (isMissing) return { value: fitted(body.schema, {}, 'body'), bytes: NO_BYTES };
  requireType(incoming, body);
  const bytes = await readBody(incoming, { limit: body.limit ?? bodyLimit, timeoutMs, timer });
  return { value: body.kind === 'bytes' ? bytes : fitted(body.schema, parseJson(bytes), 'body'), bytes };
}

/** The media types that a body may have. */
export function typesOf(body: BodySpec): readonly string[] {
  if (body.kind === 'stream') return ['application/octet-stream'];
  return body.kind === 'bytes' ? [body.type] : (body.types ?? ['application/json']);
}

function requireType(incoming: Incoming, body: BodySpec): void {
  const parts = (incoming.header('content-type') ?? '').split(';');
  const [type = '', ...parameters] = parts.map((part) => part.trim().toLowerCase());
  const isUtf8 = parameters.every((parameter) => /^charset="?utf-8"?$/.test(parameter));
  const types = typesOf(body);
  if (types.includes(type) && isUtf8) return;
  throw new HttpProblem('MEDIA_TYPE_UNSUPPORTED', `Content-Type must be ${types.join(' or ')}`, {
    headers: ['accept', types.join(', '), 'connection', 'close'],
  });
}

/** Duplicate names in an object take the last value, as JSON.parse has it; schemas refuse names that are not theirs. */
function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    // The parser's words quote the body, which may hold a password.
    throw new HttpProblem('BODY_INVALID', 'The body is not JSON in UTF-8');
  }
}

function fitted<T>(schema: z.ZodType<T>, value: unknown, where: string): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issues: InputIssue[] = parsed.error.issues.map(({ path, message }) => ({
    path: [where, ...path.map((step) => (typeof step === 'number' ? step : String(step).slice(0, 64)))],
    message: message.slice(0, 256),
  }));
  const told = issues.slice(0, 8).map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new HttpProblem('REQUEST_INVALID', told.join('; '), { issues: issues.slice(0, 64) });
}
