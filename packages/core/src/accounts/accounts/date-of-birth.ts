const DAY = 86_400_000;
const FORM = /^\d{4}-\d{2}-\d{2}$/;

/**
 * Reads a date of birth.
 *
 * @param text - `YYYY-MM-DD` (RFC 3339 full-date)
 * @param now - epoch milliseconds; a day of grace serves those who are ahead of UTC
 * @returns days since 1970-01-01, or what is wrong with it
 */
export function parseDateOfBirth(text: string, now: number): number | { readonly fault: string } {
  if (!FORM.test(text)) return { fault: 'must have the form YYYY-MM-DD' };
  const midnight = Date.parse(`${text}T00:00:00Z`);
  // Date.parse takes the 30th of February for a day of March.
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== text) {
    return { fault: 'must be a day of the calendar' };
  }
  if (midnight > now + DAY) return { fault: 'must not lie in the future' };
  return midnight / DAY;
}
