import { describe, expect, it } from 'vitest';
import { RateLimitError } from '../../src/index.ts';
import { storageSize } from '../support/test-storage.ts';
import { createTestBed, DAY, HOUR, MINUTE, type TestBed } from './support/test-bed.ts';

/** A certificate that has come due while its issuer fails. */
async function failing(options: Parameters<typeof createTestBed>[0] = {}) {
  const bed = createTestBed(options);
  const certificate = await bed.create('a.example');
  bed.clock.set((certificate.renewAt as Date).getTime());
  bed.issuer.answer = () => 'fail';
  return { ...bed, certificate, instance: bed.scheduler() };
}

/** How long until the next attempt, milliseconds. */
const pause = async ({ certificates, clock }: Pick<TestBed, 'certificates' | 'clock'>) =>
  ((await certificates.nextDueAt()) as number) - clock.now();

describe('a renewal that fails', () => {
  it('is tried again after 1, 10, 100 minutes, then daily, while the old generation goes on serving', async () => {
    const { certificate, instance, certificates, clock, told, problems, issuer } = await failing();
    const pauses = [MINUTE, 10 * MINUTE, 100 * MINUTE, DAY, DAY];
    for (const [at, expected] of pauses.entries()) {
      expect(await instance.runOnce()).toMatchObject({ renewed: 0, failed: 1 });
      expect(problems).toHaveLength(at + 1);
      const waits = await pause({ certificates, clock });
      // In whole milliseconds: 1.1 - 1 is more than 0.1.
      expect(waits).toBeGreaterThanOrEqual(Math.round(0.9 * expected));
      expect(waits).toBeLessThanOrEqual(Math.round(1.1 * expected));
      clock.advance(waits - 1);
      expect(await instance.runOnce()).toMatchObject({ failed: 0 });
      clock.advance(1);
    }
    expect(await certificates.get(certificate.id)).toMatchObject({ status: 'valid', generation: 1 });
    expect((await certificates.served('a.example'))?.generation).toBe(1);
    const events = await told('certificate.renewal_failed');
    expect(events.map(({ data }) => data.attempts)).toEqual([1, 2, 3, 4, 5]);
    issuer.answer = () => 'issue';
    expect(await instance.runOnce()).toMatchObject({ renewed: 1 });
    // Nothing of the failures is left: the next one begins with a minute again.
    clock.set(((await certificates.get(certificate.id)).renewAt as Date).getTime());
    issuer.answer = () => 'fail';
    await instance.runOnce();
    expect(await pause({ certificates, clock })).toBeLessThan(1.2 * MINUTE);
  });

  it('waits as long as the issuer asks for', async () => {
    const { instance, issuer, certificates, clock, problems } = await failing();
    issuer.answer = () => ({ retryAfterMs: 5 * HOUR });
    await instance.runOnce();
    const waits = await pause({ certificates, clock });
    expect(waits).toBeGreaterThanOrEqual(5 * HOUR);
    expect(waits).toBeLessThan(5 * HOUR + MINUTE);
    expect(problems[0]?.error).toBeInstanceOf(RateLimitError);
  });

  it('tells nothing of what an error of another kind says, which may be a secret', async () => {
    const { instance, issuer, certificate, certificates, told, problems } = await failing();
    issuer.before = () => Promise.reject(new TypeError('token s3cr3t'));
    await instance.runOnce();
    const kept = JSON.stringify([await certificates.get(certificate.id), await told('certificate.renewal_failed')]);
    expect(kept).toContain('TypeError');
    expect(kept).not.toContain('s3cr3t');
    expect(problems).toMatchObject([{ certificateId: certificate.id, issuer: 'main' }]);
  });

  it('tells nothing of the name of such an error either, where that is no name', async () => {
    const { instance, issuer, told, clock } = await failing();
    for (const name of ['token s3cr3t', 'a\0b', undefined] as string[]) {
      issuer.before = () => Promise.reject(Object.assign(new Error('no'), { name }));
      expect(await instance.runOnce()).toMatchObject({ failed: 1 });
      clock.advance(DAY);
    }
    const codes = (await told('certificate.renewal_failed')).map(({ data }) => data.code);
    expect(codes).toEqual(['Error', 'Error', 'Error']);
  });

  it('keeps going where the host throws or rejects in onError, or its logger does', async () => {
    const { scheduler, certificates, clock } = await failing();
    const broken = (): never => {
      throw new Error('the host is broken');
    };
    const rejecting = async () => broken();
    expect(await scheduler({ onError: rejecting }).runOnce()).toMatchObject({ failed: 1 });
    clock.advance(2 * MINUTE);
    const logger = { debug: broken, info: broken, warn: broken, error: broken };
    expect(await scheduler({ onError: broken, logger }).runOnce()).toMatchObject({ failed: 1 });
    expect(await pause({ certificates, clock })).toBeLessThan(12 * MINUTE);
  });
});

