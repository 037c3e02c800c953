import { describe, expect, it } from 'vitest';
import type { RenewalInfo } from '../../src/index.ts';
import { codeOf } from '../support/expect-error.ts';
import { storageSize } from '../support/test-storage.ts';
import { createTestBed, DAY, HOUR, MINUTE } from './support/test-bed.ts';

// features.md S4-10
describe('renewAllBefore', () => {
  it('has every certificate renewed that was issued before an instant, once, those of later dates not', async () => {
    const { clock, create, issuer, scheduler } = createTestBed();
    for (let at = 0; at < 5; at++) await create(`n${at}.example`);
    clock.advance(DAY);
    const instant = new Date(clock.now());
    clock.advance(DAY);
    await create('later.example');
    const instance = scheduler();
    expect(await instance.renewAllBefore(instant)).toEqual({ moved: 5 });
    expect(await instance.renewAllBefore(instant)).toEqual({ moved: 0 });
    expect(await instance.runOnce()).toMatchObject({ renewed: 5 });
    expect(await instance.runOnce()).toMatchObject({ renewed: 0 });
    const renewed = issuer.issued.slice(6).flatMap(({ names }) => names);
    expect(renewed.sort()).toEqual([0, 1, 2, 3, 4].map((at) => `n${at}.example`));
  });

  it('concerns one issuer where one is named, and certificates that are not renewed by themselves', async () => {
    const { clock, create, others, issuer, scheduler } = createTestBed({ others: ['other'] });
    await create('main.example');
    await create('other.example', { issuer: 'other', autoRenew: false });
    clock.advance(DAY);
    const instance = scheduler();
    expect(await instance.renewAllBefore(new Date(clock.now()), { issuer: 'other' })).toEqual({ moved: 1 });
    expect(await instance.runOnce()).toMatchObject({ renewed: 1 });
    expect([issuer.issued.length, others.other?.issued.length]).toEqual([1, 2]);
  });

  it('goes before policy, window and what was told of them', async () => {
    const { clock, create, scheduler } = createTestBed({ renewalInfo: async () => windowOf(clock.now() + 50 * DAY) });
    await create('a.example');
    clock.advance(HOUR);
    const instance = scheduler({ policy: { fraction: 0.9 } });
    await instance.renewAllBefore(new Date(clock.now()));
    expect(await instance.runOnce()).toMatchObject({ renewed: 1 });
  });

  it('refuses what is no date, no issuer, or has nothing to renew', async () => {
    const { scheduler, storage, clock } = createTestBed();
    const instance = scheduler();
    for (const instant of [new Date(Number.NaN), 5, undefined] as never[]) {
      expect(await codeOf(instance.renewAllBefore(instant))).toBe('INVALID_ARGUMENT');
    }
    expect(await codeOf(instance.renewAllBefore(new Date(0), { issuer: 'nobody' }))).toBe('INVALID_ARGUMENT');
    const { RenewalScheduler } = await import('../../src/index.ts');
    expect(await codeOf(new RenewalScheduler({ storage, clock }).renewAllBefore(new Date(0)))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(instance.renewAllBefore(new Date(0), { signal: AbortSignal.abort() }))).toBe('ABORTED');
  });
});

const windowOf = (start: number, lengthMs = 2 * DAY): RenewalInfo => ({
  windowStart: new Date(start),
  windowEnd: new Date(start + lengthMs),
  retryAt: new Date(start - 1_000 * DAY),
});

