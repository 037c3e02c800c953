import { describe, expect, it } from 'vitest';
import { createTestBed, DAY, door, HOUR, MINUTE } from './support/test-bed.ts';

const renewAt = (certificate: { readonly renewAt?: Date | undefined }): number =>
  (certificate.renewAt as Date).getTime();

// features.md S1-10, S4-9
describe('a certificate', () => {
  it('is renewed when it is due, about day 60 of 90, with a new key, and not before', async () => {
    const { clock, certificates, create, scheduler, told } = createTestBed();
    const first = await create('a.example');
    const day = (renewAt(first) - clock.now()) / DAY;
    expect(day).toBeGreaterThan(55);
    expect(day).toBeLessThanOrEqual(60);
    const keys = [(await certificates.export(first.id, { format: 'pem' })).privateKeyPem];
    const instance = scheduler();
    clock.set(renewAt(first) - 1);
    expect(await instance.runOnce()).toMatchObject({ renewed: 0, failed: 0, nextDueAt: first.renewAt });
    clock.advance(1);
    const report = await instance.runOnce();
    expect(report).toMatchObject({ renewed: 1, failed: 0, skipped: 0 });
    const second = await certificates.get(first.id);
    expect(second).toMatchObject({ generation: 2, status: 'valid' });
    expect(report.nextDueAt).toEqual(second.renewAt);
    keys.push((await certificates.export(first.id, { format: 'pem' })).privateKeyPem);
    expect(new Set(keys).size).toBe(2);
    expect(await told('certificate.renewed')).toHaveLength(1);
    expect(await instance.runOnce()).toMatchObject({ renewed: 0 });
  });

  it('that was only asked for is issued', async () => {
    const { clock, certificates, issuer, scheduler } = createTestBed();
    const { id } = await certificates.create({ subjectAltNames: ['a.example'], wait: false });
    const instance = scheduler();
    clock.advance(10 * MINUTE);
    await instance.runOnce();
    expect(await certificates.get(id)).toMatchObject({ state: 'issued', generation: 1 });
    expect(issuer.issued).toHaveLength(1);
  });

  it('whose issuer takes its time is pending, and asked for again under the same request when the issuer says', async () => {
    const { clock, certificates, issuer, create, scheduler } = createTestBed();
    const first = await create('a.example');
    clock.set(renewAt(first));
    issuer.answer = () => ({ pendingMs: 30_000 });
    const instance = scheduler();
    expect(await instance.runOnce()).toMatchObject({
      pending: 1,
      failed: 0,
      nextDueAt: new Date(clock.now() + 30_000),
    });
    expect(await certificates.get(first.id)).toMatchObject({ generation: 1, renewing: true });
    issuer.answer = () => 'issue';
    clock.advance(29_999);
    await instance.runOnce();
    expect(issuer.asked).toHaveLength(2);
    clock.advance(1);
    expect(await instance.runOnce()).toMatchObject({ renewed: 1 });
    expect(await certificates.get(first.id)).toMatchObject({ generation: 2, renewing: false });
  });

  it('is renewed at another age by another policy of the manager, or later by one of the scheduler', async () => {
    const early = createTestBed({ renewalPolicy: { fraction: 0.5, jitter: 0 } });
    const certificate = await early.create('a.example');
    expect(renewAt(certificate) - early.clock.now()).toBe(45 * DAY);
    early.clock.set(renewAt(certificate));
    expect(await early.scheduler().runOnce()).toMatchObject({ renewed: 1 });
    const late = createTestBed();
    const { renewAt: due } = await late.create('a.example');
    const begun = late.clock.now();
    const instance = late.scheduler({ policy: { fraction: 0.8, jitter: 0 } });
    late.clock.set((due as Date).getTime());
    expect(await instance.runOnce()).toMatchObject({ renewed: 0, postponed: 1, nextDueAt: new Date(begun + 72 * DAY) });
    late.clock.set(begun + 72 * DAY);
    expect(await instance.runOnce()).toMatchObject({ renewed: 1 });
  });
});

