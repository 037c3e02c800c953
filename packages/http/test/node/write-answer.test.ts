import { createServer } from 'node:http';
import { afterEach, describe, expect, it } from 'vitest';
import type { Answer } from '../../src/exchange/answer.ts';
import { writeAnswer } from '../../src/node/write-answer.ts';
import { type Served, serve } from '../support/serve.ts';

let served: Served | undefined;

afterEach(async () => {
  await served?.close();
  served = undefined;
});

/** What a server sends that answers each request like this. The bytes come as Latin-1. */
async function sent(answer: Answer, method = 'GET'): Promise<{ head: string; body: string }> {
  served = await serve(createServer((_, response) => writeAnswer(response, answer, method)));
  const whole = await served.raw(`${method} / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
  const end = whole.indexOf('\r\n\r\n');
  return { head: end < 0 ? whole : whole.slice(0, end), body: end < 0 ? '' : whole.slice(end + 4) };
}

const utf8 = (text: string) => Buffer.from(text).toString('latin1');

describe('an answer on a socket', () => {
  it.each([
    ['ASCII', 'plain words'],
    ['text of Latin-1', 'café'],
    ['text beyond Latin-1', 'сертификат 🔐'],
    ['half of a pair', 'a\ud800b'],
    ['nothing', ''],
    ['much ASCII', 'x'.repeat(300_000)],
  ])('is %s in UTF-8, and as long as it says', async (_, text) => {
    const { head, body } = await sent({ status: 200, headers: [], body: text });
    expect(body).toBe(utf8(text));
    expect(head.toLowerCase()).toContain(`content-length: ${Buffer.byteLength(text)}`);
  });

  it('has the same head, whatever the body is made of', async () => {
    // What is not ASCII in a header is one byte, as HTTP has it, and not two.
    const headers = ['x-name', 'caf\u00e9', 'set-cookie', 'a=1', 'set-cookie', 'b=2'];
    for (const body of ['plain', 'café', new Uint8Array([1, 2])]) {
      const { head } = await sent({ status: 200, headers, body });
      await served?.close();
      expect(head).toContain('x-name: caf\u00e9\r\n');
      expect(head.match(/set-cookie: [ab]=\d/g)).toEqual(['set-cookie: a=1', 'set-cookie: b=2']);
    }
    served = undefined;
  });

  it.each([
    ['text', 'words', 'content-length: 5'],
    ['bytes', new Uint8Array(7), 'content-length: 7'],
  ])('to HEAD says how long the %s would be, and sends none', async (_, content, length) => {
    const { head, body } = await sent({ status: 200, headers: [], body: content }, 'HEAD');
    expect([head.toLowerCase().includes(length), body]).toEqual([true, '']);
  });

  it.each([204, 304])('of status %s has neither body nor length', async (status) => {
    const { head, body } = await sent({ status, headers: ['etag', '"1"'] });
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect([body, /content-length|transfer-encoding/i.test(head)]).toEqual(['', false]);
  });

  it.each([
    ['a line break in a header', { status: 200, headers: ['x-a', 'b\r\nset-cookie: c=d'], body: 'x' }],
    ['a header of another alphabet', { status: 200, headers: ['x-a', 'б'], body: 'x' }],
    ['a name that is none', { status: 200, headers: ['x a', 'b'], body: 'x' }],
    ['a status that is none', { status: 99, headers: [], body: 'x' }],
  ])('that cannot be sent for %s ends the connection, and nothing of it is seen', async (_, answer) => {
    expect(await sent(answer)).toEqual({ head: '', body: '' });
  });

  it('that cannot be sent lets go of its stream', async () => {
    let isCancelled = false;
    const body = new ReadableStream<Uint8Array>({
      cancel() {
        isCancelled = true;
      },
    });
    await sent({ status: 200, headers: ['x a', 'b'], body });
    expect(isCancelled).toBe(true);
  });

  it('whose stream somebody else reads ends the connection', async () => {
    const body = new ReadableStream<Uint8Array>();
    body.getReader();
    expect(await sent({ status: 200, headers: [], body })).toEqual({ head: '', body: '' });
  });

  it('whose stream gives what cannot be sent lets go of it', async () => {
    let isCancelled = false;
    const body = new ReadableStream({
      pull: (controller) => controller.enqueue({ no: 'bytes' }),
      cancel() {
        isCancelled = true;
      },
    });
    await sent({ status: 200, headers: [], body });
    expect(isCancelled).toBe(true);
  });

  it('whose stream fails is not whole', async () => {
    let pieces = 0;
    const body = new ReadableStream<Uint8Array>({
      pull(controller) {
        pieces += 1;
        if (pieces > 2) controller.error(new Error('the disk is gone'));
        else controller.enqueue(Buffer.from('piece'));
      },
    });
    const { head, body: got } = await sent({ status: 200, headers: [], body });
    expect(head.toLowerCase()).toContain('transfer-encoding: chunked');
    expect(got).not.toMatch(/0\r\n\r\n$/);
  });

  it('leaves the connection to the next request', async () => {
    const answer = { status: 200, headers: [], body: 'one' };
    served = await serve(createServer((_, response) => writeAnswer(response, answer, 'GET')));
    const one = 'GET / HTTP/1.1\r\nHost: a\r\n';
    const unread = `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nwords`;
    const whole = await served.raw(`${one}\r\n${unread}${one}Connection: close\r\n\r\n`);
    expect(whole.match(/HTTP\/1.1 200 OK/g)).toHaveLength(3);
  });
});
