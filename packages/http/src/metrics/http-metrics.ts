import { knownMethod } from '../observation/http-method.ts';
import type { Exchange } from '../routing/dispatcher.ts';
import type { Instruments } from './instruments.ts';

/** Counts and times requests. */
export function httpMetrics(instruments: Instruments): (exchange: Exchange) => void {
  const requests = instruments.counter({
    name: 'http_requests_total',
    help: 'Requests answered, by the template of their path, method and class of status.',
    labels: ['route', 'method', 'status'],
  });
  const durations = instruments.histogram(
    {
      name: 'http_request_duration_seconds',
      help: 'How long it took to make the answer; a stream goes on after that.',
      labels: ['route', 'method'],
    },
    'fast',
  );
  return ({ route = 'unmatched', method: given, status, durationMs }) => {
    const method = knownMethod(given);
    requests.inc({ route, method, status: `${Math.floor(status / 100)}xx` });
    durations.observe({ route, method }, Math.max(0, durationMs) / 1_000);
  };
}
