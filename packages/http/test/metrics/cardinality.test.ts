import { cloudEventJson } from '@chancery/core';
import { SeededRandom } from '@chancery/core/testing';
import { expect, it } from 'vitest';
import { seed } from '../../../core/test/support/soak.ts';
import { createMetrics } from '../../src/index.ts';
import { samplesOf, scrape } from '../support/exposition.ts';
import { createObservedApi } from '../support/observed-api.ts';
import { PASSWORD } from '../support/test-api.ts';

const HOSTILE = [
  '"} 1\nchancery_forged{x="',
  '\\',
  '../../etc',
  '<script>',
  'é'.repeat(200),
  '%00',
  'a"b',
  '__proto__',
];
const MARK = 'marked';

/** Everything that a client, or a certificate, can choose, many times over. */
it('has no series for what a client chooses, whatever it is (S1-19)', async () => {
  const random = new SeededRandom(seed(20_261_122));
  const sinks = HOSTILE.slice(1, 4).map((_, at) => ({ name: `sink-${at}-"}\\x`, deliver: async () => undefined }));
  const { metrics, status, accounts, certificates, events, sequence, clock } = await createObservedApi({
    sinks,
    metrics: { refreshMs: 1_000 },
    handlers: { rateLimits: false, registration: 'open' },
  });
  await accounts.create({ login: 'admin', password: PASSWORD, roles: ['admin'] });
  const { accessToken: token } = await accounts.login({ login: 'admin', password: PASSWORD });
  const round = async (count: number) => {
    for (let at = 0; at < count; at++) {
      const text = `${MARK}${random.next()}${HOSTILE[at % HOSTILE.length]}`;
      const segment = encodeURIComponent(text);
      await status('GET', `/accounts/${segment}`, { token });
      await status('GET', `/certificates/${segment}`, { token });
      await status('GET', `/${segment}/${at}`);
      await status(['PURGE', 'LOCK', `M${at}`][at % 3] as string, '/healthz');
      await status('POST', '/sessions', { json: { login: text, password: text } });
      await status('POST', '/accounts', { json: { login: `${MARK}-${at}-${random.next()}`, displayName: text } });
    }
    for (let at = 0; at < count / 10; at++) {
      await certificates.create({
        name: `${MARK} ${random.next()}`,
        subjectAltNames: [`${MARK}-${at}.example`],
        active: false,
      });
    }
    await sequence();
    clock.advance(1_000);
    return scrape(metrics);
  };
  // A longer round makes nothing that a shorter one did not: the number of series is the code's, not the clients'.
  await round(10);
  const first = await round(40);
  const second = await round(120);
  const names = (text: string) => samplesOf(text).map(({ name, labels }) => JSON.stringify([name, labels]));
  expect(names(second).sort()).toEqual(names(first).sort());
  expect(second).not.toContain(MARK);
  expect(second).not.toContain('forged');
  expect(new Set(names(second)).size).toBe(names(second).length);
  expect(names(second).length).toBeLessThan(3_000);
  expect(
    JSON.stringify((await events.list({ limit: 1_000 })).items.map(({ event }) => cloudEventJson(event))),
  ).toContain(MARK);
});

it('lets hosts choose a hundred values, and adds the others up', async () => {
  const { metrics, events, storage, sequence, clock } = await createObservedApi({ metrics: { refreshMs: 1_000 } });
  for (let at = 0; at < 150; at++) {
    const facts = { type: `host.type_${at}`, source: '/host', subject: `${at}`, subjectRevision: 1, data: {} };
    await storage.commit([events.write(facts)]);
  }
  await sequence();
  clock.advance(1_000);
  const samples = samplesOf(await scrape(metrics)).filter(({ name }) => name === 'chancery_events_total');
  expect(samples).toHaveLength(101);
  expect(samples.reduce((sum, { value }) => sum + value, 0)).toBeGreaterThanOrEqual(150);
  expect(samples.find(({ labels }) => labels.type === 'other')?.value).toBe(
    samples.reduce((sum, { value }) => sum + value, 0) - 100,
  );
});

it('keeps the names of fifty issuers', async () => {
  const metrics = await createMetrics();
  for (let at = 0; at < 80; at++) {
    const issuer = metrics.observedIssuer(`issuer-${at}`, { requestCertificate: async () => ({ chainPem: '' }) });
    await issuer.requestCertificate({ requestId: 'x', csrDer: new Uint8Array(), subjectAltNames: [] });
  }
  const counts = samplesOf(await scrape(metrics)).filter(({ name }) => name.endsWith('request_duration_seconds_count'));
  expect(counts).toHaveLength(51);
  expect(counts.find(({ labels }) => labels.issuer === 'other')?.value).toBe(30);
});
