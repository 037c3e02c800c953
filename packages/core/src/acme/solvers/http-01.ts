import type { ChallengeSolver } from './solver.ts';

/**
 * Solves http-01 (RFC 8555 section 8.3): mount `AcmeIssuer.http01Responder()` at `/.well-known/acme-challenge/` on port 80 of every instance
 * that the names lead to. Any of them answers for any other.
 */
export function http01(): ChallengeSolver {
  return { type: 'http-01' };
}