// features.md S4-10, S4-19
describe('several schedulers on one storage', () => {
  it('renew each certificate once', async () => {
    const { clock, create, issuer, scheduler } = createTestBed();
    const made = [];
    for (let at = 0; at < 12; at++) made.push(await create(`n${at}.example`));
    clock.set(Math.max(...made.map(renewAt)));
    const reports = await Promise.all([1, 2, 3].map(() => scheduler({ concurrency: 3 }).runOnce()));
    expect(reports.reduce((sum, { renewed }) => sum + renewed, 0)).toBe(12);
    expect(issuer.issued).toHaveLength(24);
    expect(new Set(issuer.issued.slice(12).map(({ names }) => names[0])).size).toBe(12);
  });

  it('renew what can be read, where the job of another cannot', async () => {
    const { clock, create, scheduler, certificates, storage } = createTestBed();
    const made = [];
    for (let at = 0; at < 6; at++) made.push(await create(`n${at}.example`));
    const [broken, ...sound] = made.map(({ id }) => id);
    const dueAt = Math.max(...made.map(renewAt));
    clock.set(dueAt);
    await certificates.claimJobs({ queue: 'main', limit: 10, leaseMs: 1 });
    clock.advance(1);
    const data = { v: 1, nothing: 'that fits' };
    const place = { collection: 'renewal_jobs', id: broken as string };
    await storage.commit([{ kind: 'put', ...place, version: 'broken', data, dueAt, dueQueue: 'main' }]);
    for (let turn = 0; turn < 3; turn++, clock.advance(3 * MINUTE)) {
      const report = scheduler().runOnce();
      if (turn === 0) await report.catch(() => undefined);
      else await expect(report).rejects.toMatchObject({ code: 'STORAGE_CORRUPT' });
    }
    for (const id of sound) expect(await certificates.get(id)).toMatchObject({ generation: 2 });
  });

  it('keep their leases while an issuer takes longer than a lease', async () => {
    const { clock, create, issuer, scheduler, timer, until } = createTestBed();
    const first = await create('a.example');
    const slow = door();
    issuer.before = slow.pass;
    clock.set(renewAt(first));
    const working = scheduler({ leaseMs: 60_000 }).runOnce();
    await until(() => slow.waiting === 1);
    const other = scheduler();
    for (let step = 0; step < 12; step++) {
      const [before, instant] = [timer.size, clock.now() + 20_000];
      await timer.advanceTo(instant);
      // The extension is a round trip: the next one is scheduled when it is through.
      await until(() => timer.size === before);
      expect(await other.runOnce()).toMatchObject({ renewed: 0, failed: 0 });
    }
    issuer.before = async () => undefined;
    slow.open();
    expect(await working).toMatchObject({ renewed: 1 });
    expect(issuer.issued).toHaveLength(2);
  });

  it('take over from one that is paused, whose answer comes too late to change anything', async () => {
    const { clock, certificates, create, issuer, scheduler, until } = createTestBed();
    const first = await create('a.example');
    const slow = door();
    issuer.before = slow.pass;
    clock.set(renewAt(first));
    // No timer goes off in a process that is paused.
    const paused = scheduler().runOnce();
    await until(() => slow.waiting === 1);
    issuer.before = async () => undefined;
    clock.advance(121_000);
    expect(await scheduler().runOnce()).toMatchObject({ renewed: 1 });
    slow.open();
    expect(await paused).toMatchObject({ renewed: 0, skipped: 1, failed: 0 });
    expect(issuer.issued).toHaveLength(2);
    expect(await certificates.get(first.id)).toMatchObject({ generation: 2 });
  });

  it('catch up after a time without any: what ends first in front, within the concurrency', async () => {
    const { clock, create, issuer, scheduler, until } = createTestBed();
    const begun = clock.now();
    for (const [day, days] of [
      [0, 90],
      [0, 60],
      [55, 6],
    ] as const) {
      clock.set(begun + day * DAY);
      issuer.lifetimeMs = days * DAY;
      await create(`d${days}.example`);
    }
    clock.set(begun + 59 * DAY);
    const order: string[] = [];
    let running = 0;
    let most = 0;
    const slow = door();
    issuer.before = async (name) => {
      order.push(name);
      most = Math.max(most, ++running);
      if (order.length === 1) await slow.pass();
      running -= 1;
    };
    clock.advance(DAY);
    const working = scheduler({ concurrency: 1 }).runOnce();
    await until(() => slow.waiting === 1);
    slow.open();
    expect(await working).toMatchObject({ renewed: 3 });
    expect(most).toBe(1);
    // One slot claims one job: the longest due comes first, then the batch grows and what ends first is in front.
    expect(order).toEqual(['d60.example', 'd6.example', 'd90.example']);
  });
});

describe('an issuer that hangs', () => {
  it('keeps nobody else waiting, and is given up after a time', async () => {
    const { clock, create, issuer, others, scheduler, timer, until, problems, certificates } = createTestBed({
      others: ['other'],
    });
    const hanging = [];
    for (let at = 0; at < 6; at++) hanging.push(await create(`h${at}.example`));
    const fine = await create('fine.example', { issuer: 'other' });
    clock.set(Math.max(...[...hanging, fine].map(renewAt)));
    issuer.before = () => new Promise(() => undefined);
    const instance = scheduler({ concurrency: 4, attemptMs: 15_000, leaseMs: HOUR });
    const working = instance.runOnce();
    await until(() => others.other?.issued.length === 2);
    for (let round = 1; round <= 3; round++) {
      // Up to half of the slots stay free for the queues that are idle at the moment.
      await until(() => issuer.asked.length === 6 + 2 * round);
      // Two timers for each that hangs: none is left of the one that is fine.
      await until(() => timer.size === 4);
      await timer.advanceTo(clock.now() + 15_000);
      await until(() => problems.length >= 2 * round);
    }
    expect(await working).toMatchObject({ renewed: 1, failed: 6 });
    const [{ failure } = {}] = (await certificates.list({ limit: 10 })).items.filter(
      ({ name }) => name === 'h0.example',
    );
    expect(failure).toMatchObject({ code: 'ABORTED', message: 'The work took longer than 15000 ms' });
  });
});
