import type { ServerResponse } from 'node:http';
import type { Answer } from '../exchange/answer.ts';

/** Sends an answer, a stream no faster than it is taken. It never rejects; a stream that fails ends the connection, so that nobody takes it for whole. */
export async function writeAnswer(
  response: ServerResponse,
  { status, headers, body }: Answer,
  method: string,
): Promise<void> {
  if (response.destroyed) return discard(body);
  const hasLength = typeof body === 'string' || body instanceof Uint8Array;
  const length = hasLength ? ['content-length', String(typeof body === 'string' ? utf8Length(body) : body.length)] : [];
  response.writeHead(status, [...headers, ...length]);
  if (method === 'HEAD' || body === undefined) {
    response.end();
    return discard(body);
  }
  if (hasLength) {
    response.end(body);
    return;
  }
  await pipe(body, response);
}

async function pipe(body: ReadableStream<Uint8Array>, response: ServerResponse): Promise<void> {
  const reader = body.getReader();
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
  } finally {
    response.off('close', onClose);
  }
}

function discard(body: Answer['body']): void {
  if (body instanceof ReadableStream) void body.cancel().catch(() => undefined);
}

const encoder = new TextEncoder();

function utf8Length(text: string): number {
  // Every answer of ours is short: encoding it twice costs less than asking whether it is ASCII.
  return encoder.encode(text).length;
}
