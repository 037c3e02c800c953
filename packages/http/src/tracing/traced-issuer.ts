import type { Issuer } from '@chancery/core';
import { aroundIssuer, isPending } from '../observation/around-issuer.ts';
import type { Spans } from './spans.ts';

/** The same issuer with a span over each operation. Neither names nor accounts are told. */
export function tracedIssuer(spans: Spans, name: string, issuer: Issuer): Issuer {
  return aroundIssuer(issuer, (operation, run) =>
    spans.inside(`${operation} ${name}`, { 'chancery.issuer': name }, async (span) => {
      const result = await run();
      if (operation === 'requestCertificate') span.setAttribute('chancery.pending', isPending(result));
      return result;
    }),
  );
}
