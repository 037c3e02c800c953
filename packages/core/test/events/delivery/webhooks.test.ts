import { Webhook } from 'standardwebhooks';
import { describe, expect, it, vi } from 'vitest';
import { generateWebhookSecret } from '../../../src/events/webhooks/secret.ts';
import { webhook } from '../../../src/events/webhooks/webhook.ts';
import { recordCommits } from '../../support/test-storage.ts';
import { type Receiver, startReceiver } from '../webhooks/receiver.ts';
import { createScene, DAY, HOUR, recordLog, type Scene, SECOND, work, workFor } from './support.ts';

const secret = generateWebhookSecret();

const sinkTo = (receiver: Pick<Receiver, 'url'>, { clock }: Scene, name = 'hook') =>
  webhook({ url: receiver.url, secret, name, clock, from: 'beginning', allowHttp: true, allowPrivate: true });

/** The ids of the requests that a receiver got, each of them verified. */
function verifiedIds({ requests }: Receiver): string[] {
  return requests.map(({ headers, body }) => {
    // The library compares with the clock of the system.
    vi.useFakeTimers({ toFake: ['Date'], now: Number(headers['webhook-timestamp']) * 1_000 });
    try {
      return (new Webhook(secret).verify(body, headers as Record<string, string>) as { id: string }).id;
    } finally {
      vi.useRealTimers();
    }
  });
}

describe('webhooks', () => {
  it('to a receiver that is down for three days become dead letters, and arrive when they are replayed', async () => {
    const scene = createScene();
    const { logger, told } = recordLog();
    const { storage, commits } = recordCommits(scene.storage);
    const gone = await startReceiver();
    await gone.close();
    const deliveries = scene.deliveries([sinkTo(gone, scene)], { on: storage, logger });
    const marker = 'what-the-event-says';
    for (const subject of ['a', 'a', 'b']) scene.log.append(subject, { data: { marker } });
    await work(deliveries);
    await workFor(scene, deliveries, { forMs: 3 * DAY + HOUR, stepMs: HOUR });
    const { items } = await deliveries.deadLetters({ limit: 10 });
    expect(items.map(({ sequence, reason }) => [sequence, reason])).toEqual([
      [0, 'ECONNREFUSED'],
      [1, 'ECONNREFUSED'],
      [2, 'ECONNREFUSED'],
    ]);
    const back = await startReceiver({ port: gone.port });
    await deliveries.replay({ sink: 'hook' });
    await work(deliveries);
    const ids = scene.log.entries.map(({ event }) => event.id);
    expect(new Set(verifiedIds(back))).toEqual(new Set(ids));
    expect(verifiedIds(back)).toHaveLength(3);
    expect(told.filter(([message]) => message === 'An event became a dead letter')).toHaveLength(3);
    // Neither storage nor log holds the secret, the token in the URL, or what an event says.
    const kept = JSON.stringify([commits, told]);
    expect(kept).toContain('ECONNREFUSED');
    for (const text of [secret.slice(6), 'in-the-url', marker]) expect(kept).not.toContain(text);
    await deliveries.close();
  });

  it('of two sinks are independent: one receiver answers, the other is slow, fails, and rests as it asks', async () => {
    const scene = createScene();
    const [healthy, busy] = [await startReceiver(), await startReceiver()];
    busy.answer = (_request, response) => void response.writeHead(429, { 'retry-after': '3600' }).end();
    const sinks = [sinkTo(healthy, scene, 'healthy'), sinkTo(busy, scene, 'busy')];
    const deliveries = scene.deliveries(sinks, { concurrency: 1 });
    for (const subject of ['a', 'b', 'a']) scene.log.append(subject);
    await work(deliveries);
    expect(verifiedIds(healthy)).toHaveLength(3);
    const before = busy.requests.length;
    busy.answer = (_request, response) => void response.end();
    await workFor(scene, deliveries, { forMs: 3_599 * SECOND, stepMs: 900 * SECOND });
    expect(busy.requests).toHaveLength(before);
    await workFor(scene, deliveries, { forMs: SECOND, stepMs: SECOND });
    const ids = scene.log.entries.map(({ event }) => event.id);
    expect(new Set(verifiedIds(busy).slice(before))).toEqual(new Set(ids));
    await deliveries.close();
  });

  it('to a receiver that hangs are given up when the time is up, and sent again', async () => {
    const scene = createScene();
    const receiver = await startReceiver();
    let came = (): void => undefined;
    const request = new Promise<void>((resolve) => {
      came = resolve;
    });
    receiver.answer = () => came();
    scene.log.append('a');
    const timed: number[] = [];
    const sleep = async (ms: number): Promise<void> => {
      timed.push(ms);
      await request;
    };
    const deliveries = scene.deliveries([sinkTo(receiver, scene)], { sleep });
    await work(deliveries);
    expect(timed).toEqual([10_000]);
    expect((await deliveries.status())[0]).toMatchObject({ failingSubjects: 1 });
    receiver.answer = (_request, response) => void response.end();
    const patient = scene.deliveries([sinkTo(receiver, scene)]);
    await workFor(scene, patient, { forMs: 6 * SECOND, stepMs: SECOND });
    const [first, second] = verifiedIds(receiver);
    expect(receiver.requests).toHaveLength(2);
    expect(first).toBe(second);
    for (const each of [deliveries, patient]) await each.close();
  });

  it('that answer 410 disable their sink', async () => {
    const scene = createScene();
    const receiver = await startReceiver();
    receiver.answer = (_request, response) => void response.writeHead(410).end();
    scene.log.append('a');
    const deliveries = scene.deliveries([sinkTo(receiver, scene)]);
    await work(deliveries);
    await workFor(scene, deliveries, { forMs: DAY, stepMs: HOUR });
    expect(receiver.requests).toHaveLength(1);
    receiver.answer = (_request, response) => void response.end();
    await deliveries.enable('hook');
    await work(deliveries);
    expect(verifiedIds(receiver)).toHaveLength(2);
    await deliveries.close();
  });
});
