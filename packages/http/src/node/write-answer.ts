import type { ServerResponse } from 'node:http';
import type { Answer } from '../exchange/answer.ts';

const encoder = new TextEncoder();

/** Sends an answer, a stream no faster than it is taken. It never rejects; a stream that fails ends the connection, so that nobody takes it for whole. */
export async function writeAnswer(
  response: ServerResponse,
  { status, headers, body }: Answer,
  method: string,
): Promise<void> {
  if (response.destroyed) return discard(body);
  // Encoded here, text has its length at once, and is not encoded a second time on its way out.
  const bytes = typeof body === 'string' ? encoder.encode(body) : body;
  const hasLength = bytes instanceof Uint8Array;
  response.writeHead(status, hasLength ? [...headers, 'content-length', String(bytes.length)] : [...headers]);
  if (method === 'HEAD' || bytes === undefined) {
    response.end();
    return discard(body);
  }
  if (hasLength) {
    response.end(bytes);
    return;
  }
  await pipe(bytes, response);
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
