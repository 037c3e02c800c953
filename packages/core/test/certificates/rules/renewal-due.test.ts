import { describe, expect, it } from 'vitest';
import { renewalDue } from '../../../src/index.ts';
import { codeOf, rejection } from '../../support/expect-error.ts';

const DAY = 86_400_000;
const notBefore = Date.UTC(2026, 0, 1);
const dueDay = (lifetimeDays: number, jitterSeed: string, policy = {}) =>
  (renewalDue({ notBefore, notAfter: notBefore + lifetimeDays * DAY, policy, jitterSeed }) - notBefore) / DAY;

describe('renewalDue', () => {
  it('is day 60 of 90 without jitter, half of a life below ten days, and what the policy says (S1-10, S4-10)', () => {
    const still = { jitter: 0 };
    expect(dueDay(90, 'a', still)).toBeCloseTo(60, 6);
    expect(dueDay(47, 'a', still)).toBeCloseTo(47 * (2 / 3), 6);
    expect(dueDay(10, 'a', still)).toBeCloseTo(20 / 3, 6);
    expect(dueDay(9.99, 'a', still)).toBeCloseTo(4.995, 6);
    expect(dueDay(90, 'a', { jitter: 0, fraction: 0.8 })).toBeCloseTo(72, 6);
    expect(dueDay(6, 'a', { jitter: 0, shortLivedFraction: 0.25 })).toBeCloseTo(1.5, 6);
  });

  it('comes earlier by up to the jitter, never later, the same for the same certificate', () => {
    const days = Array.from({ length: 2_000 }, (_, at) => dueDay(100, `certificate-${at}`));
    const latest = 100 * (2 / 3);
    expect(Math.max(...days)).toBeLessThanOrEqual(latest + 1e-6);
    expect(Math.min(...days)).toBeGreaterThanOrEqual(latest - 5 - 1e-6);
    // Spread over the whole of it: each fifth has its share.
    for (let fifth = 0; fifth < 5; fifth++) {
      const share = days.filter((day) => day > latest - fifth - 1 && day <= latest - fifth).length;
      expect(share, `fifth ${fifth}`).toBeGreaterThan(300);
      expect(share, `fifth ${fifth}`).toBeLessThan(500);
    }
    expect(dueDay(100, 'certificate-7')).toBe(days[7]);
    expect(Number.isInteger(renewalDue({ notBefore, notAfter: notBefore + 12_345_678, jitterSeed: 'x' }))).toBe(true);
  });

  it('is never before the certificate is valid, whatever the policy', () => {
    expect(dueDay(90, 'a', { fraction: 0.01, jitter: 0.9 })).toBeGreaterThanOrEqual(0);
  });

  it('refuses what is no instant, and what is no seed', async () => {
    const good = { notBefore, notAfter: notBefore + DAY, jitterSeed: 'a' };
    for (const bad of [undefined, null, Number.NaN, Number.POSITIVE_INFINITY, '0', new Date(0), 0n]) {
      for (const option of ['notBefore', 'notAfter']) {
        const error = await rejection(() => renewalDue({ ...good, [option]: bad }));
        expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', expect.stringContaining(option)]);
      }
    }
    expect(await codeOf(() => renewalDue({ ...good, jitterSeed: 7 as never }))).toBe('INVALID_ARGUMENT');
    expect(await codeOf(() => renewalDue(undefined as never))).toBe('INVALID_ARGUMENT');
  });
});
