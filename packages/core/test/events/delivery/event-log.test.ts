import { describe, expect, it } from 'vitest';
import { EventLog, generateWebhookSecret, LocalKeyring, webhook } from '../../../src/index.ts';
import { VirtualClock } from '../../../src/testing/virtual-clock.ts';
import { createTestStorage } from '../../support/test-storage.ts';
import { startReceiver } from '../webhooks/receiver.ts';
import { testSink } from './support.ts';

/** Runs the chores of a log until nothing more is due. */
async function runChores(events: EventLog): Promise<void> {
  for (const task of events.maintenance()) while ((await task.run({ limit: 100 })).more);
}

describe('the sinks of an event log', () => {
  it('get the events that waited in the outbox before the first instance ran, and personal data only where they ask', async () => {
    const clock = new VirtualClock();
    const { storage, another } = createTestStorage(clock);
    const receiver = await startReceiver();
    const to = { url: receiver.url, allowHttp: true, allowPrivate: true, clock };
    const secret = generateWebhookSecret();
    const sinks = [
      webhook({ ...to, secret, name: 'without' }),
      webhook({ ...to, secret, name: 'with', includePersonal: true, types: ['account.*'] }),
    ];
    const keyring = LocalKeyring.generate();
    const events = new EventLog({ storage, keyring, clock, sinks });
    const facts = {
      type: 'account.created',
      source: '/accounts',
      subject: 'a',
      subjectRevision: 1,
      data: { roles: [] },
    };
    await events.pending({ limit: 1 });
    await storage.commit(await events.writePersonal(facts, { owner: 'a', data: { email: 'a@b.example' } }));
    await storage.commit([events.write({ ...facts, type: 'thing.made', subject: 'b' })]);
    await runChores(new EventLog({ storage: another(), keyring, clock, sinks }));
    const got = receiver.requests.map(({ body }) => JSON.parse(body) as { type: string; data: object });
    expect(got.map(({ type, data }) => `${type} ${JSON.stringify(data)}`).sort()).toEqual([
      'account.created {"roles":[],"personal":{"email":"a@b.example"}}',
      'account.created {"roles":[]}',
      'thing.made {"roles":[]}',
    ]);
    expect((await events.deliveries.status()).map(({ sink, behind }) => [sink, behind])).toEqual([
      ['with', 0],
      ['without', 0],
    ]);
    await events.stop();
  });

  it('that are added later begin with the events to come', async () => {
    const clock = new VirtualClock();
    const { storage, another } = createTestStorage(clock);
    const { from: _from, ...sink } = testSink('late');
    const first = new EventLog({ storage, clock });
    const facts = { type: 'thing.made', source: '/things', subject: 'a', subjectRevision: 1, data: {} };
    await first.pending({ limit: 1 });
    await storage.commit([first.write(facts)]);
    await runChores(first);
    const got: string[] = [];
    const later = new EventLog({
      storage: another(),
      clock,
      sinks: [{ ...sink, deliver: async ({ subject }) => void got.push(subject) }],
    });
    await runChores(later);
    await storage.commit([first.write({ ...facts, subject: 'b' })]);
    await runChores(later);
    expect(got).toEqual(['b']);
  });
});
