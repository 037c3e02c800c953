import { InvalidInputError } from './families.ts';
import { requireObject } from './require-object.ts';

/**
 * Refuses what lacks a method that is asked of a part that the host gives, such as its storage: when it is given, rather than when it is first used.
 *
 * @param value - what was given
 * @param what - its name, such as `storage`
 * @param methods - what it must be able to do
 * @throws {InvalidInputError} INVALID_ARGUMENT
 */
export function requireMethods(value: unknown, what: string, methods: readonly string[]): void {
  requireObject(value, what);
  const missing = methods.find((method) => typeof (value as Record<string, unknown>)[method] !== 'function');
  if (missing === undefined) return;
  throw new InvalidInputError('INVALID_ARGUMENT', `${what} has no method ${missing}()`);
}
