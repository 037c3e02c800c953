import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome, NamedSink } from '../../../src/events/delivery/sink.ts';
import { NodeTransport } from '../../../src/events/webhooks/node-transport.ts';
import { generateWebhookSecret } from '../../../src/events/webhooks/secret.ts';
import { webhook } from '../../../src/events/webhooks/webhook.ts';
import type { WebhookOptions } from '../../../src/events/webhooks/webhook-options.ts';
import { rejection } from '../../support/expect-error.ts';
import { hostileEvent, startRawReceiver, startReceiver } from './receiver.ts';

const secret = generateWebhookSecret();

function sinkTo(url: string, options: Partial<WebhookOptions> = {}): NamedSink {
  return webhook({ url, secret, allowHttp: true, allowPrivate: true, ...options });
}

function deliver(sink: NamedSink, signal = new AbortController().signal): Promise<DeliveryOutcome | void> {
  return sink.deliver(hostileEvent, { signal, attempt: 1 });
}

/** The code of what keeps a delivery from happening. */
async function faultOf(work: Promise<unknown>): Promise<string> {
  const error: unknown = await work.then(
    (value) => value,
    (reason: unknown) => reason,
  );
  return String((error as { readonly code?: unknown }).code);
}

describe('a receiver', () => {
  it('that is not there', async () => {
    const receiver = await startReceiver();
    await receiver.close();
    expect(await faultOf(deliver(sinkTo(receiver.url)))).toBe('ECONNREFUSED');
  });

  it('that never answers keeps the sender until the signal says so, and loses its connection', async () => {
    const receiver = await startReceiver();
    const stop = new AbortController();
    const cut = new Promise<void>((resolve) => {
      receiver.answer = (_request, response) => {
        response.on('close', resolve);
        stop.abort();
      };
    });
    expect(await faultOf(deliver(sinkTo(receiver.url), stop.signal))).toBe('ABORT_ERR');
    await cut;
  });

  it('that begins an answer and hangs is no success, whatever its status', async () => {
    const receiver = await startReceiver();
    const stop = new AbortController();
    receiver.answer = (_request, response) => {
      response.writeHead(200).write('half', () => setImmediate(() => stop.abort()));
    };
    expect(await faultOf(deliver(sinkTo(receiver.url), stop.signal))).toMatch(/^(ABORT_ERR|ECONNRESET)$/);
  });

  it('that switches protocols instead of answering has not taken the event', async () => {
    const { url } = await startRawReceiver((socket) => {
      socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
    });
    expect(await deliver(sinkTo(url))).toEqual({ outcome: 'failed', reason: 'answered 101', status: 101 });
  });

  it('that sends header after header is cut off', async () => {
    const { url } = await startRawReceiver((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const more = (): void => {
        if (!socket.destroyed) socket.write(`x-${'y'.repeat(1_000)}: z\r\n`, more);
      };
      more();
    });
    expect(await faultOf(deliver(sinkTo(url)))).toBe('HPE_HEADER_OVERFLOW');
  });

  it('that sends its header byte by byte is cut off when the time is up', async () => {
    const stop = new AbortController();
    const { url } = await startRawReceiver((socket) => {
      let sent = 0;
      const drip = (): void => {
        sent += 1;
        if (sent === 20) stop.abort();
        if (!socket.destroyed) socket.write('H', () => setImmediate(drip));
      };
      socket.write('HTTP/1.1 200 OK\r\nx: ', drip);
    });
    expect(await faultOf(deliver(sinkTo(url), stop.signal))).toBe('ABORT_ERR');
  });

  it.each([
    ['HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', /^ECONNRESET$/],
    ['HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\nhalf', /^ECONNRESET$/],
    ['HTTP/1.1 200', /^ECONNRESET$/],
    ['', /^ECONNRESET$/],
    ['220 mail.example ESMTP\r\n', /^HPE_/],
    ['HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nx', /^HPE_/],
  ])('that breaks off, or speaks another protocol, is no success: %j', async (text, code) => {
    const { url } = await startRawReceiver((socket) => void socket.end(text));
    expect(await faultOf(deliver(sinkTo(url)))).toMatch(code);
  });

  it('that resets the connection in the middle of its answer is no success', async () => {
    const { url } = await startRawReceiver((socket) => {
      socket.write('HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nhalf', () => void socket.resetAndDestroy());
    });
    expect(await faultOf(deliver(sinkTo(url)))).toBe('ECONNRESET');
  });

  it.each([
    [200, 'delivered'],
    [500, 'failed'],
  ])('that answers %d with a body without end is cut off after a bound', async (status, outcome) => {
    const receiver = await startReceiver();
    let written = 0;
    const cut = new Promise<void>((resolve) => {
      receiver.answer = (_request, response) => {
        response.on('close', resolve);
        const more = (): void => {
          written += 65_536;
          if (!response.destroyed) response.write(new Uint8Array(65_536), () => setImmediate(more));
        };
        response.writeHead(status);
        more();
      };
    });
    expect(await deliver(sinkTo(receiver.url, { maxResponseBytes: 100_000 }))).toMatchObject({ outcome });
    await cut;
    // What lies in the buffers of two sockets is not much compared with what would have come.
    expect(written).toBeLessThan(64 * 1024 * 1024);
  });

  it('that speaks no TLS where https is due', async () => {
    const receiver = await startReceiver();
    const code = await faultOf(deliver(sinkTo(receiver.url.replace('http:', 'https:'))));
    expect(code).toMatch(/^(EPROTO|ERR_SSL_[A-Z_]+)$/);
    expect(receiver.requests).toEqual([]);
  });
});

