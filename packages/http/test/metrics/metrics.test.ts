import { CertificateAuthority, type Issuer, LocalKeyring, type StorageBackend, StorageError } from '@chancery/core';
import { describe, expect, it } from 'vitest';
import { createMetrics } from '../../src/index.ts';
import { readSeries, samplesOf, scrape } from '../support/exposition.ts';
import { createObservedApi } from '../support/observed-api.ts';
import { PASSWORD } from '../support/test-api.ts';

const DAY = 86_400_000;

describe('metrics of requests (S1-19)', () => {
  it('count by the template of the path, the method and the class of the status', async () => {
    const { metrics, status, accounts } = await createObservedApi();
    const { id } = await accounts.create({ login: 'ann', password: PASSWORD });
    const { accessToken: token } = await accounts.login({ login: 'ann', password: PASSWORD });
    expect(await status('GET', `/accounts/${id}`, { token })).toBe(200);
    expect(await status('GET', '/accounts/me', { token })).toBe(200);
    expect(await status('GET', '/accounts/me')).toBe(401);
    expect(await status('GET', '/healthz')).toBe(200);
    expect(await status('GET', '/no/such/thing')).toBe(404);
    const text = await scrape(metrics);
    const requests = (labels: Record<string, string>) => readSeries(text, 'chancery_http_requests_total', labels);
    const route = '/accounts/{accountId}';
    expect(requests({ route, method: 'GET', status: '2xx' })).toBe(2);
    expect(requests({ route, status: '4xx' })).toBe(1);
    expect(requests({ route: '/healthz' })).toBe(1);
    expect(requests({ route: 'unmatched', status: '4xx' })).toBe(1);
    expect(readSeries(text, 'chancery_http_request_duration_seconds_count', { route })).toBe(3);
    expect(text).not.toContain(id);
  });

  it('carry the base path', async () => {
    const { metrics, status } = await createObservedApi({ handlers: { basePath: '/api' } });
    expect(await status('GET', '/api/healthz')).toBe(200);
    expect(readSeries(await scrape(metrics), 'chancery_http_requests_total', { route: '/api/healthz' })).toBe(1);
  });

  it('tell logins by method and outcome, from zero, each once wherever it was asked for', async () => {
    const { metrics, status, accounts } = await createObservedApi();
    const logins = async (outcome: string, method = 'password') =>
      readSeries(await scrape(metrics), 'chancery_logins_total', { outcome, method });
    expect(await logins('credentials_invalid')).toBe(0);
    expect(await logins('passkey_invalid', 'passkey')).toBe(0);
    await accounts.create({ login: 'ann', password: PASSWORD });
    for (const [login, password] of [
      ['ann', PASSWORD],
      ['ann', 'wrong'],
      ['nobody', 'wrong'],
    ] as const) {
      await status('POST', '/sessions', { json: { login, password } });
    }
    // What is refused before it reaches the manager is no login.
    await status('POST', '/sessions', { json: { password: 7 } });
    expect(await logins('succeeded')).toBe(1);
    expect(await logins('credentials_invalid')).toBe(2);
    expect(await logins('failed')).toBe(0);
    await accounts.login({ login: 'ann', password: PASSWORD });
    await accounts.login({ login: 'ann', password: 'wrong' }).catch(() => undefined);
    await accounts.login({ login: 'ann', password: PASSWORD, ip: 'nowhere' }).catch(() => undefined);
    await accounts.loginWithPasskey({ passkey: {} as never }).catch(() => undefined);
    expect(await logins('succeeded')).toBe(2);
    expect(await logins('credentials_invalid')).toBe(3);
    expect(await logins('failed')).toBe(1);
    expect(await logins('failed', 'passkey')).toBe(1);
    metrics.close();
    await accounts.login({ login: 'ann', password: PASSWORD });
    expect(await logins('succeeded')).toBe(2);
  });
});

