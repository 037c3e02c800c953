/**
 * Reads the header `retry-after` (RFC 9110 section 10.2.3).
 *
 * @param value - a number of seconds, or an HTTP date
 * @param now - epoch milliseconds
 * @returns milliseconds, at least 0; undefined where the value is malformed
 */
export function retryAfterMs(value: string, now: number): number | undefined {
  if (/^\d{1,9}$/.test(value)) return Number(value) * 1_000;
  // The three forms of an HTTP date begin with the day of the week, which keeps Date.parse from what it would read besides.
  if (!/^(Mon|Tue|Wed|Thu|Fri|Sat|Sun)/.test(value)) return undefined;
  const instant = Date.parse(value);
  return Number.isNaN(instant) ? undefined : Math.max(0, instant - now);
}
