const LONGEST_QUOTE = 96;

/**
 * Quotes a value for an error message: control characters escaped, long values cut.
 *
 * @param value - text of any length and origin
 * @returns the value in double quotes, at most about a hundred characters
 */
export function quote(value: string): string {
  const text = value.length > LONGEST_QUOTE ? `${value.slice(0, LONGEST_QUOTE)}…` : value;
  return JSON.stringify(text);
}