describe('metrics of a storage', () => {
  it('time every operation, and count failures and conflicts by code', async () => {
    let isDown = false;
    const { metrics, storage, accounts } = await createObservedApi({
      below: (backend) => ({
        ...backendOf(backend),
        get: async (refs, options) => {
          if (isDown) throw new StorageError('STORAGE_UNAVAILABLE', 'secret.example:5432 refused');
          return backend.get(refs, options);
        },
      }),
    });
    await accounts.create({ login: 'ann', password: PASSWORD });
    await accounts.create({ login: 'ann', password: PASSWORD }).catch(() => undefined);
    const put = { kind: 'put', collection: 'accounts', id: 'x', version: 'v', data: {}, ifVersion: 'none' } as const;
    expect(await storage.commit([put])).toMatchObject({ committed: false });
    isDown = true;
    await expect(storage.get([{ collection: 'accounts', id: 'x' }])).rejects.toMatchObject({
      code: 'STORAGE_UNAVAILABLE',
    });
    const text = await scrape(metrics);
    const at = { storage: 'chancery' };
    expect(
      readSeries(text, 'chancery_storage_errors_total', { ...at, operation: 'get', code: 'STORAGE_UNAVAILABLE' }),
    ).toBe(1);
    expect(readSeries(text, 'chancery_storage_errors_total', { ...at, operation: 'commit' })).toBe(0);
    expect(readSeries(text, 'chancery_storage_conflicts_total', { ...at, reason: 'version' })).toBeGreaterThanOrEqual(
      1,
    );
    const timed = samplesOf(text).filter(({ name }) => name === 'chancery_storage_operation_duration_seconds_count');
    expect(timed.map(({ labels }) => labels.operation)).toEqual(expect.arrayContaining(['open', 'get', 'commit']));
    expect(text).not.toContain('secret.example');
  });

  it('measure by the stopwatch', async () => {
    let at = 0;
    const metrics = await createMetrics({ stopwatch: () => (at += 40) });
    const { storage } = await createObservedApi();
    await metrics.observedStorage(storage).health();
    const text = await scrape(metrics);
    const name = 'chancery_storage_operation_duration_seconds';
    expect(readSeries(text, `${name}_sum`, { operation: 'health' })).toBeCloseTo(0.04);
    expect(readSeries(text, `${name}_bucket`, { le: '0.05', operation: 'health' })).toBe(1);
    expect(readSeries(text, `${name}_bucket`, { le: '0.025', operation: 'health' })).toBe(0);
  });
});

