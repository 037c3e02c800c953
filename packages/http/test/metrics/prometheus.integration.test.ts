import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { VirtualClock } from '@chancery/core/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../core/test/support/run-tool.ts';
import { toNodeListener } from '../../src/index.ts';
import { samplesOf, scrape } from '../support/exposition.ts';
import { createObservedApi, type ObservedApi } from '../support/observed-api.ts';
import { type Prometheus, startPrometheus } from '../support/prometheus.ts';
import { type Served, serve } from '../support/serve.ts';
import { PASSWORD } from '../support/test-api.ts';

const deploy = fileURLToPath(new URL('../../../../examples/deploy/', import.meta.url));
const docs = fileURLToPath(new URL('../../../../docs/', import.meta.url));
const read = (name: string) => readFile(join(deploy, name), 'utf8');

const DAY = 86_400_000;

let api: ObservedApi;
let served: Served;
let prometheus: Prometheus | undefined;

/** An application in which a bit of everything has happened. */
async function livelyApi(): Promise<ObservedApi> {
  let fails = false;
  const now = Date.now();
  // Prometheus lives by the real clock, and so do instants in metrics.
  const made = await createObservedApi({
    clock: new VirtualClock(now - 70 * DAY),
    sinks: [{ name: 'audit', types: ['account.*'], deliver: async () => ({ outcome: 'rejected', reason: 'no' }) }],
    issuer: (authority) => ({
      requestCertificate: async (request) => {
        if (fails) throw new Error('no');
        return authority.requestCertificate(request);
      },
    }),
  });
  const { accounts, authority, certificates, events, scheduler, sequence, status, storage, clock } = made;
  // It ends soon, and nothing renews it.
  await certificates.create({ subjectAltNames: ['a.example'], autoRenew: false, validity: { days: 90 } });
  clock.set(now);
  await sequence();
  await accounts.create({ login: 'ann', password: PASSWORD });
  for (const password of [PASSWORD, 'wrong']) await status('POST', '/sessions', { json: { login: 'ann', password } });
  await status('GET', '/healthz');
  await authority.crl();
  await authority.crl({ delta: true });
  fails = true;
  await certificates.create({ subjectAltNames: ['b.example'], wait: false });
  await scheduler.runOnce();
  await storage.get([{ collection: 'undeclared', id: 'x' }]).catch(() => undefined);
  clock.advance(3_000);
  await sequence();
  await events.checkpoint();
  await accounts.create({ login: 'bob', password: PASSWORD });
  return made;
}

beforeAll(async () => {
  api = await livelyApi();
  served = await serve(createServer(toNodeListener(api.metrics.handler)));
});
afterAll(async () => {
  await prometheus?.close();
  await served?.close();
});

