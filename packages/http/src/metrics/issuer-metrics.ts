import type { Issuer } from '@chancery/core';
import { aroundIssuer, type IssuerOperation, isPending } from '../observation/around-issuer.ts';
import type { DistinctValues } from './distinct-values.ts';
import type { Instruments } from './instruments.ts';

/** How each operation is called in labels. */
const NAMES: Readonly<Record<IssuerOperation, string>> = {
  requestCertificate: 'request',
  revokeCertificate: 'revoke',
  renewalInfo: 'renewal_info',
};

/** Times what is asked of issuers, by what it came to: `succeeded`, `pending` or `failed`. */
export function issuerMetrics(
  instruments: Instruments,
  { names, stopwatch }: { readonly names: DistinctValues; readonly stopwatch: () => number },
): (name: string, issuer: Issuer) => Issuer {
  const durations = instruments.histogram(
    {
      name: 'issuer_request_duration_seconds',
      help: 'How long one call of an issuer took, by what it came to.',
      labels: ['issuer', 'operation', 'outcome'],
    },
    'slow',
  );
  return (name, issuer) => {
    const label = names.of(name);
    return aroundIssuer(issuer, async (operation, run) => {
      const startedAt = stopwatch();
      let outcome = 'failed';
      try {
        const result = await run();
        outcome = operation === 'requestCertificate' && isPending(result) ? 'pending' : 'succeeded';
        return result;
      } finally {
        const seconds = Math.max(0, stopwatch() - startedAt) / 1_000;
        durations.observe({ issuer: label, operation: NAMES[operation], outcome }, seconds);
      }
    });
  };
}
