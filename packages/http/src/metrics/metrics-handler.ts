import type { Handler } from '../handler.ts';
import type { MetricsRegister } from './metrics-options.ts';

const HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** Answers with the metrics of a registry, in the text format of Prometheus, whatever the path. */
export function metricsHandler(register: MetricsRegister): Handler {
  return async ({ method }) => {
    if (method !== 'GET' && method !== 'HEAD')
      return new Response(null, { status: 405, headers: { allow: 'GET, HEAD' } });
    try {
      const text = await register.metrics();
      const headers = { ...HEADERS, 'content-type': register.contentType };
      return new Response(method === 'HEAD' ? null : text, { headers });
    } catch {
      // A metric of the host's own failed to collect: what it says of it may hold anything.
      return new Response(null, { status: 500, headers: HEADERS });
    }
  };
}
