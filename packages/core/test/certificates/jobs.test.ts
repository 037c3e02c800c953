import { describe, expect, it } from 'vitest';
import type { CertificateManager, RenewalJob } from '../../src/index.ts';
import { codeOf } from '../support/expect-error.ts';
import { createTestCertificates, DAY } from '../support/test-certificates.ts';
import { testCsr } from '../support/test-keys.ts';

const LEASE = 60_000;

async function claim(certificates: CertificateManager, queue = 'test', limit = 100): Promise<RenewalJob[]> {
  return certificates.claimJobs({ queue, limit, leaseMs: LEASE });
}

/** The job of a certificate that is due, leased. */
async function claimOne(certificates: CertificateManager): Promise<RenewalJob> {
  const [job, ...others] = await claim(certificates);
  expect(others).toEqual([]);
  if (job === undefined) throw new Error('No job is due');
  return job;
}

describe('jobs', () => {
  it('are one a certificate, due by its age, and move with each generation (S1-10, S4-9)', async () => {
    const { certificates, clock } = createTestCertificates();
    const { id, renewAt, notBefore, notAfter } = await certificates.create({ subjectAltNames: ['a.example'] });
    const due = (renewAt as Date).getTime();
    expect(await certificates.nextDueAt()).toBe(due);
    clock.set(due - 1);
    expect(await claim(certificates)).toEqual([]);
    clock.set(due);
    const job = await claimOne(certificates);
    expect(job).toEqual({
      certificateId: id,
      issuer: 'test',
      generation: 1,
      version: job.version,
      dueAt: due,
      attempts: 0,
      notBefore: (notBefore as Date).getTime(),
      notAfter: (notAfter as Date).getTime(),
      autoRenew: true,
      reason: 'renewal',
      warned: [],
    });
    expect(await claim(certificates)).toEqual([]);
    const result = await certificates.renew(job);
    const renewed = await certificates.get(id);
    expect(renewed.generation).toBe(2);
    expect(result).toEqual({ outcome: 'renewed', nextDueAt: (renewed.renewAt as Date).getTime() });
    expect(await certificates.nextDueAt()).toBe((renewed.renewAt as Date).getTime());
    // The same job again is over.
    expect(await certificates.renew(job)).toEqual({ outcome: 'skipped' });
    expect((await certificates.get(id)).generation).toBe(2);
  });

  it('are queued by issuer, and one instance serves the queues of its issuers', async () => {
    const { certificates, another, issuer, clock } = createTestCertificates();
    const both = another({ issuers: { test: issuer, second: issuer }, defaultIssuer: 'second' });
    expect(both.queues()).toEqual(['test', 'second', '']);
    const mine = await certificates.create({ subjectAltNames: ['a.example'] });
    const other = await both.create({ subjectAltNames: ['b.example'] });
    clock.advance(70 * DAY);
    expect((await claim(both, 'second')).map(({ certificateId }) => certificateId)).toEqual([other.id]);
    expect((await claim(certificates)).map(({ certificateId }) => certificateId)).toEqual([mine.id]);
    expect(await codeOf(certificates.claimJobs({ queue: 'test', limit: 0, leaseMs: 1 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(certificates.claimJobs({ queue: 7 as never, limit: 1, leaseMs: 1 }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(certificates.claimJobs({ queue: 'second', limit: 1, leaseMs: 1 }))).toBe('ISSUER_UNKNOWN');
  });

  it('are given the most urgent first', async () => {
    const { certificates, clock } = createTestCertificates();
    for (let at = 0; at < 5; at++) {
      await certificates.create({ subjectAltNames: [`n${at}.example`] });
      clock.advance(DAY);
    }
    clock.advance(80 * DAY);
    const ends = (await claim(certificates)).map(({ notAfter }) => notAfter);
    expect(ends).toHaveLength(5);
    expect(ends).toEqual([...ends].sort((one, other) => one - other));
  });

  it('of a holder that overslept change nothing (X1)', async () => {
    const { certificates, another, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames: ['a.example'] });
    clock.advance(61 * DAY);
    const sleeper = await claimOne(certificates);
    const awake = another();
    let waker: RenewalJob | undefined;
    issuer.next(async (_request, usual) => {
      // While the first is asking, its lease runs out and another takes the job.
      clock.advance(LEASE);
      waker = await claimOne(awake);
      return usual();
    });
    expect(await certificates.renew(sleeper)).toEqual({ outcome: 'skipped' });
    expect((await certificates.get(id)).generation).toBe(1);
    expect(await certificates.extendLease(sleeper, LEASE)).toBeUndefined();
    await certificates.postpone(sleeper, { dueAt: clock.now() + DAY, failure: { code: 'X', message: 'x' } });
    expect(await awake.renew(waker as RenewalJob)).toMatchObject({ outcome: 'renewed' });
    expect(await certificates.get(id)).toMatchObject({ generation: 2 });
    expect((await certificates.get(id)).failure).toBeUndefined();
    // The same key and the same order, once.
    expect(issuer.issued.size).toBe(2);
  });

  it('keep their lease while work runs, and lose it where it ran out', async () => {
    const { certificates, another, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames: ['a.example'] });
    clock.advance(61 * DAY);
    const job = await claimOne(certificates);
    issuer.next(async (_request, usual) => {
      for (let beat = 0; beat < 5; beat++) {
        clock.advance(LEASE - 1);
        const kept = await certificates.extendLease(job, LEASE);
        expect(kept).toMatchObject({ certificateId: id, version: job.version });
        expect(await claim(another())).toEqual([]);
      }
      return usual();
    });
    expect(await certificates.renew(job)).toMatchObject({ outcome: 'renewed' });
    clock.advance(61 * DAY);
    const second = await claimOne(certificates);
    await certificates.extendLease(second, LEASE);
    clock.advance(LEASE);
    // Nobody else came: what was extended is lost all the same once another claims it.
    const third = await claimOne(another());
    expect(await certificates.extendLease(second, LEASE)).toBeUndefined();
    expect(await certificates.extendLease(third, LEASE)).toBeDefined();
    expect(await codeOf(certificates.extendLease(third, 0))).toBe('INVALID_ARGUMENT');
  });

  it('that are pending at the issuer are put off until it wants to be asked, without counting as failed', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames: ['a.example'] });
    clock.advance(61 * DAY);
    const retryAt = clock.now() + DAY + 300_000;
    issuer.next(
      async () => ({ pending: true, retryAt: new Date(clock.now() + 10_000 * DAY) }),
      async () => ({ pending: true, retryAt: new Date(0) }),
      async () => ({ pending: true, retryAt: new Date(retryAt) }),
    );
    // Never for longer than a day, whatever it says.
    const first = await claimOne(certificates);
    expect(await certificates.renew(first)).toEqual({ outcome: 'pending', retryAt: clock.now() + DAY });
    clock.advance(DAY);
    // Nor without a pause.
    const soon = clock.now() + 1_000;
    expect(await certificates.renew(await claimOne(certificates))).toEqual({ outcome: 'pending', retryAt: soon });
    clock.set(soon);
    expect(await certificates.renew(await claimOne(certificates))).toEqual({ outcome: 'pending', retryAt });
    expect(await certificates.nextDueAt()).toBe(retryAt);
    clock.set(retryAt);
    const job = await claimOne(certificates);
    expect(job).toMatchObject({ reason: 'resume', attempts: 0, generation: 1 });
    expect(await certificates.renew(job)).toMatchObject({ outcome: 'renewed' });
    expect(issuer.requests[1]?.requestId).toBe(issuer.requests[4]?.requestId);
    expect((await certificates.get(id)).generation).toBe(2);
  });

  it('that fail are counted and told, until one succeeds (S1-11)', async () => {
    const { certificates, issuer, clock, told, events } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames: ['a.example'] });
    clock.advance(61 * DAY);
    for (const attempts of [1, 2]) {
      const job = await claimOne(certificates);
      expect(job.attempts).toBe(attempts - 1);
      issuer.next(() => Promise.reject(new Error('down')));
      await expect(certificates.renew(job)).rejects.toThrow('down');
      const failure = { code: 'ACME_UNAVAILABLE', message: `down ${attempts}` };
      await certificates.postpone(job, { dueAt: clock.now() + 60_000, failure });
      expect(await claim(certificates)).toEqual([]);
      expect(await certificates.get(id)).toMatchObject({ status: 'valid', failure });
      clock.advance(60_000);
    }
    const job = await claimOne(certificates);
    const warning = { tier: 30, notAfter: job.notAfter };
    await certificates.postpone(job, { dueAt: clock.now(), failure: { code: 'C', message: 'm' }, warning });
    const again = await claimOne(certificates);
    expect(again).toMatchObject({ attempts: 3, warned: [30] });
    // A tier is told once.
    await certificates.postpone(again, { dueAt: clock.now(), warning });
    await certificates.postpone(await claimOne(certificates), { dueAt: clock.now(), warning: { ...warning, tier: 7 } });
    const last = await claimOne(certificates);
    expect(last.warned).toEqual([30, 7]);
    expect(await certificates.renew(last)).toMatchObject({ outcome: 'renewed' });
    expect((await certificates.get(id)).failure).toBeUndefined();
    const failures = ['renewal_failed', 'renewal_failed', 'renewal_failed'];
    expect(await told(id)).toEqual(['created', 'issued', ...failures, 'expiring', 'expiring', 'renewed']);
    const facts = (await events.pending({ limit: 100 })).items.find(
      ({ type }) => type === 'certificate.renewal_failed',
    );
    expect(facts?.data).toMatchObject({ code: 'ACME_UNAVAILABLE', message: 'down 1', attempts: 1, certificateId: id });
    clock.advance(61 * DAY);
    expect(await claimOne(certificates)).toMatchObject({ attempts: 0, warned: [] });
    expect(await codeOf(certificates.postpone(last, { dueAt: Number.NaN }))).toBe('INVALID_ARGUMENT');
  });

  it('rest after each issue, however old what is issued says that it is: a clock may be wrong', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    const old = { notBefore: clock.now() - 80 * DAY, notAfter: clock.now() + 9 * DAY };
    issuer.next(async (request) => ({ chainPem: await issuer.sign(request, old) }));
    const { renewAt } = await certificates.create({ subjectAltNames: ['a.example'] });
    expect(renewAt?.getTime()).toBeLessThan(clock.now());
    // Half of what a certificate gets that begins at present and ends then, which is short-lived.
    const due = (await certificates.nextDueAt()) ?? 0;
    expect(due - clock.now()).toBeGreaterThan(0.2 * 9 * DAY);
    expect(due - clock.now()).toBeLessThanOrEqual(0.25 * 9 * DAY);
  });

  it('of certificates that nobody renews are for the warnings, a month ahead', async () => {
    const { certificates, clock } = createTestCertificates();
    const { notAfter } = await certificates.create({ subjectAltNames: ['a.example'], autoRenew: false });
    const end = (notAfter as Date).getTime();
    expect(await certificates.nextDueAt()).toBeLessThanOrEqual(end - 30 * DAY);
    clock.set(end - 30 * DAY);
    const job = await claimOne(certificates);
    expect(job).toMatchObject({ reason: 'warning', autoRenew: false });
    await certificates.postpone(job, { dueAt: end - 7 * DAY, warning: { tier: 30, notAfter: end } });
    expect(await claim(certificates)).toEqual([]);
    expect(await certificates.nextDueAt()).toBe(end - 7 * DAY);
  });

  it('of a certificate that is revoked warn of nothing', async () => {
    const { certificates, issuer, clock, told } = createTestCertificates();
    const { id, notAfter } = await certificates.create({ subjectAltNames: ['a.example'] });
    await certificates.renew(id, { wait: false });
    issuer.next(async () => ({ pending: true, retryAt: new Date(clock.now() + DAY) }));
    await certificates.revoke(id);
    clock.advance(85 * DAY);
    const warning = { tier: 7, notAfter: (notAfter as Date).getTime() };
    await certificates.postpone(await claimOne(certificates), { dueAt: clock.now(), warning });
    // It counts as told: otherwise a scheduler would do nothing else.
    expect((await claimOne(certificates)).warned).toEqual([7]);
    expect(await told(id)).toEqual(['created', 'issued', 'revoked']);
  });

  it('of a first issue that is refused for good are gone, and postponing them is no complaint', async () => {
    const { certificates, issuer, clock, told } = createTestCertificates();
    const { PolicyError } = await import('../../src/index.ts');
    const made = await certificates.create({ name: 'web', subjectAltNames: ['a.example'], wait: false });
    clock.advance(120_000);
    const passing = await claimOne(certificates);
    issuer.next(() => Promise.reject(new Error('down')));
    await expect(certificates.renew(passing)).rejects.toThrow('down');
    expect((await certificates.get(made.id)).state).toBe('pending');
    await certificates.postpone(passing, { dueAt: clock.now(), failure: { code: 'C', message: 'm' } });
    const job = await claimOne(certificates);
    expect(job).toMatchObject({ reason: 'first-issue', attempts: 1 });
    issuer.next(() => Promise.reject(new PolicyError([{ rule: 'r', value: 'v', message: 'never' }])));
    expect(await codeOf(certificates.renew(job))).toBe('ISSUANCE_REFUSED');
    expect(await certificates.get(made.id)).toMatchObject({ status: 'failed', failure: { code: 'ISSUANCE_REFUSED' } });
    await certificates.postpone(job, { dueAt: clock.now(), failure: { code: 'C', message: 'm' } });
    expect(await certificates.nextDueAt()).toBeUndefined();
    expect(await told(made.id)).toEqual(['created', 'renewal_failed', 'failed']);
  });
});

