import { StorageError } from '../../errors/storage-error.ts';
import type { Clock } from '../clock.ts';
import { STORAGE_LIMITS } from './limits.ts';
import { storableLength } from './text.ts';

const NAME = /^[a-z][a-z0-9_]{0,39}$/;
const INNER_NAME = /^[a-zA-Z][a-zA-Z0-9_]{0,39}$/;
const FIELD = /^[a-zA-Z][a-zA-Z0-9_]{0,62}$/;

/**
 * Checks the name of a namespace or a collection.
 *
 * @throws {StorageError} STORAGE_INVALID: it does not match `[a-z][a-z0-9_]{0,39}`
 */
export function assertStorageName(name: unknown, label: string): asserts name is string {
  assertMatches(name, NAME, label);
}

/**
 * Checks the names of the options that an adapter is made with: a misspelled `namespace` would open that of others.
 *
 * @param options - as they were given
 * @param known - every option there is, by name
 * @param label - what to call them in an error
 * @throws {StorageError} STORAGE_INVALID: no object, an option that is not known, or a `clock` that is none
 */
export function assertStorageOptions<T extends object>(
  options: T,
  known: Readonly<Record<keyof T, true>>,
  label: string,
): void {
  if (typeof options !== 'object' || options === null) {
    throw invalid(`${label} must be an object, not ${typeName(options)}`, label);
  }
  const unknown = Object.keys(options).find((name) => !Object.hasOwn(known, name));
  if (unknown !== undefined) throw invalid(`${label} know no ${JSON.stringify(unknown.slice(0, 80))}`, label);
  const { clock } = options as { readonly clock?: Partial<Clock> | null };
  if (clock !== undefined && typeof clock?.now !== 'function') throw invalid('clock must have a method now()', label);
}

/**
 * Checks the name of an index or a unique constraint.
 *
 * @throws {StorageError} STORAGE_INVALID: it does not match `[a-zA-Z][a-zA-Z0-9_]{0,39}`
 */
export function assertIndexName(name: unknown, label: string): asserts name is string {
  assertMatches(name, INNER_NAME, label);
}

/**
 * Checks the name of an indexed field.
 *
 * @throws {StorageError} STORAGE_INVALID: it does not match `[a-zA-Z][a-zA-Z0-9_]{0,62}`
 */
export function assertFieldName(name: unknown, label: string): asserts name is string {
  assertMatches(name, FIELD, label);
}

/**
 * Checks the id of a document: 1 to 400 bytes of well-formed Unicode without NUL.
 *
 * @throws {StorageError} STORAGE_INVALID, STORAGE_TOO_LARGE
 */
export function assertId(id: unknown, label: string): asserts id is string {
  assertText(id, label, STORAGE_LIMITS.idBytes, 1);
}

/**
 * Checks a text that is stored beside `data`: its type, its Unicode and its length in UTF-8.
 *
 * @param label - what to call it in an error
 * @throws {StorageError} STORAGE_INVALID, STORAGE_TOO_LARGE
 */
export function assertText(text: unknown, label: string, maxBytes: number, minBytes = 0): asserts text is string {
  if (typeof text !== 'string') throw invalid(`${label} must be a string, not ${typeName(text)}`, label);
  const length = storableLength(text);
  if (length === undefined) throw invalid(`${label} must be well-formed Unicode without NUL`, label);
  if (length < minBytes) throw invalid(`${label} must not be empty`, label);
  if (length > maxBytes) {
    throw new StorageError('STORAGE_TOO_LARGE', `${label} takes ${length} bytes, more than ${maxBytes}`, {
      facts: { value: label, size: length, limit: maxBytes },
    });
  }
}

/**
 * Checks an integer that an answer or an order hangs on.
 *
 * @param label - what to call it in an error
 * @throws {StorageError} STORAGE_INVALID: no safe integer, or outside `min` to `max`
 */
export function assertInteger(
  value: unknown,
  label: string,
  min: number = Number.MIN_SAFE_INTEGER,
  max: number = Number.MAX_SAFE_INTEGER,
): asserts value is number {
  if (!Number.isSafeInteger(value)) {
    throw invalid(`${label} must be a safe integer, not ${typeof value === 'number' ? value : typeName(value)}`, label);
  }
  const integer = value as number;
  if (integer < min || integer > max) throw invalid(`${label} must be from ${min} to ${max}, not ${integer}`, label);
}

/** What `typeof` says, with `null` and arrays told apart. */
export function typeName(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'an array' : typeof value;
}

function assertMatches(name: unknown, grammar: RegExp, label: string): asserts name is string {
  if (typeof name === 'string' && grammar.test(name)) return;
  const shown = typeof name === 'string' ? JSON.stringify(name.slice(0, 80)) : typeName(name);
  throw invalid(`${label} must match ${grammar.source}, not ${shown}`, label);
}

function invalid(message: string, label: string): StorageError {
  return new StorageError('STORAGE_INVALID', message, { facts: { value: label } });
}
