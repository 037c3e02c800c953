import { z } from 'zod';
import { HttpProblem } from '../problems/http-problem.ts';

/** A whole number as a parameter of a query or a header. */
export function integerParameter(least: number, most: number) {
  return z
    .string()
    .regex(/^\d{1,15}$/, `must be a whole number from ${least} to ${most}`)
    .transform(Number)
    .pipe(z.number().int().min(least).max(most));
}

/** `true` or `false` as a parameter. */
export const booleanParameter = z
  .enum(['true', 'false'])
  .transform((text) => text === 'true')
  .pipe(z.boolean());

/** An instant as a parameter: ISO 8601 in UTC or with an offset. */
export const instantParameter = z.iso
  .datetime({ offset: true })
  .transform((text) => new Date(text))
  .pipe(z.date());

/** Text that storage takes: well-formed, without control characters. */
export const plainText = (most: number) =>
  z
    .string()
    .min(1)
    .max(most)
    .refine(
      (text) => text.isWellFormed() && !/\p{Cc}/u.test(text),
      'must be well-formed text without control characters',
    );

/**
 * The parameters of a query, each once.
 *
 * @throws {HttpProblem} REQUEST_INVALID: one came twice, and nobody can tell which counts
 */
export function parseQuery(query: string): Record<string, string> {
  const values: Record<string, string> = Object.create(null) as Record<string, string>;
  for (const [name, value] of new URLSearchParams(query)) {
    if (name in values) {
      const message = 'must not come more than once';
      throw new HttpProblem('REQUEST_INVALID', `Query parameter ${quoted(name)} ${message}`, {
        issues: [{ path: ['query', name.slice(0, 64)], message }],
      });
    }
    values[name] = value;
  }
  return values;
}

function quoted(name: string): string {
  return JSON.stringify(name.slice(0, 64));
}
