import { concatBytes } from '../../encoding/bytes.ts';
import { AcmeError } from '../../errors/acme-error.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { untilAborted } from '../../store/until-aborted.ts';
import type { AcmeFetch, AcmeFetchResponse } from './acme-fetch.ts';

/** Any object of the protocol fits many times over, and a chain with it. */
const MAX_BODY_BYTES = 1024 * 1024;

/** How one exchange is bounded. */
export interface ExchangeLimits {
  readonly timeoutMs: number;
  readonly signal: AbortSignal | undefined;
}

/** One request, before it is bounded. */
export interface AcmeRequest {
  readonly url: string;
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** An answer that was read to its end. */
export interface AcmeResponse {
  readonly url: string;
  readonly status: number;
  header(name: string): string | undefined;
  readonly body: Uint8Array;
}

/**
 * Sends one request and reads the whole answer: bounded in time and length, without following redirects.
 *
 * @throws {AcmeError} ACME_UNAVAILABLE: no connection, an untrusted one, no answer in time, or half of one
 * @throws {AcmeError} ACME_PROTOCOL: a redirect, an answer of more than 1 MiB, or a URL that is not https
 * @throws {ChanceryError} ABORTED
 */
export async function exchange(fetch: AcmeFetch, request: AcmeRequest, limits: ExchangeLimits): Promise<AcmeResponse> {
  const { url, method, headers = {}, body } = request;
  const { signal, timeoutMs } = limits;
  requireHttps(url);
  throwIfAborted(signal);
  const over = new AbortController();
  const timer = setTimeout(() => over.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  const abort = (): void => over.abort(signal?.reason);
  signal?.addEventListener('abort', abort, { once: true });
  try {
    const init = {
      method,
      headers,
      redirect: 'manual',
      signal: over.signal,
      ...(body !== undefined && { body }),
    } as const;
    const response = await untilAborted(fetch(url, init), over.signal);
    if (response.status >= 300 && response.status < 400)
      throw new AcmeError('ACME_PROTOCOL', `${method} ${url} was answered by a redirect, which ACME does not follow`);
    const bytes = await untilAborted(readBody(response, url), over.signal);
    return { url, status: response.status, header: (name) => response.headers.get(name) ?? undefined, body: bytes };
  } catch (cause) {
    const { message, code } = describe(over.signal.aborted ? over.signal.reason : cause);
    // Whatever is left of an answer that was too long, or of a connection that hangs, is let go of.
    over.abort();
    throwIfAborted(signal);
    if (cause instanceof AcmeError) throw cause;
    throw new AcmeError('ACME_UNAVAILABLE', `${method} ${url} got no answer: ${message}`, {
      facts: { url, ...(code !== undefined && { reason: code }) },
      cause,
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}

/**
 * Refuses what is not an https URL: ACME is spoken over nothing else (RFC 8555 section 6.1).
 *
 * @throws {AcmeError} ACME_PROTOCOL
 */
export function requireHttps(url: string): void {
  if (URL.canParse(url) && new URL(url).protocol === 'https:') return;
  throw new AcmeError(
    'ACME_PROTOCOL',
    `The ACME server gave ${JSON.stringify(url.slice(0, 200))}, which is no https URL`,
  );
}

async function readBody({ body }: AcmeFetchResponse, url: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > MAX_BODY_BYTES)
      throw new AcmeError('ACME_PROTOCOL', `The answer of ${url} is longer than ${MAX_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  return concatBytes(chunks);
}

/** What fetch throws says little; its cause names the fault. */
function describe(error: unknown): { readonly message: string; readonly code?: string } {
  const { cause } = error as { cause?: unknown };
  const told = cause instanceof Error ? cause : error;
  const code = (told as NodeJS.ErrnoException | undefined)?.code;
  const message = told instanceof Error ? told.message : String(told);
  return typeof code === 'string' ? { message: `${message} (${code})`, code } : { message };
}
