import { AuthenticationError } from '../../errors/families.ts';

/** Makes the error for a proof that does not prove anything. */
export function proofInvalid(problem: string, cause?: unknown): AuthenticationError {
  return new AuthenticationError(
    'PROOF_INVALID',
    `The proof of possession is refused: ${problem}`,
    cause === undefined ? {} : { cause },
  );
}

/** Makes the error for a token that is bound to a key, and came without its proof. */
export function proofRequired(kind: 'dpop' | 'certificate'): AuthenticationError {
  const what = kind === 'dpop' ? 'a DPoP proof' : 'the client certificate';
  return new AuthenticationError('PROOF_REQUIRED', `The token is good with ${what} that it is bound to, and only so`, {
    facts: { kind },
  });
}

/** Makes the error for a proof that was spent already. */
export function proofReplayed(): AuthenticationError {
  return new AuthenticationError('PROOF_REPLAYED', 'The DPoP proof was used before');
}

/** Makes the error that hands out a nonce (RFC 9449 section 8): send `facts.nonce` as `DPoP-Nonce`, and the client tries again. */
export function nonceRequired(nonce: string): AuthenticationError {
  return new AuthenticationError('PROOF_NONCE_REQUIRED', 'The DPoP proof must carry a current nonce of this server', {
    facts: { nonce },
  });
}