describe('renewalWindow', () => {
  it('is asked of the issuer, remembered with the generation, and dropped at the next', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames: ['a.example'] });
    clock.advance(61 * DAY);
    const now = clock.now();
    const job = await claimOne(certificates);
    expect(await certificates.renewalWindow(job)).toBeUndefined();
    const [start, end, retryAt] = [now + DAY, now + 2 * DAY, now + 6 * 3_600_000];
    issuer.giveWindow({ windowStart: new Date(start), windowEnd: new Date(end), retryAt: new Date(retryAt) });
    expect(await certificates.renewalWindow(job)).toEqual({ start, end, retryAt });
    // The lease goes on through it.
    await certificates.postpone(job, { dueAt: now });
    const next = await claimOne(certificates);
    expect(next.ari).toEqual({ start, end, retryAt });
    issuer.giveWindow({ windowStart: new Date(end), windowEnd: new Date(start), retryAt: new Date(retryAt) });
    expect(await certificates.renewalWindow(next)).toBeUndefined();
    issuer.giveWindow({ windowStart: new Date(Number.NaN), windowEnd: new Date(start), retryAt: new Date(retryAt) });
    expect(await certificates.renewalWindow(next)).toBeUndefined();
    expect(await certificates.renew(next)).toMatchObject({ outcome: 'renewed' });
    // An issuer that gives windows is asked for one early on.
    expect((await certificates.nextDueAt()) ?? 0).toBe(clock.now() + 6 * 3_600_000);
    clock.advance(61 * DAY);
    expect((await claimOne(certificates)).ari).toBeUndefined();
    expect((await certificates.get(id)).generation).toBe(2);
  });
});

