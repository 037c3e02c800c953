import type { z } from 'zod';
import { fromUtf8 } from '../../encoding/bytes.ts';
import { AcmeError } from '../../errors/acme-error.ts';
import { retryAfterMs } from '../../events/webhooks/retry-after.ts';
import type { Clock } from '../../ports/clock.ts';
import type { AcmeFetch } from '../http/acme-fetch.ts';
import { type AcmeRequest, type AcmeResponse, exchange } from '../http/exchange.ts';
import { isProblem, refusal } from '../http/problem.ts';
import type { AcmeAccountKey } from '../jws/account-key.ts';
import { signJws } from '../jws/sign.ts';
import { NoncePool } from './nonce-pool.ts';
import { directoryObject } from './objects.ts';
import type { AcmeDirectory } from './types.ts';

/** A server that rejects half of all nonces still answers; one that rejects every nonce does not keep anyone for ever. */
const NONCE_ATTEMPTS = 24;
const DIRECTORY_MS = 3_600_000;
const NONCE = /^[A-Za-z0-9_-]{1,1024}$/;
const USER_AGENT = 'chancery';

/** What a session with one server works with. */
export interface SessionOptions {
  readonly directoryUrl: string;
  readonly fetch: AcmeFetch;
  readonly clock: Clock;
  readonly timeoutMs: number;
}

/** One signed request. */
export interface SignedRequest {
  readonly url: string;
  readonly key: AcmeAccountKey;
  /** The account's URL; without it the key itself is sent. */
  readonly kid?: string | undefined;
  /** JSON to be; undefined for POST-as-GET. */
  readonly payload: unknown;
  /** What is asked, for messages. */
  readonly what: string;
  readonly accept?: string;
  readonly signal?: AbortSignal | undefined;
}

/** Signed and plain requests to one ACME server: its directory and its nonces. */
export class AcmeSession {
  readonly #options: SessionOptions;
  readonly #nonces = new NoncePool();
  #directory: { readonly value: AcmeDirectory; readonly until: number } | undefined;

  constructor(options: SessionOptions) {
    this.#options = options;
  }

  /** The server's directory, read once an hour. */
  async directory(signal?: AbortSignal): Promise<AcmeDirectory> {
    const { clock, directoryUrl } = this.#options;
    if (this.#directory !== undefined && clock.now() < this.#directory.until) return this.#directory.value;
    const response = await this.get(directoryUrl, 'its directory', signal);
    const value = this.parse(response, directoryObject, 'directory');
    this.#directory = { value, until: clock.now() + DIRECTORY_MS };
    return value;
  }

  /**
   * Sends a signed POST. A nonce that the server does not take is replaced, and the request signed anew (RFC 8555 section 6.5).
   *
   * @throws {AcmeError} as the server refuses
   */
  async post({ url, key, kid, payload, what, accept, signal }: SignedRequest): Promise<AcmeResponse> {
    const headers = { 'content-type': 'application/jose+json', ...(accept !== undefined && { accept }) };
    for (let attempt = 1; ; attempt++) {
      const nonce = await this.#nonce(signal);
      const jws = await signJws(key, { url, nonce, ...(kid !== undefined && { kid }) }, payload);
      const response = await this.#send({ url, method: 'POST', headers, body: JSON.stringify(jws) }, signal);
      if (response.status < 300) return response;
      const error = refusal(response, what, this.#options.clock);
      if (!isProblem(error, 'badNonce') || attempt === NONCE_ATTEMPTS) throw error;
    }
  }

  /** Sends a plain GET. */
  async get(url: string, what: string, signal?: AbortSignal): Promise<AcmeResponse> {
    const response = await this.#send({ url, method: 'GET' }, signal);
    if (response.status !== 200) throw refusal(response, what, this.#options.clock);
    return response;
  }

  /**
   * Reads an object of the protocol.
   *
   * @throws {AcmeError} ACME_PROTOCOL: it is not; the message names the members at fault
   */
  parse<T>(response: AcmeResponse, schema: z.ZodType<T>, what: string): T {
    const type = response.header('content-type') ?? '';
    if (!/^application\/json\b/i.test(type)) throw unreadable(response.url, what, `its type is ${quoted(type)}`);
    let value: unknown;
    try {
      value = JSON.parse(fromUtf8(response.body));
    } catch (cause) {
      throw unreadable(response.url, what, 'it is not JSON', cause);
    }
    const parsed = schema.safeParse(value);
    if (parsed.success) return parsed.data;
    const faults = parsed.error.issues.map(
      ({ path, code }) => `${path.map(String).join('.') || 'the object'} (${code})`,
    );
    throw unreadable(response.url, what, `malformed: ${faults.slice(0, 5).join(', ')}`);
  }

  /** The URL that the answer gives the object. */
  location(response: AcmeResponse, what: string): string {
    const location = response.header('location');
    if (location === undefined || !URL.canParse(location, response.url))
      throw unreadable(response.url, what, 'it comes without its URL');
    return new URL(location, response.url).href;
  }

  /** When to ask again, in milliseconds, where the answer says so. */
  retryAfter(response: AcmeResponse): number | undefined {
    const value = response.header('retry-after');
    return value === undefined ? undefined : retryAfterMs(value, this.#options.clock.now());
  }

  async #nonce(signal: AbortSignal | undefined): Promise<string> {
    const held = this.#nonces.take();
    if (held !== undefined) return held;
    const { newNonce } = await this.directory(signal);
    const response = await this.#send({ url: newNonce, method: 'HEAD' }, signal);
    if (response.status >= 400) throw refusal(response, 'a nonce', this.#options.clock);
    const nonce = this.#nonces.take();
    if (nonce === undefined) throw unreadable(newNonce, 'nonce', 'the header replay-nonce is missing or malformed');
    return nonce;
  }

  async #send(request: AcmeRequest, signal: AbortSignal | undefined): Promise<AcmeResponse> {
    const { fetch, timeoutMs } = this.#options;
    const headers = { 'user-agent': USER_AGENT, ...request.headers };
    const response = await exchange(fetch, { ...request, headers }, { timeoutMs, signal });
    const nonce = response.header('replay-nonce');
    if (nonce !== undefined && NONCE.test(nonce)) this.#nonces.add(nonce);
    return response;
  }
}

function unreadable(url: string, what: string, problem: string, cause?: unknown): AcmeError {
  return new AcmeError('ACME_PROTOCOL', `The ACME server's ${what} cannot be read: ${problem}`, {
    facts: { url },
    ...(cause !== undefined && { cause }),
  });
}

function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 100));
}
