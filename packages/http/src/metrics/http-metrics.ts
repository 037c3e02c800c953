import { knownMethod } from '../observation/http-method.ts';
import type { Exchange } from '../routing/dispatcher.ts';
import type { Instruments } from './instruments.ts';

/** What a login comes to, by the code of the problem. Other codes are `failed`. */
const LOGIN_OUTCOMES: Readonly<Record<string, string>> = {
  CREDENTIALS_INVALID: 'credentials_invalid',
  SECOND_FACTOR_REQUIRED: 'second_factor_required',
  SECOND_FACTOR_INVALID: 'second_factor_invalid',
  RATE_LIMITED: 'rate_limited',
  OVERLOADED: 'overloaded',
};

/** Counts and times requests, and what logins come to. */
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
  const logins = instruments.counter({
    name: 'logins_total',
    help: 'Logins over HTTP, by outcome.',
    labels: ['outcome'],
  });
  // A series that begins with its first failure shows no increase by it.
  for (const outcome of ['succeeded', 'failed', ...Object.values(LOGIN_OUTCOMES)]) logins.inc({ outcome }, 0);

  return ({ operation, route = 'unmatched', method: given, status, durationMs, code }) => {
    const method = knownMethod(given);
    requests.inc({ route, method, status: `${Math.floor(status / 100)}xx` });
    durations.observe({ route, method }, Math.max(0, durationMs) / 1_000);
    if (operation !== 'logIn') return;
    if (code === undefined) logins.inc({ outcome: status < 400 ? 'succeeded' : 'failed' });
    else logins.inc({ outcome: Object.hasOwn(LOGIN_OUTCOMES, code) ? (LOGIN_OUTCOMES[code] as string) : 'failed' });
  };
}
