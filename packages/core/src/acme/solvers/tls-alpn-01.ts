import type { ChallengeSolver } from './solver.ts';

/**
 * Solves tls-alpn-01 (RFC 8737): a TLS listener on port 443 that asks `AcmeIssuer.tlsAlpnCertificate()` for connections which offer `acme-tls/1`,
 * such as the one of `createTlsResolver`.
 */
export function tlsAlpn01(): ChallengeSolver {
  return { type: 'tls-alpn-01' };
}
