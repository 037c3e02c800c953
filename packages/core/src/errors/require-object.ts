import { InvalidInputError } from './families.ts';

/**
 * Refuses what is not an object where an options object is due.
 *
 * @param value - what was given
 * @param what - its name, such as `bootstrap() options`
 * @throws {InvalidInputError} INVALID_ARGUMENT
 */
export function requireObject(value: unknown, what: string): asserts value is object {
  if (typeof value === 'object' && value !== null) return;
  throw new InvalidInputError(
    'INVALID_ARGUMENT',
    `${what} must be an object, not ${value === null ? 'null' : typeof value}`,
  );
}
