import { InvalidInputError } from '../../errors/families.ts';

/** The codes that reading DER can end in. */
export type DerErrorCode = 'DER_INVALID' | 'DER_TOO_LARGE' | 'DER_TOO_DEEP';

/**
 * Makes the error for DER that cannot be read.
 *
 * @param code what kind of limit or rule was broken
 * @param problem what is wrong, as a clause without a full stop
 * @param offset where, in bytes from the start of the outermost value being read
 * @returns the error, with `offset` among its facts
 */
export function derError(code: DerErrorCode, problem: string, offset: number): InvalidInputError {
  return new InvalidInputError(code, `${problem} at byte ${offset}`, { facts: { offset } });
}

/**
 * Throws the error for DER that breaks a rule of X.690.
 *
 * @param problem what is wrong, as a clause without a full stop
 * @param offset where, in bytes from the start of the outermost value being read
 * @throws {InvalidInputError} DER_INVALID: always
 */
export function invalidDer(problem: string, offset: number): never {
  throw derError('DER_INVALID', problem, offset);
}