// features.md S1-11
describe('a certificate that nothing renews', () => {
  it('is warned of 30 and 7 days before its end, once, however many schedulers there are', async () => {
    const { clock, create, scheduler, told } = createTestBed();
    const { id, notAfter } = await create('a.example', { autoRenew: false });
    const instances = [scheduler(), scheduler()];
    const end = (notAfter as Date).getTime();
    const tiersAt = async (instant: number) => {
      clock.set(instant);
      for (let turn = 0; turn < 2; turn++) await Promise.all(instances.map((instance) => instance.runOnce()));
      return (await told('certificate.expiring')).map(({ data }) => data.tier);
    };
    expect(await tiersAt(end - 30 * DAY - 1)).toEqual([]);
    expect(await tiersAt(end - 30 * DAY)).toEqual([30]);
    expect(await tiersAt(end - 7 * DAY - 1)).toEqual([30]);
    expect(await tiersAt(end - 7 * DAY)).toEqual([30, 7]);
    expect(await tiersAt(end + DAY)).toEqual([30, 7]);
    const [event] = await told('certificate.expiring');
    expect(event).toMatchObject({ subject: id, data: { tier: 30, expiresAt: (notAfter as Date).toISOString() } });
  });

  it('is warned of in time, however early a tier of the scheduler is', async () => {
    const { clock, create, scheduler, told } = createTestBed();
    const { notAfter } = await create('a.example', { autoRenew: false });
    const instance = scheduler({ warnDays: [60] });
    await instance.runOnce();
    clock.set((notAfter as Date).getTime() - 60 * DAY);
    await instance.runOnce();
    expect((await told('certificate.expiring')).map(({ data }) => data.tier)).toEqual([60]);
  });

  it('since no instance knows its issuer any more is told of, and warned of', async () => {
    const { clock, create, manager, issuer, scheduler, told } = createTestBed({ others: ['other'] });
    const { renewAt, notAfter } = await create('a.example', { issuer: 'other' });
    const instance = scheduler({ certificates: manager({ issuers: { main: issuer }, defaultIssuer: 'main' }) });
    clock.set((renewAt as Date).getTime());
    await instance.runOnce();
    // Another instance may know it.
    expect(await told('certificate.renewal_failed')).toEqual([]);
    const step = storageSize(1, 3) * DAY;
    for (; clock.now() < (notAfter as Date).getTime(); clock.advance(step)) await instance.runOnce();
    expect((await told('certificate.expiring')).map(({ data }) => data.tier)).toEqual([30, 7]);
    expect((await told('certificate.renewal_failed'))[0]).toMatchObject({ data: { code: 'ISSUER_UNKNOWN' } });
    expect(await scheduler().runOnce()).toMatchObject({ renewed: 1 });
  });

  it('is warned of by the tiers of the scheduler', async () => {
    const { clock, create, scheduler, told } = createTestBed();
    const { notAfter } = await create('a.example', { autoRenew: false });
    clock.set((notAfter as Date).getTime() - DAY);
    const instance = scheduler({ warnDays: [1, 0.5] });
    await instance.runOnce();
    clock.advance(DAY / 2);
    await instance.runOnce();
    expect((await told('certificate.expiring')).map(({ data }) => data.tier)).toEqual([1, 0.5]);
  });
});

// features.md S1-11
describe('a certificate that is renewed', () => {
  it('in time warns nobody', async () => {
    const { clock, create, scheduler, told } = createTestBed();
    const { notAfter } = await create('a.example');
    const instance = scheduler();
    const step = storageSize(1, 5) * DAY;
    for (const end = (notAfter as Date).getTime() + DAY; clock.now() < end; clock.advance(step))
      await instance.runOnce();
    expect(await told('certificate.renewed')).toHaveLength(1);
    expect(await told('certificate.expiring')).toEqual([]);
  });

  it('too late is warned of when it is a day overdue, and once a tier', async () => {
    const { clock, certificate, instance, told } = await failing();
    const due = clock.now();
    const end = (certificate.notAfter as Date).getTime();
    const seen: [number, unknown][] = [];
    for (; clock.now() < end; clock.advance(storageSize(12, 24) * HOUR)) {
      await instance.runOnce();
      const events = await told('certificate.expiring');
      for (const { data } of events.slice(seen.length)) seen.push([clock.now(), data.tier]);
    }
    expect(seen.map(([, tier]) => tier)).toEqual([30, 7]);
    expect(seen[0]?.[0]).toBeGreaterThanOrEqual(due + DAY);
    expect(seen[0]?.[0]).toBeLessThan(end - 26 * DAY);
    expect(seen[1]?.[0]).toBeLessThan(end - 5 * DAY);
  });

  it('too slowly, by an issuer that is never ready, is warned of as well, and goes on', async () => {
    const { clock, certificates, certificate, instance, issuer, told } = await failing();
    const step = storageSize(4, 16) * HOUR;
    issuer.answer = () => ({ pendingMs: step });
    for (const until = clock.now() + 160 * HOUR; clock.now() < until; clock.advance(step)) await instance.runOnce();
    expect((await told('certificate.expiring')).map(({ data }) => data.tier)).toEqual([30]);
    issuer.answer = () => 'issue';
    await instance.runOnce();
    expect(await certificates.get(certificate.id)).toMatchObject({ generation: 2 });
  });
});
