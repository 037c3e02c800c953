import { Buffer } from 'node:buffer';
import type { ServerResponse } from 'node:http';
import type { Answer } from '../exchange/answer.ts';

/**
 * Sends an answer, a stream no faster than it is taken. What cannot be sent, such as a header that node:http refuses, ends the connection: half an
 * answer is none. So does a stream that fails.
 */
export function writeAnswer(response: ServerResponse, answer: Answer, method: string): void {
  try {
    write(response, answer, method);
  } catch {
    response.destroy();
    discard(answer.body);
  }
}

function write(response: ServerResponse, answer: Answer, method: string): void {
  const { status, headers, body } = answer;
  if (response.destroyed) {
    discard(body);
    return;
  }
  const length = lengthOf(answer);
  writeHead(response, status, length === undefined ? [...headers] : [...headers, 'content-length', String(length)]);
  if (method === 'HEAD' || body === undefined) {
    response.end();
    discard(body);
  } else if (typeof body === 'string') {
    // ASCII leaves in one piece with the head, which node:http writes as Latin-1.
    if (length === body.length) response.end(body, 'latin1');
    else response.end(Buffer.from(body));
  } else if (body instanceof Uint8Array) {
    response.end(body);
  } else {
    void pipe(body.getReader(), response);
  }
}

/** Where a framework has set a header already, the `writeHead` of Node 20 keeps but the last of several headers of one name. */
function writeHead(response: ServerResponse, status: number, headers: string[]): void {
  if (response.getHeaderNames().length === 0) {
    response.writeHead(status, headers);
    return;
  }
  const values = new Map<string, string[]>();
  for (let at = 0; at < headers.length; at += 2) {
    const [name, value] = headers.slice(at, at + 2) as [string, string];
    values.set(name, [...(values.get(name) ?? []), value]);
  }
  for (const [name, each] of values) response.setHeader(name, each.length === 1 ? (each[0] as string) : each);
  response.writeHead(status);
}

/** In bytes; undefined of a stream, and where there is no body. */
function lengthOf({ body, length }: Answer): number | undefined {
  if (typeof body === 'string') return length ?? Buffer.byteLength(body);
  return body instanceof Uint8Array ? body.length : undefined;
}

/** It never rejects. */
async function pipe(reader: ReadableStreamDefaultReader<Uint8Array>, response: ServerResponse): Promise<void> {
  let wake: () => void = () => undefined;
  const onClose = () => {
    // A read that waits for more ends with this.
    void reader.cancel().catch(() => undefined);
    wake();
  };
  response.on('close', onClose);
  response.on('drain', () => wake());
  response.flushHeaders();
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done || response.destroyed) break;
      if (!response.write(value)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
    response.end();
  } catch {
    response.destroy();
    void reader.cancel().catch(() => undefined);
  } finally {
    response.off('close', onClose);
  }
}

function discard(body: Answer['body']): void {
  if (body instanceof ReadableStream) void body.cancel().catch(() => undefined);
}