describe('metrics of certificates (S1-19)', () => {
  it('show states, days left and what nobody looks after (S1-11)', async () => {
    const { metrics, certificates, clock } = await createObservedApi({ metrics: { refreshMs: 1_000 } });
    const days = (count: number) => ({ validity: { days: count } });
    await certificates.create({ subjectAltNames: ['a.example'], ...days(90) });
    const { id } = await certificates.create({ subjectAltNames: ['b.example'], ...days(90) });
    await certificates.create({ subjectAltNames: ['c.example'], autoRenew: false, ...days(90) });
    await certificates.revoke(id);
    clock.advance(1_000);
    const text = await scrape(metrics);
    const states = (text: string) =>
      Object.fromEntries(
        samplesOf(text)
          .filter(({ name }) => name === 'chancery_certificates')
          .map(({ labels, value }) => [labels.state, value]),
      );
    expect(states(text)).toEqual({ pending: 0, valid: 2, expired: 0, revoked: 1, failed: 0 });
    const left = (text: string, tier: string) => readSeries(text, 'chancery_certificates_valid', { days_left: tier });
    expect([left(text, '60-90'), left(text, '30-60'), left(text, '90+')]).toEqual([2, 0, 0]);
    const unattended = (text: string, within: string) =>
      readSeries(text, 'chancery_certificates_unattended', { days: within });
    expect([unattended(text, '30'), unattended(text, '7')]).toEqual([0, 0]);
    // When to warn of the one that nothing renews is for the scheduler to plan.
    expect(readSeries(text, 'chancery_renewal_jobs_due')).toBe(1);

    // The one is due, and not overdue; the other is nobody's.
    clock.advance(60.5 * DAY);
    const due = await scrape(metrics);
    expect(left(due, '14-30')).toBe(2);
    expect([unattended(due, '30'), unattended(due, '7')]).toEqual([1, 0]);
    expect(readSeries(due, 'chancery_renewal_jobs_due')).toBe(2);

    clock.advance(24 * DAY);
    const late = await scrape(metrics);
    expect([unattended(late, '30'), unattended(late, '7')]).toEqual([2, 2]);
    expect(readSeries(late, 'chancery_certificates_overdue')).toBe(1);

    clock.advance(10 * DAY);
    expect(states(await scrape(metrics))).toMatchObject({ valid: 0, expired: 2, revoked: 1 });
  });

  it('count short lives in proportion (S1-11)', async () => {
    const { metrics, certificates, clock } = await createObservedApi({ metrics: { refreshMs: 1_000 } });
    await certificates.create({ subjectAltNames: ['a.example'], autoRenew: false, validity: { days: 9 } });
    const within = async (days: string) =>
      readSeries(await scrape(metrics), 'chancery_certificates_unattended', { days });
    expect([await within('30'), await within('7')]).toEqual([0, 0]);
    clock.advance(6.5 * DAY);
    expect([await within('30'), await within('7')]).toEqual([1, 0]);
    clock.advance(2 * DAY);
    expect([await within('30'), await within('7')]).toEqual([1, 1]);
  });

  it('count issues and renewals by issuer and outcome, and time the issuer', async () => {
    let fails = false;
    const { metrics, certificates, sequence, scheduler, clock } = await createObservedApi({
      issuer: (authority) => ({
        requestCertificate: async (request) => {
          if (fails) throw new Error('a secret of the host');
          return authority.requestCertificate(request);
        },
        revokeCertificate: (request) => authority.revokeCertificate?.(request) as Promise<void>,
      }),
    });
    const renewals = (text: string, outcome: string) =>
      readSeries(text, 'chancery_certificate_renewals_total', { issuer: 'internal', outcome });
    expect(renewals(await scrape(metrics), 'failed')).toBe(0);
    await certificates.create({ subjectAltNames: ['a.example'], validity: { days: 90 } });
    clock.advance(61 * DAY);
    fails = true;
    expect(await scheduler.runOnce()).toMatchObject({ failed: 1 });
    fails = false;
    clock.advance(DAY);
    expect(await scheduler.runOnce()).toMatchObject({ renewed: 1 });
    await sequence();
    // Revisions without an event are waited for.
    clock.advance(60_000);
    await sequence();
    const text = await scrape(metrics);
    expect(readSeries(text, 'chancery_certificate_issuances_total', { issuer: 'internal', outcome: 'succeeded' })).toBe(
      1,
    );
    expect([renewals(text, 'succeeded'), renewals(text, 'failed')]).toEqual([1, 1]);
    // The ledger of the authority tells of the same certificates.
    expect(text).not.toContain('issuer="none"');
    const requests = (outcome: string) =>
      readSeries(text, 'chancery_issuer_request_duration_seconds_count', { operation: 'request', outcome });
    expect([requests('succeeded'), requests('failed')]).toEqual([2, 1]);
    expect(readSeries(text, 'chancery_scheduler_failures_total', { kind: 'renewal', code: 'other' })).toBe(1);
    expect(readSeries(text, 'chancery_events_total', { type: 'certificate.renewed' })).toBe(1);
    expect(text).not.toContain('secret of the host');
  });

  it('tell since when an issuer has not confirmed a revocation, also of what is deleted', async () => {
    let fails = true;
    const { metrics, certificates, scheduler, clock } = await createObservedApi({
      metrics: { refreshMs: 1_000 },
      issuer: (authority) => ({
        requestCertificate: (request) => authority.requestCertificate(request),
        revokeCertificate: async (request) => {
          if (fails) throw new Error('down');
          await authority.revokeCertificate?.(request);
        },
      }),
    });
    const since = async () =>
      readSeries(await scrape(metrics), 'chancery_revocations_oldest_unsettled_timestamp_seconds');
    const { id } = await certificates.create({ subjectAltNames: ['a.example'] });
    expect(await since()).toBeUndefined();
    const revokedAt = clock.now();
    await expect(certificates.revoke(id)).rejects.toThrow('down');
    clock.advance(1_000);
    expect(await since()).toBe(revokedAt / 1_000);
    await certificates.delete(id);
    clock.advance(3_600_000);
    expect(await scheduler.runOnce()).toMatchObject({ failed: 1 });
    expect(await since()).toBe(revokedAt / 1_000);
    fails = false;
    clock.advance(3_600_000);
    expect(await scheduler.runOnce()).toMatchObject({ skipped: 1 });
    expect(await since()).toBeUndefined();
  });

  it('keep what an issuer can and cannot do', async () => {
    const { observedIssuer } = await createMetrics();
    const plain: Issuer = { requestCertificate: async () => ({ pending: true, retryAt: new Date(0) }) };
    expect(Object.keys(observedIssuer('plain', plain))).toEqual(['requestCertificate']);
    const full: Issuer = { ...plain, revokeCertificate: async () => undefined, renewalInfo: async () => undefined };
    expect(Object.keys(observedIssuer('full', full)).sort()).toEqual(Object.keys(full).sort());
    // Whoever asked says what is wrong with it.
    const mute = { requestCertificate: async () => undefined } as unknown as Issuer;
    const request = { requestId: 'r1', csrDer: new Uint8Array(), subjectAltNames: ['a.example'] };
    expect(await observedIssuer('mute', mute).requestCertificate(request)).toBeUndefined();
  });
});