describe('the window of an issuer (RFC 9773)', () => {
  /** An issuer that gives the window that a test sets, and says when to ask again. */
  function advised() {
    const state: { start?: number; retryMs: number; asked: number; failure?: Error } = { retryMs: 6 * HOUR, asked: 0 };
    const bed = createTestBed({
      renewalInfo: async () => {
        state.asked += 1;
        if (state.failure) throw state.failure;
        if (state.start === undefined) return undefined;
        return { ...windowOf(state.start), retryAt: new Date(bed.clock.now() + state.retryMs) };
      },
    });
    return { ...bed, state };
  }

  it('decides when a certificate is renewed, and is asked for when the issuer says', async () => {
    const { clock, create, scheduler, state } = advised();
    await create('a.example');
    const begun = clock.now();
    const days = storageSize(20, 4);
    state.start = begun + days * DAY;
    const instance = scheduler();
    let renewedAt: number | undefined;
    while (renewedAt === undefined && clock.now() < begun + 2 * days * DAY) {
      const { renewed, nextDueAt } = await instance.runOnce();
      if (renewed === 1) renewedAt = clock.now();
      else clock.set((nextDueAt as Date).getTime());
    }
    expect(renewedAt).toBeGreaterThanOrEqual(begun + days * DAY);
    expect(renewedAt).toBeLessThan(begun + (days + 2) * DAY);
    // Every six hours, from six hours on.
    expect(state.asked).toBeGreaterThanOrEqual(days * 4 - 1);
    expect(state.asked).toBeLessThanOrEqual((days + 2) * 4 + 1);
  });

  it('that moves into the past has the certificate renewed at the next asking: a mass revocation', async () => {
    const { clock, create, scheduler, state } = advised();
    await create('a.example');
    const instance = scheduler();
    state.start = clock.now() + 60 * DAY;
    for (let day = 0; day < 5; day++, clock.advance(DAY))
      expect(await instance.runOnce()).toMatchObject({ renewed: 0 });
    state.start = clock.now() - 3 * DAY;
    expect(await instance.runOnce()).toMatchObject({ renewed: 1 });
  });

  it('is asked for at least once a day, whatever the issuer says', async () => {
    const { clock, create, scheduler, state } = advised();
    await create('a.example');
    const instance = scheduler();
    state.start = clock.now() + 60 * DAY;
    state.retryMs = 10_000 * DAY;
    clock.advance(6 * HOUR);
    await instance.runOnce();
    state.start = clock.now() - 3 * DAY;
    clock.advance(DAY);
    expect(await instance.runOnce()).toMatchObject({ renewed: 1 });
  });

  // cert-manager#8993: five certificates in ten seconds, since a stored window outlived the renewal.
  it('is dropped with each generation: one in the past renews once, even if the issuer goes on giving it', async () => {
    const { clock, create, issuer, scheduler, state } = advised();
    await create('a.example');
    state.start = clock.now() - 10 * DAY;
    const instance = scheduler();
    const step = storageSize(30 * MINUTE, 4 * HOUR);
    for (const end = clock.now() + 3 * DAY; clock.now() < end; clock.advance(step)) await instance.runOnce();
    // A day passes between two renewals whatever the issuer says.
    expect(issuer.issued.length).toBeLessThanOrEqual(4);
    expect(issuer.issued.length).toBeGreaterThanOrEqual(3);
  });

  it('that cannot be had leaves the age to decide, and the old window where there was one', async () => {
    const { clock, create, scheduler, state, problems } = advised();
    const { renewAt } = await create('a.example');
    state.failure = new Error('no answer');
    const instance = scheduler();
    clock.advance(6 * HOUR);
    expect(await instance.runOnce()).toMatchObject({
      renewed: 0,
      postponed: 1,
      nextDueAt: new Date(clock.now() + 6 * HOUR),
    });
    expect(problems).toHaveLength(1);
    clock.set((renewAt as Date).getTime());
    expect(await instance.runOnce()).toMatchObject({ renewed: 1 });
    clock.advance(6 * HOUR);
    delete state.failure;
    state.start = clock.now() + 10 * DAY;
    await instance.runOnce();
    state.failure = new Error('no answer');
    clock.set(state.start + 2 * DAY);
    expect(await instance.runOnce()).toMatchObject({ renewed: 1 });
  });

  it('is nothing that an issuer without one has to give', async () => {
    const { clock, create, scheduler, state } = advised();
    const { renewAt } = await create('a.example');
    clock.advance(6 * HOUR);
    const instance = scheduler();
    expect(await instance.runOnce()).toMatchObject({ postponed: 1, nextDueAt: renewAt });
    expect(state.asked).toBe(1);
  });
});

describe('the budget of an issuer', () => {
  it('is shared by all instances, and counts nothing as a failure', async () => {
    const { clock, create, issuer, scheduler, told } = createTestBed();
    for (let at = 0; at < 9; at++) await create(`n${at}.example`);
    clock.advance(60 * DAY);
    const budgets = { main: { limit: 3, periodMs: 3 * HOUR } };
    const instances = [scheduler({ budgets, concurrency: 2 }), scheduler({ budgets, concurrency: 2 })];
    const begun = clock.now();
    const renewedAt: number[] = [];
    while (issuer.issued.length < 18 && clock.now() < begun + DAY) {
      const before = issuer.issued.length;
      await Promise.all(instances.map((instance) => instance.runOnce()));
      for (let at = before; at < issuer.issued.length; at++) renewedAt.push(clock.now() - begun);
      clock.advance(storageSize(10, 30) * MINUTE);
    }
    // Three at once, and then one an hour.
    expect(renewedAt.filter((ms) => ms === 0)).toHaveLength(3);
    expect(renewedAt).toHaveLength(9);
    expect(Math.max(...renewedAt)).toBeGreaterThanOrEqual(6 * HOUR);
    expect(Math.max(...renewedAt)).toBeLessThan(8 * HOUR);
    expect(await told('certificate.renewal_failed')).toEqual([]);
  });
});