describe('a host name', () => {
  it.each([
    ['loopback', ['127.0.0.1'], 'a loopback address'],
    ['loopback', ['::1'], 'a loopback address'],
    ['cloud metadata', ['169.254.169.254'], 'a link-local address'],
    ['a private network', ['10.0.0.7'], 'a private address'],
    ['a public and a private address', ['93.184.215.14', '192.168.1.1'], 'a private address'],
    ['a mapped loopback address', ['::ffff:127.0.0.1'], 'a loopback address'],
    ['an address with a zone', ['fe80::1%lo'], 'not an address'],
    ['nonsense', ['receiver'], 'not an address'],
  ])('that leads to %s is refused, and nothing is sent', async (_what, addresses, kind) => {
    const receiver = await startReceiver();
    const url = `http://hooks.example:${receiver.port}/`;
    const error = await rejection(deliver(sinkTo(url, { allowPrivate: false, resolve: async () => addresses })));
    expect(error).toMatchObject({ code: 'WEBHOOK_ADDRESS_REFUSED', facts: { host: 'hooks.example', kind } });
    // Who sets a URL must not learn addresses of the network by it.
    for (const address of addresses) expect(error.message).not.toContain(address);
    expect(receiver.connections).toBe(0);
  });

  it('is looked up once a connection, and the address that was judged is the one connected to', async () => {
    const receiver = await startReceiver();
    const answers = [['127.0.0.1'], ['169.254.169.254'], ['127.0.0.1']];
    const asked: string[] = [];
    const resolve = async (hostname: string) => {
      asked.push(hostname);
      return answers[asked.length - 1] ?? [];
    };
    const url = `http://hooks.example:${receiver.port}/`;
    const sink = sinkTo(url, { allowPrivate: ['127.0.0.1/32'], resolve });
    expect(await deliver(sink)).toEqual({ outcome: 'delivered' });
    expect(asked).toEqual(['hooks.example']);
    await sink.close?.();
    expect(await faultOf(deliver(sink))).toBe('WEBHOOK_ADDRESS_REFUSED');
    expect(await deliver(sink)).toEqual({ outcome: 'delivered' });
    expect([asked.length, receiver.requests.length]).toEqual([3, 2]);
    expect(await faultOf(deliver(sinkTo(url, { resolve })))).toBe('ENOTFOUND');
  });

  it('that is an address itself is judged as well, though it is never looked up', async () => {
    const receiver = await startReceiver();
    const resolve = async () => ['127.0.0.1'];
    const transport = new NodeTransport({ resolve, allowed: [], ca: undefined, maxResponseBytes: 0 });
    const url = new URL(`http://127.0.0.1:${receiver.port}/`);
    const request = { url, headers: {}, body: new Uint8Array(), signal: new AbortController().signal };
    expect(await faultOf(transport.post(request))).toBe('WEBHOOK_ADDRESS_REFUSED');
    expect(receiver.connections).toBe(0);
  });

  it('is resolved as the system does: localhost is a loopback address', async () => {
    const receiver = await startReceiver();
    expect(await faultOf(deliver(sinkTo(receiver.url, { allowPrivate: false })))).toBe('WEBHOOK_ADDRESS_REFUSED');
    expect(receiver.connections).toBe(0);
  });

  it('of which only some addresses answer', async () => {
    const receiver = await startReceiver();
    const url = `http://hooks.example:${receiver.port}/`;
    expect(await deliver(sinkTo(url, { resolve: async () => ['127.0.0.2', '::1', '127.0.0.1'] }))).toEqual({
      outcome: 'delivered',
    });
  });
});
