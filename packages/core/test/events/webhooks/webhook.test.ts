import { Webhook } from 'standardwebhooks';
import { describe, expect, it } from 'vitest';
import type { DeliveryOutcome, NamedSink } from '../../../src/events/delivery/sink.ts';
import { generateWebhookSecret } from '../../../src/events/webhooks/secret.ts';
import { webhook } from '../../../src/events/webhooks/webhook.ts';
import type { WebhookOptions } from '../../../src/events/webhooks/webhook-options.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { codeOf } from '../../support/expect-error.ts';
import { hostileEvent, type Receiver, serverCertificate, startReceiver } from './receiver.ts';

const secret = generateWebhookSecret();

function sinkTo(receiver: Pick<Receiver, 'url'>, options: Partial<WebhookOptions> = {}): NamedSink {
  const keys = options.secrets === undefined ? { secret } : {};
  return webhook({ url: receiver.url, ...keys, allowHttp: true, allowPrivate: true, ...options });
}

async function deliver(sink: NamedSink, event = hostileEvent): Promise<DeliveryOutcome | void> {
  return sink.deliver(event, { signal: new AbortController().signal, attempt: 1 });
}

const headersOf = ({ requests }: Receiver) => requests.at(-1)?.headers as Record<string, string>;

/** S0-9, S0-19, S4-24 */
describe('a webhook', () => {
  it('is verified by the library of Standard Webhooks, and its body is the event as CloudEvents JSON', async () => {
    const receiver = await startReceiver();
    expect(await deliver(sinkTo(receiver))).toEqual({ outcome: 'delivered' });
    const [request] = receiver.requests;
    const verified = new Webhook(secret).verify(request?.body as string, headersOf(receiver));
    expect(verified).toEqual({
      specversion: '1.0',
      id: hostileEvent.id,
      type: 'thing.changed',
      source: '/things',
      subject: hostileEvent.subject,
      subjectrevision: 3,
      time: '2026-08-01T12:00:00.123Z',
      datacontenttype: 'application/json',
      data: hostileEvent.data,
    });
    expect(request).toMatchObject({ method: 'POST', path: '/hooks?token=in-the-url' });
    expect(request?.headers).toMatchObject({
      'content-type': 'application/cloudevents+json; charset=utf-8',
      'webhook-id': hostileEvent.id,
    });
    expect(request?.headers).not.toHaveProperty('x-injected');
  });

  it('does not verify with another body, id, time or secret', async () => {
    const receiver = await startReceiver();
    await deliver(sinkTo(receiver));
    const body = receiver.requests[0]?.body as string;
    const headers = headersOf(receiver);
    const verify = (changed: Record<string, string>, text = body, key = secret) =>
      new Webhook(key).verify(text, { ...headers, ...changed });
    expect(() => verify({})).not.toThrow();
    expect(() => verify({}, body.replace('thing', 'think'))).toThrow();
    expect(() => verify({ 'webhook-id': 'other' })).toThrow();
    expect(() => verify({ 'webhook-timestamp': String(Number(headers['webhook-timestamp']) - 1) })).toThrow();
    expect(() => verify({}, body, generateWebhookSecret())).toThrow();
  });

  it('carries the time of the attempt, by its clock', async () => {
    const receiver = await startReceiver();
    const clock = new VirtualClock();
    const sink = sinkTo(receiver, { clock });
    await deliver(sink);
    clock.advance(90_500);
    await deliver(sink);
    const times = receiver.requests.map(({ headers }) => Number(headers['webhook-timestamp']));
    expect(times).toEqual([1_767_225_600, 1_767_225_690]);
  });

  it('is signed with every secret while one is being replaced', async () => {
    const receiver = await startReceiver();
    const old = crypto.getRandomValues(new Uint8Array(24));
    let held: readonly (string | Uint8Array)[] = [secret, old];
    const sink = sinkTo(receiver, { secrets: async () => held });
    const verifies = (key: string) => {
      try {
        new Webhook(key).verify(receiver.requests.at(-1)?.body as string, headersOf(receiver));
        return true;
      } catch {
        return false;
      }
    };
    const oldText = `whsec_${Buffer.from(old).toString('base64')}`;
    await deliver(sink);
    expect([verifies(secret), verifies(oldText)]).toEqual([true, true]);
    expect(headersOf(receiver)['webhook-signature']).toMatch(/^v1,[A-Za-z0-9+/]{43}= v1,[A-Za-z0-9+/]{43}=$/);
    held = [secret];
    await deliver(sink);
    expect([verifies(secret), verifies(oldText)]).toEqual([true, false]);
    held = [];
    expect(await codeOf(deliver(sink))).toBe('INVALID_ARGUMENT');
    expect(receiver.requests).toHaveLength(2);
  });

  it('goes over https to a receiver whose certificate fits', async () => {
    const tls = await serverCertificate(['localhost']);
    const receiver = await startReceiver({ tls });
    expect(await deliver(sinkTo(receiver, { allowHttp: false, ca: tls.cert }))).toEqual({ outcome: 'delivered' });
    await expect(deliver(sinkTo(receiver))).rejects.toMatchObject({ code: 'DEPTH_ZERO_SELF_SIGNED_CERT' });
    const other = await serverCertificate(['other.example']);
    const elsewhere = await startReceiver({ tls: other });
    await expect(deliver(sinkTo(elsewhere, { ca: [other.cert] }))).rejects.toMatchObject({
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
    expect([receiver.requests.length, elsewhere.requests.length]).toEqual([1, 0]);
  });

  it('leaves the personal part of an event out unless there is one', async () => {
    const receiver = await startReceiver();
    const sink = sinkTo(receiver);
    await deliver(sink, { ...hostileEvent, personal: { email: 'a@b.example' } });
    await deliver(sink, { ...hostileEvent, data: {}, personal: null });
    expect(receiver.requests.map(({ body }) => (JSON.parse(body) as { data: object }).data)).toEqual([
      { ...hostileEvent.data, personal: { email: 'a@b.example' } },
      { personal: null },
    ]);
  });
});

describe('an answer', () => {
  it.each([
    [200, { outcome: 'delivered' }],
    [201, { outcome: 'delivered' }],
    [204, { outcome: 'delivered' }],
    [299, { outcome: 'delivered' }],
    [300, { outcome: 'failed', reason: 'answered 300', status: 300 }],
    [400, { outcome: 'failed', reason: 'answered 400', status: 400 }],
    [404, { outcome: 'failed', reason: 'answered 404', status: 404 }],
    [410, { outcome: 'gone', reason: 'answered 410', status: 410 }],
    [500, { outcome: 'failed', reason: 'answered 500', status: 500 }],
    [503, { outcome: 'failed', reason: 'answered 503', status: 503 }],
  ])('of %d is judged by its status', async (status, outcome) => {
    const receiver = await startReceiver();
    receiver.answer = (_request, response) => void response.writeHead(status, { 'x-secret': 'kept out' }).end();
    expect(await deliver(sinkTo(receiver))).toEqual(outcome);
  });

  it.each([301, 302, 303, 307, 308])('of %d leads nowhere: redirects are not followed', async (status) => {
    const [receiver, target] = [await startReceiver(), await startReceiver()];
    receiver.answer = (_request, response) => void response.writeHead(status, { location: target.url }).end();
    expect(await deliver(sinkTo(receiver))).toMatchObject({ outcome: 'failed', status });
    expect(target.connections).toBe(0);
  });

  it.each([
    ['120', 120_000],
    ['0', 0],
    ['Thu, 01 Jan 2026 00:01:00 GMT', 60_000],
    ['Wed, 31 Dec 2025 23:59:00 GMT', 0],
    ['-1', undefined],
    ['1e3', undefined],
    ['soon', undefined],
    ['2026-01-02', undefined],
    ['9999999999', undefined],
  ])('with Retry-After %s asks for a rest of %s ms', async (value, retryAfterMs) => {
    const receiver = await startReceiver();
    receiver.answer = (_request, response) => void response.writeHead(503, { 'retry-after': value }).end();
    expect(await deliver(sinkTo(receiver, { clock: new VirtualClock() }))).toEqual({
      outcome: 'failed',
      reason: 'answered 503',
      status: 503,
      ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
    });
  });
});

describe('connections', () => {
  it('are kept for the next event, and let go of by close', async () => {
    const receiver = await startReceiver();
    const sink = sinkTo(receiver);
    for (let count = 0; count < 5; count++) await deliver(sink);
    expect(receiver.connections).toBe(1);
    await sink.close?.();
    await deliver(sink);
    expect(receiver.connections).toBe(2);
  });

  it('that the receiver has closed meanwhile are made anew, without a failed attempt', async () => {
    const receiver = await startReceiver();
    const sink = sinkTo(receiver);
    receiver.answer = ({ headers }, response) => {
      // The answer to the second request on a connection is a reset, as when it was closed while the request was on its way.
      if (receiver.requests.length === 2) response.socket?.resetAndDestroy();
      else response.end(String(headers['webhook-id']));
    };
    expect(await deliver(sink)).toEqual({ outcome: 'delivered' });
    expect(await deliver(sink)).toEqual({ outcome: 'delivered' });
    expect([receiver.requests.length, receiver.connections]).toEqual([3, 2]);
  });
});