describe('metrics of the log and of revocation', () => {
  it('show what waits, its age, and the age of the checkpoint', async () => {
    const { metrics, events, accounts, sequence, clock } = await createObservedApi({
      metrics: { refreshMs: 1_000 },
      sinks: [{ name: 'audit', types: ['account.*'], deliver: async () => ({ outcome: 'rejected', reason: 'no' }) }],
    });
    await sequence();
    const writtenAt = clock.now();
    await accounts.create({ login: 'ann', password: PASSWORD });
    clock.advance(90_000);
    const text = await scrape(metrics);
    expect(readSeries(text, 'chancery_events_pending')).toBe(1);
    expect(readSeries(text, 'chancery_events_oldest_pending_timestamp_seconds')).toBe(writtenAt / 1_000);
    expect(readSeries(text, 'chancery_events_checkpoint_timestamp_seconds')).toBeUndefined();
    await sequence();
    await events.checkpoint();
    clock.advance(90_000);
    const after = await scrape(metrics);
    expect(readSeries(after, 'chancery_events_pending')).toBe(0);
    expect(readSeries(after, 'chancery_events_oldest_pending_timestamp_seconds')).toBeUndefined();
    expect(readSeries(after, 'chancery_events_unsigned')).toBe(0);
    expect(readSeries(after, 'chancery_events_checkpoint_timestamp_seconds')).toBe((clock.now() - 90_000) / 1_000);
    expect(readSeries(after, 'chancery_dead_letters', { sink: 'audit' })).toBe(1);
    expect(readSeries(after, 'chancery_deliveries_waiting', { sink: 'audit' })).toBe(0);
  });

  it('show when CRLs and responders end, and sign nothing', async () => {
    const { metrics, authority, clock } = await createObservedApi({ metrics: { refreshMs: 1_000 } });
    const [intermediate] = await authority.intermediates();
    const labels = { intermediate: intermediate?.id as string };
    const before = await scrape(metrics);
    expect(readSeries(before, 'chancery_crls_missing', labels)).toBe(1);
    expect(readSeries(before, 'chancery_crl_next_update_timestamp_seconds', labels)).toBeUndefined();
    const { nextUpdate, number } = await authority.crl();
    clock.advance(6 * DAY);
    const text = await scrape(metrics);
    expect(readSeries(text, 'chancery_crls_missing', labels)).toBe(0);
    expect(readSeries(text, 'chancery_crl_next_update_timestamp_seconds', { ...labels, kind: 'complete' })).toBe(
      nextUpdate.getTime() / 1_000,
    );
    expect(readSeries(text, 'chancery_intermediate_not_after_timestamp_seconds', labels)).toBe(
      (intermediate?.notAfter?.getTime() as number) / 1_000,
    );
    expect((await authority.crl()).number).toBeGreaterThan(number);
  });

  it('show whether the scheduler of this instance works', async () => {
    const { metrics, scheduler, clock } = await createObservedApi({ metrics: { refreshMs: 1_000 } });
    expect(readSeries(await scrape(metrics), 'chancery_scheduler_running')).toBe(0);
    scheduler.start();
    clock.advance(1_000);
    expect(readSeries(await scrape(metrics), 'chancery_scheduler_running')).toBe(1);
    await scheduler.stop();
  });

  it('watch one of each kind', async () => {
    const { metrics, storage } = await createObservedApi();
    const authority = new CertificateAuthority({ storage, keyring: LocalKeyring.generate(), name: 'other' });
    expect(() => metrics.watch({ authority })).toThrow(/authority are watched already/);
    expect(() => metrics.watch({ vault: {} } as never)).toThrow(/does not know "vault"/);
  });
});

/** The methods of a storage, which a class does not have as its own. */
function backendOf(backend: StorageBackend): StorageBackend {
  return {
    namespace: backend.namespace,
    capabilities: backend.capabilities,
    open: (collections) => backend.open(collections),
    get: (refs, options) => backend.get(refs, options),
    query: (query) => backend.query(query),
    count: (query) => backend.count(query),
    commit: (writes) => backend.commit(writes),
    claim: (request) => backend.claim(request),
    throttle: (requests) => backend.throttle(requests),
    sweep: (limit) => backend.sweep(limit),
    ...(backend.watch && { watch: backend.watch.bind(backend) }),
    health: () => backend.health(),
    close: () => backend.close(),
  };
}