describe('promtool (S1-19)', () => {
  it('finds nothing to say against the metrics', async () => {
    expect(run('promtool', ['check', 'metrics'], { input: await scrape(api.metrics) })).toEqual({
      status: 0,
      output: '',
    });
  });

  it('accepts configuration and rules, and the rules pass their tests (S1-11, S1-20)', () => {
    const cwd = join(deploy, 'prometheus');
    for (const args of [
      ['check', 'config', 'prometheus.yml'],
      ['check', 'rules', '--lint-fatal', 'alerts.yml'],
      ['test', 'rules', 'alerts.test.yml'],
    ]) {
      const { status, output } = run('promtool', args, { cwd });
      expect(status, output).toBe(0);
    }
  });

  it('fails where a rule does not do what its test says', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'chancery-rules-'));
    try {
      await writeFile(join(folder, 'alerts.yml'), (await read('prometheus/alerts.yml')).replace('< 86400', '< 3600'));
      await writeFile(join(folder, 'alerts.test.yml'), await read('prometheus/alerts.test.yml'));
      expect(run('promtool', ['test', 'rules', 'alerts.test.yml'], { cwd: folder }).status).not.toBe(0);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

describe('alert rules (S1-20)', () => {
  it('each have a test that it fires, a summary, and a runbook that is there', async () => {
    const rules = await read('prometheus/alerts.yml');
    const tests = await read('prometheus/alerts.test.yml');
    const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name as string);
    expect(alerts.length).toBeGreaterThanOrEqual(15);
    for (const alert of alerts) {
      expect(tests, alert).toMatch(new RegExp(`alertname: ${alert}\\n\\s+exp_alerts:\\n\\s+- exp_labels`));
    }
    const runbooks = [...rules.matchAll(/runbook: docs\/([\w-]+\.md)#([\w-]+)/g)];
    expect(runbooks).toHaveLength(alerts.length);
    expect([...rules.matchAll(/summary: /g)]).toHaveLength(alerts.length);
    for (const [, page = '', anchor] of runbooks) {
      const headings = [...(await readFile(join(docs, page), 'utf8')).matchAll(/^#+ (.+)$/gm)].map(([, text = '']) =>
        text
          .toLowerCase()
          .replace(/[^\w -]/g, '')
          .replaceAll(' ', '-'),
      );
      expect(headings, page).toContain(anchor);
    }
  });
});

describe('a real Prometheus (S1-19, S1-20)', () => {
  it('scrapes, fires an alert, and answers every panel of the dashboard', { timeout: 600_000 }, async () => {
    const rules = (await read('prometheus/alerts.yml')).replace(/^ +for: .*\n/gm, '');
    const target = new URL(served.origin).host;
    prometheus = await startPrometheus({
      'alerts.yml': rules,
      'prometheus.yml': `
global: { scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s }
rule_files: [alerts.yml]
scrape_configs:
  - job_name: chancery
    static_configs: [{ targets: ["${target}"] }]
`,
    });
    const [health] = await prometheus.until(async ({ get }) => {
      const { activeTargets } = await get('/api/v1/targets');
      return activeTargets[0]?.health === 'up' ? activeTargets : undefined;
    });
    expect(health.lastError).toBe('');
    const firing = await prometheus.until(async ({ get }) => {
      const { alerts } = await get('/api/v1/alerts');
      return alerts.find(({ labels }: { labels: { alertname: string } }) => labels.alertname.endsWith('In30Days'));
    });
    expect(firing).toMatchObject({ state: 'firing', labels: { severity: 'warning', job: 'chancery' } });
    expect(firing.annotations.summary).toBe('1 certificates end within 30 days, and nothing renews them');
    // Without their `for:`, alerts of a scrape that came late end with the next.
    await prometheus.until(async ({ get }) => {
      const { alerts } = await get('/api/v1/alerts');
      const isDown = ({ labels }: { labels: { alertname: string } }) => labels.alertname === 'ChanceryDown';
      return alerts.some(isDown) ? undefined : true;
    });

    const dashboard = JSON.parse(await read('grafana/chancery.json'));
    const queries = dashboard.panels.flatMap((panel: { title: string; targets?: { expr: string }[] }) =>
      (panel.targets ?? []).map(({ expr }) => ({ title: panel.title, expr })),
    );
    expect(queries.length).toBeGreaterThan(30);
    // Each panel shows something, but for the responder: nobody has asked for OCSP. Rates take two scrapes, and after one that came late nothing is shown
    // until the next.
    const idle = (expr: string) => expr.includes('chancery_ocsp_responder_not_after_timestamp_seconds');
    let empty: string[] = [];
    const isLively = prometheus.until(async ({ get }) => {
      empty = [];
      for (const { title, expr } of queries) {
        const query = expr.replaceAll('$job', '.+').replaceAll('$__rate_interval', '1m');
        const { result } = await get('/api/v1/query', { query });
        if (result.length === 0) empty.push(`${title}: ${expr}`);
      }
      return empty.every(idle) ? true : undefined;
    });
    await isLively.catch(() => undefined);
    expect(empty).toEqual([expect.stringContaining('chancery_ocsp_responder_not_after_timestamp_seconds')]);
  });

  it('has every metric that there is on the dashboard or in a rule, and none besides', async () => {
    const used = `${await read('grafana/chancery.json')}${await read('prometheus/alerts.yml')}`;
    const named = new Set([...used.matchAll(/chancery_[a-z_]+/g)].map(([name]) => name));
    const help = [...(await scrape(api.metrics)).matchAll(/^# TYPE (\S+) (\w+)$/gm)];
    const known = help.flatMap(([, name = '', type]) =>
      type === 'histogram' ? [`${name}_bucket`, `${name}_count`, `${name}_sum`] : [name],
    );
    for (const name of named) expect(known).toContain(name);
    expect(samplesOf(await scrape(api.metrics)).length).toBeGreaterThan(100);
    const documented = await readFile(join(docs, 'observability.md'), 'utf8');
    for (const [, name = ''] of help) expect(documented, name).toContain(`\`${name}\``);
    for (const [name] of documented.matchAll(/`chancery_[a-z_]+`/g)) {
      expect(help.map(([, each]) => `\`${each}\``)).toContain(name);
    }
  });
});
