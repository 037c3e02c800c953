import { InvalidInputError } from '@chancery/core';

const LONGEST = 96;

/** Makes the error for an option that the host gave and that cannot be used. */
export function invalidOption(message: string): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', message);
}

/**
 * Names a value in the message of an error: a text in quotes and cut, a number as it is written, and of anything else only what it is.
 *
 * @param value - anything but a secret
 */
export function shown(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value);
  return typeof value === 'number' || value === null ? String(value) : `a value of type ${typeof value}`;
}
