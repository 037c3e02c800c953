import { InvalidInputError, SealError } from '../../errors/families.ts';

/** Makes the error for a file that this code does not read: malformed, or protected in a way that it does not know. */
export function pkcs12Invalid(problem: string): InvalidInputError {
  return new InvalidInputError('PKCS12_INVALID', `The PKCS#12 file cannot be read: ${problem}`);
}

/** Makes the error for a file that the password does not open. It quotes neither. */
export function wrongPassword(): SealError {
  return new SealError('PKCS12_PASSWORD_WRONG', 'The PKCS#12 file does not open: another password, or it was changed');
}
