/**
 * Tells whether a value is a plain object whose values are all strings. Keys are data, `__proto__` included.
 *
 * @param value - anything
 */
export function isTextRecord(value: unknown): value is Readonly<Record<string, string>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  return Object.values(value).every((text) => typeof text === 'string');
}
