import type { Incoming } from '../exchange/incoming.ts';
import { invalidOption, shown } from '../invalid-option.ts';

/** Which pages of other origins may call the API. */
export interface CorsOptions {
  /** Exact origins, such as `https://console.example`. Cookies are for none of them. */
  readonly origins: readonly string[];
  /** How long browsers may remember a preflight, in seconds. Default 600. */
  readonly maxAgeS?: number;
}

const REQUEST_HEADERS =
  'authorization, content-type, dpop, if-match, if-none-match, idempotency-key, range, record-key, record-key-mode, ' +
  'record-expires-at, record-max-reads, last-event-id';
const ANSWER_HEADERS =
  'etag, link, location, retry-after, ratelimit, ratelimit-policy, x-request-id, dpop-nonce, content-range, record-place, ' +
  'record-version, idempotency-replayed';

/** Answers what browsers ask before they let a page of another origin in (the Fetch standard's CORS protocol). */
export class Cors {
  readonly #origins: ReadonlySet<string>;
  readonly #maxAgeS: number;

  /** @throws {InvalidInputError} INVALID_ARGUMENT: an origin is not exactly one, or `maxAgeS` is no natural number */
  constructor({ origins, maxAgeS = 600 }: CorsOptions = { origins: [] }) {
    if (!Array.isArray(origins)) throw invalidOption(`cors.origins must be a list, not ${shown(origins)}`);
    if (!(Number.isSafeInteger(maxAgeS) && maxAgeS >= 0)) {
      throw invalidOption(`cors.maxAgeS must be whole seconds from 0, not ${shown(maxAgeS)}`);
    }
    for (const origin of origins) requireOrigin('cors.origins', origin);
    this.#origins = new Set(origins);
    this.#maxAgeS = maxAgeS;
  }

  /** The headers for an answer to a page; none where its origin is not listed. */
  headers(incoming: Incoming): readonly string[] {
    if (this.#origins.size === 0) return [];
    const origin = incoming.header('origin');
    const vary = ['vary', 'origin'];
    if (origin === undefined || !this.#origins.has(origin)) return vary;
    return [...vary, 'access-control-allow-origin', origin, 'access-control-expose-headers', ANSWER_HEADERS];
  }

  /** The headers for a preflight, beside those of {@link headers}. */
  preflight(incoming: Incoming, methods: readonly string[]): readonly string[] {
    const origin = incoming.header('origin');
    if (origin === undefined || !this.#origins.has(origin)) return [];
    if (incoming.header('access-control-request-method') === undefined) return [];
    return [
      'access-control-allow-methods',
      methods.join(', '),
      'access-control-allow-headers',
      REQUEST_HEADERS,
      'access-control-max-age',
      String(this.#maxAgeS),
    ];
  }
}

/** @throws {InvalidInputError} INVALID_ARGUMENT: not scheme, host and port alone */
export function requireOrigin(option: string, origin: string): void {
  if (typeof origin === 'string' && URL.canParse(origin) && new URL(origin).origin === origin && origin !== 'null')
    return;
  throw invalidOption(`${option} must be an origin such as https://app.example, not ${shown(origin)}`);
}
