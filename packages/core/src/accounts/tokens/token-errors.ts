import { AuthenticationError } from '../../errors/families.ts';

/** Makes the error for an access token that is none of ours: what is wrong, and nothing of what it holds. */
export function tokenInvalid(problem: string, cause?: unknown): AuthenticationError {
  return new AuthenticationError('TOKEN_INVALID', `The access token is refused: ${problem}`, withCause(cause));
}

/** Makes the error for a refresh token that no session of ours gave out. */
export function refreshTokenInvalid(problem: string): AuthenticationError {
  return new AuthenticationError('TOKEN_INVALID', `The refresh token is refused: ${problem}`);
}

/** Makes the error for a token whose session or account no longer stands behind it. */
export function tokenRevoked(
  reason: 'token denied' | 'session ended' | 'account gone' | 'account disabled' | 'signing key retired',
): AuthenticationError {
  return new AuthenticationError('TOKEN_REVOKED', `The token is no longer good: ${reason}`, { facts: { reason } });
}

function withCause(cause: unknown): { readonly cause?: unknown } {
  return cause === undefined ? {} : { cause };
}
