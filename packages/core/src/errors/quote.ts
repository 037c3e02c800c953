const LONGEST_QUOTE = 96;
/** What JSON leaves as it is, though a terminal or a log viewer would act on it: C1 controls, separators, directions of text. */
const INVISIBLE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Names a value in an error message: a text in double quotes, control characters escaped and the rest of a long one cut; a number, a
 * boolean or nothing as it is written; of anything else only what it is. It never throws, whatever the value.
 *
 * @param value - anything, of any length and origin, but no secret
 * @returns about a hundred characters at most
 */
export function quote(value: unknown): string {
  if (typeof value !== 'string') return described(value);
  return JSON.stringify(shorten(value)).replace(
    INVISIBLE,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/**
 * Cuts a long value for an error message.
 *
 * @param value - text of any length
 * @returns the value, at most about a hundred characters of it
 */
export function shorten(value: string): string {
  return value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}…` : value;
}

/** Nothing of the value is called: a `toString` may throw, and what is in an object may be secret. */
function described(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  if (typeof value === 'bigint') return shorten(`${value}n`);
  if (Array.isArray(value)) return 'an array';
  if (ArrayBuffer.isView(value)) return 'bytes';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}
