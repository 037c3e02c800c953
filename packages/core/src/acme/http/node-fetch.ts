import type { IncomingMessage } from 'node:http';
import https from 'node:https';
import type { AcmeFetch, AcmeFetchInit, AcmeFetchResponse } from './acme-fetch.ts';

const IDLE_MS = 30_000;
const IDLE_CONNECTIONS = 4;

/**
 * Sends requests by Node's HTTPS client, which can be told whom to trust. It follows no redirect.
 *
 * @param trustAnchorsPem - certificates in PEM instead of the runtime's own trust anchors
 */
export function nodeFetch(trustAnchorsPem?: string | readonly string[]): AcmeFetch {
  const agent = new https.Agent({
    keepAlive: true,
    maxFreeSockets: IDLE_CONNECTIONS,
    timeout: IDLE_MS,
    scheduling: 'lifo',
    minVersion: 'TLSv1.2',
    ...(trustAnchorsPem !== undefined && {
      ca: typeof trustAnchorsPem === 'string' ? trustAnchorsPem : [...trustAnchorsPem],
    }),
  });
  return async (url, init) => {
    const first = send(agent, url, init);
    try {
      return await first.response;
    } catch (error) {
      // A connection that had been idle may have been closed by the other side at this very moment. A POST is not sent again: its nonce is spent.
      const stale = first.request.reusedSocket && (error as NodeJS.ErrnoException).code === 'ECONNRESET';
      if (!stale || init.method === 'POST') throw error;
      return await send(agent, url, init).response;
    }
  };
}

function send(agent: https.Agent, url: string, { method, headers, body, signal }: AcmeFetchInit) {
  const length = body === undefined ? {} : { 'content-length': String(new TextEncoder().encode(body).length) };
  const request = https.request(url, { agent, method, headers: { ...headers, ...length }, signal });
  const response = new Promise<AcmeFetchResponse>((resolve, reject) => {
    request.on('error', reject);
    // Switching protocols is told of by neither a response nor an error.
    request.on('upgrade', (message, socket) => {
      socket.destroy();
      resolve(answerOf(message, null));
    });
    request.on('response', (message) => resolve(answerOf(message, message)));
  });
  request.end(body);
  return { request, response };
}

function answerOf({ statusCode = 0, headers }: IncomingMessage, body: IncomingMessage | null): AcmeFetchResponse {
  return {
    status: statusCode,
    headers: {
      get: (name) => {
        const value = headers[name];
        return value === undefined ? null : Array.isArray(value) ? value.join(', ') : value;
      },
    },
    body,
  };
}
