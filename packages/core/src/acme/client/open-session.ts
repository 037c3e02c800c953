import { InvalidInputError } from '../../errors/families.ts';
import { quote } from '../../errors/quote.ts';
import type { Clock } from '../../ports/clock.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import { systemClock } from '../../ports/system-clock.ts';
import { directoryUrl } from '../directories.ts';
import type { AcmeFetch } from '../http/acme-fetch.ts';
import { nodeFetch } from '../http/node-fetch.ts';
import { AcmeSession } from './session.ts';

const TIMEOUT_MS = 30_000;

/** How an ACME server is reached. */
export interface AcmeServerOptions {
  /** `letsencrypt`, `letsencrypt-staging`, `zerossl`, `google`, `google-staging`, or the https URL of a directory. */
  readonly directory: string;
  /** Certificates in PEM that the server's TLS is judged by, instead of the runtime's own trust anchors. Not together with `fetch`. */
  readonly trustAnchorsPem?: string | readonly string[];
  /** Sends the requests; it must judge the server's TLS by itself. Default: Node's HTTPS client. */
  readonly fetch?: AcmeFetch;
  /** How long one exchange may take, in milliseconds. Default 30,000. */
  readonly timeoutMs?: number;
  readonly clock?: Clock;
  readonly crypto?: CryptoProvider;
}

/** Checks how a server is to be reached, and makes the session with it. */
export function openSession(options: AcmeServerOptions): AcmeSession {
  const { clock = systemClock, trustAnchorsPem, fetch, timeoutMs = TIMEOUT_MS } = options;
  if (fetch !== undefined && trustAnchorsPem !== undefined) {
    throw new InvalidInputError(
      'INVALID_ARGUMENT',
      'trustAnchorsPem has no effect on a fetch of your own: give one of the two',
    );
  }
  if (fetch !== undefined && typeof fetch !== 'function')
    throw new InvalidInputError('INVALID_ARGUMENT', 'fetch must be a function');
  if (!Number.isSafeInteger(timeoutMs) || timeoutMs < 1)
    throw new InvalidInputError('INVALID_ARGUMENT', `timeoutMs must be a positive integer, not ${quote(timeoutMs)}`);
  if (trustAnchorsPem !== undefined && !isPem(trustAnchorsPem))
    throw new InvalidInputError('INVALID_ARGUMENT', 'trustAnchorsPem must be PEM, or a list of it');
  return new AcmeSession({
    directoryUrl: directoryUrl(options.directory),
    fetch: fetch ?? nodeFetch(trustAnchorsPem),
    clock,
    timeoutMs,
  });
}

function isPem(given: unknown): boolean {
  return typeof given === 'string' || (Array.isArray(given) && given.every((each) => typeof each === 'string'));
}