describe('renewAllBefore', () => {
  it('makes everything due that was issued before an instant, page by page, and nothing twice (X4)', async () => {
    const { certificates, clock, issuer } = createTestCertificates();
    const ids: string[] = [];
    for (let at = 0; at < 7; at++) ids.push((await certificates.create({ subjectAltNames: [`n${at}.example`] })).id);
    const { chainPem, privateKeyPem } = await certificates.export(ids[6] as string, { format: 'pem' });
    await certificates.delete(ids.pop() as string);
    await certificates.import({ chainPem, privateKeyPem });
    clock.advance(DAY);
    const instant = clock.now();
    const later = await certificates.create({ subjectAltNames: ['later.example'] });
    clock.advance(DAY);
    const moveAll = async () => {
      let moved = 0;
      let cursor: string | undefined;
      do {
        const page = await certificates.renewAllBefore({
          instant,
          limit: 3,
          ...(cursor === undefined ? {} : { cursor }),
        });
        moved += page.moved;
        cursor = page.cursor;
      } while (cursor !== undefined);
      return moved;
    };
    expect(await moveAll()).toBe(6);
    expect(await moveAll()).toBe(0);
    const jobs = await claim(certificates);
    expect(jobs.map(({ certificateId }) => certificateId).sort()).toEqual([...ids].sort());
    for (const job of jobs) {
      expect(job.replaceBefore).toBe(instant);
      expect(await certificates.renew(job)).toMatchObject({ outcome: 'renewed' });
    }
    expect(await moveAll()).toBe(0);
    expect(await claim(certificates)).toEqual([]);
    expect((await certificates.get(later.id)).generation).toBe(1);
    expect(issuer.issued.size).toBe(14);
    // An instant ahead means by now: what is asked for from now on is not asked for again and again.
    expect((await certificates.renewAllBefore({ instant: clock.now() + 1e9, limit: 10 })).moved).toBe(1);
    expect((await claimOne(certificates)).replaceBefore).toBe(clock.now());
    expect(await codeOf(certificates.renewAllBefore({ instant: 0.5, limit: 1 }))).toBe('INVALID_ARGUMENT');
  });

  it('does without a generation that was asked for before it, and takes the job from who holds it', async () => {
    const { certificates, issuer, clock } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames: ['a.example'] });
    clock.advance(61 * DAY);
    const held = await claimOne(certificates);
    issuer.next(async () => ({ pending: true, retryAt: new Date(clock.now() + DAY) }));
    await certificates.renew(held);
    clock.advance(DAY);
    const instant = clock.now();
    const resumed = await claimOne(certificates);
    expect(await certificates.renewAllBefore({ instant, limit: 10, issuer: 'test' })).toEqual({ moved: 1 });
    expect(await certificates.renew(resumed)).toEqual({ outcome: 'skipped' });
    expect(await certificates.renew(await claimOne(certificates))).toMatchObject({ outcome: 'renewed' });
    const [, before, after] = issuer.requests;
    expect(after?.requestId).not.toBe(before?.requestId);
    expect(await certificates.get(id)).toMatchObject({ generation: 2, renewing: false });
  });

  it('asks for a CSR where the key is kept elsewhere', async () => {
    const { certificates, clock, told } = createTestCertificates();
    const { id } = await certificates.create({ subjectAltNames: ['a.example'], csr: await testCsr({}) });
    clock.advance(DAY);
    expect(await certificates.renewAllBefore({ instant: clock.now(), limit: 10 })).toEqual({ moved: 1 });
    expect(await certificates.renew(await claimOne(certificates))).toMatchObject({ outcome: 'skipped' });
    expect((await told(id)).at(-1)).toBe('renewal_required');
  });
});
