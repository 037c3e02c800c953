import http, { type ClientRequest, type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { AddressBlock } from './address-blocks.ts';
import { checkAddressLiteral, guardedLookup, type ResolveHost } from './guarded-lookup.ts';
import type { WebhookAnswer, WebhookRequest, WebhookTransport } from './transport.ts';

const IDLE_MS = 30_000;
const IDLE_CONNECTIONS = 4;

/** What a transport over Node's HTTP client works with. */
export interface NodeTransportOptions {
  readonly resolve: ResolveHost;
  /** Blocks that are allowed though they are not reachable from anywhere; `undefined`: everything is. */
  readonly allowed: readonly AddressBlock[] | undefined;
  /** Trust anchors in PEM instead of the runtime's own. */
  readonly ca: string | readonly string[] | undefined;
  /** How much of an answer's body is read before the connection is cut. */
  readonly maxResponseBytes: number;
}

/**
 * Sends webhooks by Node's HTTP client. Connections are kept for a while, follow no redirect, and go to judged addresses only.
 */
export class NodeTransport implements WebhookTransport {
  readonly #options: NodeTransportOptions;
  readonly #http: http.Agent;
  readonly #https: https.Agent;

  constructor(options: NodeTransportOptions) {
    this.#options = options;
    const { resolve, allowed, ca } = options;
    const agent = {
      keepAlive: true,
      maxFreeSockets: IDLE_CONNECTIONS,
      timeout: IDLE_MS,
      scheduling: 'lifo',
      lookup: guardedLookup(resolve, allowed),
    } as const;
    this.#http = new http.Agent(agent);
    this.#https = new https.Agent({
      ...agent,
      minVersion: 'TLSv1.2',
      ...(ca !== undefined && { ca: typeof ca === 'string' ? ca : [...ca] }),
    });
  }

  async post(request: WebhookRequest): Promise<WebhookAnswer> {
    checkAddressLiteral(request.url.hostname, this.#options.allowed);
    const first = this.#send(request);
    try {
      return await first.answer;
    } catch (error) {
      // A connection that had been idle may have been closed by the other side at this very moment.
      if (!first.request.reusedSocket || (error as NodeJS.ErrnoException).code !== 'ECONNRESET') throw error;
      return await this.#send(request).answer;
    }
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  #send({ url, headers, body, signal }: WebhookRequest): { request: ClientRequest; answer: Promise<WebhookAnswer> } {
    const { maxResponseBytes } = this.#options;
    const common = { method: 'POST', headers: { ...headers, 'content-length': body.length }, signal } as const;
    const request =
      url.protocol === 'https:'
        ? https.request(url, { ...common, agent: this.#https })
        : http.request(url, { ...common, agent: this.#http });
    const answer = new Promise<WebhookAnswer>((resolve, reject) => {
      request.on('error', reject);
      // Switching protocols is no answer to a webhook, and is told of by neither a response nor an error.
      request.on('upgrade', ({ statusCode = 0 }, socket) => {
        socket.destroy();
        resolve({ status: statusCode });
      });
      request.on('response', (response) => answerOf(response, maxResponseBytes).then(resolve, reject));
    });
    request.end(body);
    return { request, answer };
  }
}

/** The status counts once the answer is complete, or too long to wait for. */
function answerOf(response: IncomingMessage, maxBytes: number): Promise<WebhookAnswer> {
  const { statusCode = 0, headers } = response;
  const retryAfter = headers['retry-after'];
  const answer = { status: statusCode, ...(retryAfter !== undefined && { retryAfter }) };
  return new Promise((resolve, reject) => {
    let read = 0;
    response.on('data', (chunk: Uint8Array) => {
      read += chunk.length;
      if (read <= maxBytes) return;
      resolve(answer);
      response.destroy();
    });
    response.on('end', () => resolve(answer));
    response.on('error', reject);
  });
}
