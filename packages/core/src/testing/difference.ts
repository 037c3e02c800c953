/**
 * Where two values first differ, in words; `undefined` if they are deeply equal.
 *
 * Object keys are compared without their order, and one that holds `undefined` counts as absent. Bytes are compared as bytes.
 * `0` and `-0` differ.
 */
export function firstDifference(actual: unknown, expected: unknown, path = ''): string | undefined {
  if (Object.is(actual, expected)) return undefined;
  const place = path === '' ? '' : `at ${path}: `;
  if (isBytes(actual) && isBytes(expected)) return bytesDifference(actual, expected, place);
  if (Array.isArray(actual) && Array.isArray(expected)) return arrayDifference(actual, expected, path, place);
  if (isRecord(actual) && isRecord(expected)) return recordDifference(actual, expected, path);
  return `${place}expected ${preview(expected)}, found ${preview(actual)}`;
}

function bytesDifference(actual: Uint8Array, expected: Uint8Array, place: string): string | undefined {
  if (actual.length !== expected.length) return `${place}expected ${expected.length} bytes, found ${actual.length}`;
  const at = expected.findIndex((byte, index) => byte !== actual[index]);
  return at === -1 ? undefined : `${place}expected byte ${expected[at]} at offset ${at}, found ${actual[at]}`;
}

function arrayDifference(
  actual: readonly unknown[],
  expected: readonly unknown[],
  path: string,
  place: string,
): string | undefined {
  for (let at = 0; at < Math.min(actual.length, expected.length); at++) {
    const difference = firstDifference(actual[at], expected[at], `${path}[${at}]`);
    if (difference !== undefined) return difference;
  }
  if (actual.length === expected.length) return undefined;
  return `${place}expected ${expected.length} items ${preview(expected)}, found ${actual.length} ${preview(actual)}`;
}

function recordDifference(
  actual: Record<string, unknown>,
  expected: Record<string, unknown>,
  path: string,
): string | undefined {
  for (const key of new Set([...Object.keys(expected), ...Object.keys(actual)])) {
    const difference = firstDifference(own(actual, key), own(expected, key), path === '' ? key : `${path}.${key}`);
    if (difference !== undefined) return difference;
  }
  return undefined;
}

function own(record: Record<string, unknown>, key: string): unknown {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function isBytes(value: unknown): value is Uint8Array {
  return Object.prototype.toString.call(value) === '[object Uint8Array]';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.prototype.toString.call(value) === '[object Object]';
}

const LONGEST = 200;

/** A value on one short line. */
export function preview(value: unknown): string {
  const text = describe(value);
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

function describe(value: unknown): string {
  if (value === undefined) return 'undefined';
  if (Object.is(value, -0)) return '-0';
  if (value instanceof Error)
    return `${value.name} ${String((value as { code?: unknown }).code ?? '')} ${value.message}`;
  if (isBytes(value)) return `${value.length} bytes`;
  try {
    return JSON.stringify(value, (_key, inner) => (typeof inner === 'bigint' ? `${inner}n` : inner)) ?? String(value);
  } catch {
    return String(value);
  }
}
