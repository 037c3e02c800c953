const LONGEST_QUOTE = 96;
/** What JSON leaves as it is, though a terminal or a log viewer would act on it: C1 controls, separators, directions of text. */
const INVISIBLE = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/**
 * Quotes a value for an error message: control characters escaped, long values cut.
 *
 * @param value - text of any length and origin
 * @returns the value in double quotes, at most about a hundred characters
 */
export function quote(value: string): string {
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
