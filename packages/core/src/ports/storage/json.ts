import { StorageError } from '../../errors/storage-error.ts';
import type { JsonObject, JsonValue } from '../storage.ts';
import { STORAGE_LIMITS } from './limits.ts';
import { storableLength } from './text.ts';

/** A document's data, checked and cut loose from the caller's objects. */
export interface NormalizedJson {
  /** A deep copy, frozen at every level. */
  readonly value: JsonObject;
  /** The UTF-8 length of `JSON.stringify(value)`. */
  readonly size: number;
}

/**
 * Checks and copies the data of a document. Each property is read once, so that the copy is what was checked.
 *
 * Errors name the place of the fault, never the value, which may be a secret.
 *
 * @param label - what to call the value in an error, such as `accounts/42 data`
 * @throws {StorageError} STORAGE_INVALID: what does not survive JSON, a text with NUL or a lone surrogate, more than 32
 *   levels; STORAGE_TOO_LARGE: more than 256 KiB
 */
export function normalizeJson(data: unknown, label: string): NormalizedJson {
  const walk: Walk = { label, path: [], size: 0 };
  if (!isPlainObject(data)) throw invalid(walk, 'must be a plain object');
  const value = copyObject(data, walk);
  return { value, size: walk.size };
}

interface Walk {
  readonly label: string;
  /** The keys that lead to the value at hand; its length is the depth. */
  readonly path: (string | number)[];
  size: number;
}

function copyValue(value: unknown, walk: Walk): JsonValue {
  switch (typeof value) {
    case 'string':
      grow(walk, textSize(value, walk));
      return value;
    case 'number':
      if (!Number.isFinite(value)) throw invalid(walk, 'must be a finite number');
      grow(walk, numberSize(value));
      return value === 0 ? 0 : value;
    case 'boolean':
      grow(walk, value ? 4 : 5);
      return value;
    case 'object':
      if (value === null) {
        grow(walk, 4);
        return null;
      }
      if (Array.isArray(value)) return copyArray(value, walk);
      if (isPlainObject(value)) return copyObject(value, walk);
      throw invalid(walk, 'must be a plain object, an array or a primitive');
    default:
      throw invalid(walk, `must not be ${value === undefined ? 'undefined' : `a ${typeof value}`}`);
  }
}

function copyObject(source: Record<string, unknown>, walk: Walk): JsonObject {
  enter(walk);
  const keys = Object.keys(source);
  if (Object.getOwnPropertySymbols(source).length > 0) throw invalid(walk, 'must not have symbol keys');
  // Braces, and a colon and a comma for each member but the last.
  grow(walk, 2 + (keys.length > 0 ? 2 * keys.length - 1 : 0));
  const copy: Record<string, JsonValue> = {};
  const depth = walk.path.length;
  for (const key of keys) {
    walk.path[depth] = key;
    grow(walk, textSize(key, walk));
    const value = copyValue(source[key], walk);
    if (key === '__proto__') {
      Object.defineProperty(copy, key, { value, enumerable: true });
    } else {
      copy[key] = value;
    }
  }
  walk.path.length = depth;
  return Object.freeze(copy);
}

function copyArray(source: readonly unknown[], walk: Walk): readonly JsonValue[] {
  enter(walk);
  const { length } = source;
  grow(walk, 2 + (length > 0 ? length - 1 : 0));
  const copy: JsonValue[] = [];
  const depth = walk.path.length;
  for (let at = 0; at < length; at++) {
    walk.path[depth] = at;
    copy.push(copyValue(source[at], walk));
  }
  walk.path.length = depth;
  return Object.freeze(copy);
}

function enter(walk: Walk): void {
  if (walk.path.length >= STORAGE_LIMITS.dataDepth) {
    throw invalid(walk, `must not lie deeper than ${STORAGE_LIMITS.dataDepth} levels`);
  }
}

function grow(walk: Walk, size: number): void {
  walk.size += size;
  if (walk.size > STORAGE_LIMITS.dataBytes) {
    throw new StorageError(
      'STORAGE_TOO_LARGE',
      `${walk.label} is larger than ${STORAGE_LIMITS.dataBytes} bytes as JSON`,
      {
        facts: { value: walk.label, limit: STORAGE_LIMITS.dataBytes },
      },
    );
  }
}

/** The UTF-8 length of the text as `JSON.stringify` writes it, quotes included. */
function textSize(text: string, walk: Walk): number {
  const length = storableLength(text);
  if (length === undefined) throw invalid(walk, 'must be well-formed Unicode without NUL');
  return length + 2 + (ESCAPED.test(text) ? escapeSize(text) : 0);
}

// NUL is not among them: it was refused before.
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are the characters that JSON escapes
const ESCAPED = /["\\\x01-\x1f]/;
const SHORT_ESCAPES = '\b\t\n\f\r';
const SPACE = 0x20;
const QUOTE = 0x22;
const BACKSLASH = 0x5c;

/** What escaping adds: a backslash, or five more characters for a control character without a short form. */
function escapeSize(text: string): number {
  let size = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === QUOTE || unit === BACKSLASH) size += 1;
    else if (unit < SPACE) size += SHORT_ESCAPES.includes(text.charAt(at)) ? 1 : 5;
  }
  return size;
}

function numberSize(value: number): number {
  // A number of more digits than this is past 2^53 and may be written with an exponent.
  if (Number.isInteger(value) && value >= 0 && value < 1e15) {
    let digits = 1;
    for (let bound = 10; value >= bound; bound *= 10) digits += 1;
    return digits;
  }
  return String(value).length;
}

/** Objects of other realms are plain too; what has a class of its own would not come back as what it was. */
function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === null) return true;
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'isPrototypeOf');
}

function invalid(walk: Walk, rule: string): StorageError {
  const place = walk.path.map((key) => (typeof key === 'number' ? `[${key}]` : `.${printable(key)}`)).join('');
  return new StorageError('STORAGE_INVALID', `${walk.label}${place} ${rule}`, {
    facts: { value: `${walk.label}${place}` },
  });
}

function printable(key: string): string {
  const text = JSON.stringify(key).slice(1, -1);
  return text.length > 40 ? `${text.slice(0, 40)}…` : text;
}
