import { createServer } from 'node:http';
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type Handler, toNodeListener } from '../../src/index.ts';
import { type Served, serve } from '../support/serve.ts';

let served: Served | undefined;

afterEach(async () => {
  await served?.close();
  served = undefined;
});

const CLOSE = 'Connection: close\r\n';

/** What a handler of one's own, which is not of `createHandlers`, makes of requests as they are sent. */
async function mounted(handler: Handler): Promise<Served> {
  served = await serve(createServer(toNodeListener(handler)));
  return served;
}

/** Hands over what each request was seen as. */
function watching(look: (request: Request) => unknown): { seen: unknown[]; handler: Handler } {
  const seen: unknown[] = [];
  const handler: Handler = async (request) => {
    seen.push(await look(request));
    return new Response('fine');
  };
  return { seen, handler };
}

describe('what a handler of one’s own is given', () => {
  it('is a request in every respect', async () => {
    const { seen, handler } = watching(async (request) => {
      const copy = new Request(request.clone());
      return {
        isRequest: request instanceof Request,
        tag: Object.prototype.toString.call(request),
        method: copy.method,
        url: copy.url,
        header: copy.headers.get('X-Name'),
        bodies: [await copy.text(), await request.text()],
        bodyUsed: request.bodyUsed,
        isAborted: request.signal.aborted,
      };
    });
    const { raw } = await mounted(handler);
    const head = `POST /a%20b?c=d&c=e HTTP/1.1\r\nHost: app.example:8443\r\n${CLOSE}X-Name: one\r\nx-name: two\r\n`;
    expect(await raw(`${head}Content-Length: 5\r\n\r\nwords`)).toMatch(/^HTTP\/1.1 200/);
    expect(seen).toEqual([
      {
        isRequest: true,
        tag: '[object Request]',
        method: 'POST',
        url: 'http://app.example:8443/a%20b?c=d&c=e',
        header: 'one, two',
        bodies: ['words', 'words'],
        bodyUsed: true,
        isAborted: false,
      },
    ]);
  });

  it.each([
    ['app.example', 'http://app.example/x'],
    ['app.example:80', 'http://app.example/x'],
    ['127.0.0.1:8080', 'http://127.0.0.1:8080/x'],
    ['[::1]:8080', 'http://[::1]:8080/x'],
    ['BÜCHER.example', undefined],
  ])('has the host of %s', async (host, url) => {
    const { seen, handler } = watching((request) => request.url);
    const { raw } = await mounted(handler);
    await raw(`GET /x HTTP/1.1\r\nHost: ${host}\r\n${CLOSE}\r\n`);
    expect(seen).toEqual(url === undefined ? [] : [url]);
  });

  it('has a signal that is aborted when the client goes away', async () => {
    let gone: () => void = () => undefined;
    const wentAway = new Promise<void>((resolve) => {
      gone = resolve;
    });
    let arrived: () => void = () => undefined;
    const hasArrived = new Promise<void>((resolve) => {
      arrived = resolve;
    });
    const { origin } = await mounted(async ({ signal }) => {
      signal.addEventListener('abort', gone);
      arrived();
      await wentAway;
      return new Response('to nobody');
    });
    const socket = connect(Number(new URL(origin).port), '127.0.0.1');
    socket.on('error', () => undefined);
    socket.write('GET /x HTTP/1.1\r\nHost: a\r\n\r\n');
    await hasArrived;
    socket.destroy();
    await wentAway;
  });

  it('has a signal that is not aborted by an answer', async () => {
    const signals: AbortSignal[] = [];
    const { origin } = await mounted(async ({ signal }) => {
      signals.push(signal);
      return new Response('fine');
    });
    await (await fetch(origin)).text();
    await served?.close();
    served = undefined;
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
  });
});

