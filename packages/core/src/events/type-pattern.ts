import { InvalidInputError } from '../errors/families.ts';
import { quote } from '../errors/quote.ts';

const PATTERN = /^(\*|[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)*(\.\*)?)$/;
const MAX_LENGTH = 200;

/**
 * Tells which types of events are meant.
 *
 * @param patterns - each an exact type, such as `certificate.issued`; a beginning, such as `certificate.*`; or `*` for every type
 * @returns whether a type fits one of them
 * @throws {InvalidInputError} INVALID_ARGUMENT: none is given, or one is malformed
 */
export function typeMatcher(patterns: readonly string[]): (type: string) => boolean {
  if (!Array.isArray(patterns) || patterns.length === 0) {
    throw new InvalidInputError('INVALID_ARGUMENT', 'Type patterns must be a list of one or more');
  }
  const exact = new Set<string>();
  const beginnings: string[] = [];
  for (const pattern of patterns) {
    if (typeof pattern !== 'string' || pattern.length > MAX_LENGTH || !PATTERN.test(pattern)) {
      throw new InvalidInputError(
        'INVALID_ARGUMENT',
        `${quote(pattern)} is no type pattern: use *, certificate.* or certificate.issued`,
      );
    }
    if (pattern === '*') return () => true;
    if (pattern.endsWith('.*')) beginnings.push(pattern.slice(0, -1));
    else exact.add(pattern);
  }
  return (type) => exact.has(type) || beginnings.some((beginning) => type.startsWith(beginning));
}