describe('what is no request of the Fetch API', () => {
  it.each([
    ['a host with a path', 'GET /x HTTP/1.1\r\nHost: evil.example/y\r\n', 400],
    ['a host with a query', 'GET /x HTTP/1.1\r\nHost: evil.example?y=\r\n', 400],
    ['a host with a fragment', 'GET /x HTTP/1.1\r\nHost: evil.example#\r\n', 400],
    ['a host with a user', 'GET /x HTTP/1.1\r\nHost: app.example@evil.example\r\n', 400],
    ['a host of two words', 'GET /x HTTP/1.1\r\nHost: a b\r\n', 400],
    ['a host with a backslash', 'GET /x HTTP/1.1\r\nHost: a\\b\r\n', 400],
    ['a port that is none', 'GET /x HTTP/1.1\r\nHost: a:99999\r\n', 400],
    ['an empty host', 'GET /x HTTP/1.1\r\nHost:\r\n', 400],
    ['two hosts', 'GET /x HTTP/1.1\r\nHost: a\r\nHost: b\r\n', 400],
    ['no host', 'GET /x HTTP/1.1\r\n', 400],
    ['an absolute target', 'GET http://evil.example/x HTTP/1.1\r\nHost: a\r\n', 400],
    ['an asterisk', 'OPTIONS * HTTP/1.1\r\nHost: a\r\n', 400],
    ['a trace', 'TRACE /x HTTP/1.1\r\nHost: a\r\n', 405],
  ])('is refused for %s before the handler sees it', async (_, head, status) => {
    const { seen, handler } = watching((request) => request.url);
    const { raw } = await mounted(handler);
    const answer = await raw(`${head}${CLOSE}\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    if (status === 405) expect(answer.toLowerCase()).toContain('allow: get, head, post');
    expect(seen).toEqual([]);
  });

  it('is a tunnel, which nobody opens', async () => {
    const { seen, handler } = watching((request) => request.url);
    const { raw } = await mounted(handler);
    expect(await raw('CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n')).toBe('');
    expect(seen).toEqual([]);
  });

  it('has more headers than the server takes', async () => {
    const { seen, handler } = watching((request) => request.url);
    const { raw } = await mounted(handler);
    const large = `X-Large: ${'x'.repeat(20_000)}\r\n`;
    expect(await raw(`GET /x HTTP/1.1\r\nHost: a\r\n${large}\r\n`)).toMatch(/^HTTP\/1.1 431 /);
    expect(seen).toEqual([]);
  });
});

describe('what a handler of one’s own answers', () => {
  it.each([
    ['nothing', 204, null],
    ['that nothing has changed', 304, null],
  ])('may be %s, without a body', async (_, status, body) => {
    const { raw } = await mounted(async () => new Response(body, { status }));
    const answer = await raw(`GET /x HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(answer).toMatch(/\r\n\r\n$/);
  });

  it('has each of its cookies, and no body for HEAD', async () => {
    const { raw } = await mounted(async () => {
      const headers = new Headers([
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ]);
      return new Response('words', { headers });
    });
    const answer = await raw(`HEAD /x HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
    expect(answer.match(/set-cookie: \w=\d/g)).toEqual(['set-cookie: a=1', 'set-cookie: b=2']);
    expect(answer).toMatch(/\r\n\r\n$/);
  });

  it('leaves the connection usable, though it has not read the body', async () => {
    const { raw } = await mounted(async () => new Response('fine'));
    const post = 'POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nwords';
    const last = `GET /x HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`;
    expect((await raw(post + post + last)).match(/HTTP\/1.1 200/g)).toHaveLength(3);
  });

  it.each([
    ['was read', (response: Response) => response.text()],
    ['is being read', async (response: Response) => void response.body?.getReader()],
  ])('is a 500 where its body %s, and nothing that nobody handles', async (_, read) => {
    const { raw } = await mounted(async () => {
      const response = new Response('words');
      await read(response);
      return response;
    });
    expect(await raw(`GET /x HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`)).toMatch(/^HTTP\/1.1 500 /);
  });

  it('is a 500 where it throws, without its words', async () => {
    const { raw } = await mounted(async () => {
      throw new Error('the password is hunter2');
    });
    const answer = await raw(`GET /x HTTP/1.1\r\nHost: a\r\n${CLOSE}\r\n`);
    expect(answer).toMatch(/^HTTP\/1.1 500 /);
    expect(answer).not.toContain('hunter2');
  });
});
