import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renewalDue } from '../../../src/certificates/renewal-due.ts';
import type { RenewalJob } from '../../../src/ports/renewal-source.ts';
import { dueInWindow, nextWindowPoll } from '../../../src/renewal/renewal-window.ts';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const BEGIN = 1_800_000_000_000;

const job = (days: number, changes: Partial<RenewalJob> = {}): RenewalJob => ({
  certificateId: 'c1',
  issuer: 'public',
  generation: 1,
  version: 'v',
  dueAt: 0,
  attempts: 0,
  notBefore: BEGIN,
  notAfter: BEGIN + days * DAY,
  autoRenew: true,
  reason: 'renewal',
  warned: [],
  ...changes,
});
const window = (fromDay: number, toDay: number) => ({
  start: BEGIN + fromDay * DAY,
  end: BEGIN + toDay * DAY,
  retryAt: BEGIN + 6 * HOUR,
});
const byAge = (days: number) => renewalDue({ ...job(days), jitterSeed: 'c1' });

describe('the window of an issuer (RFC 9773)', () => {
  it('has every certificate renewed within it, spread over it, and always at the same instant', () => {
    const instants = Array.from({ length: 500 }, (_, at) =>
      dueInWindow(job(90, { certificateId: `c${at}` }), window(50, 52), byAge(90)),
    );
    expect(Math.min(...instants)).toBeGreaterThanOrEqual(BEGIN + 50 * DAY);
    expect(Math.max(...instants)).toBeLessThan(BEGIN + 52 * DAY);
    const early = instants.filter((instant) => instant < BEGIN + 51 * DAY).length;
    expect(early).toBeGreaterThan(200);
    expect(early).toBeLessThan(300);
    expect(dueInWindow(job(90), window(50, 52), byAge(90))).toBe(
      dueInWindow(job(90), { ...window(50, 52), retryAt: 0 }, byAge(90)),
    );
  });

  it('is drawn from anew when it moves, and for each generation', () => {
    const drawn = dueInWindow(job(90), window(50, 52), byAge(90));
    expect(dueInWindow(job(90, { generation: 2 }), window(50, 52), byAge(90))).not.toBe(drawn);
    expect(dueInWindow(job(90), window(50, 53), byAge(90))).not.toBe(drawn);
  });

  // cert-manager#8993: five certificates in ten seconds.
  it('that lies in the past does not have a certificate renewed that was just issued', () => {
    expect(dueInWindow(job(90), window(-10, -9), byAge(90))).toBe(BEGIN + DAY);
    expect(dueInWindow(job(6), window(-10, -9), byAge(6))).toBe(BEGIN + 0.6 * DAY);
  });

  it('that is too late leaves half of the time from the age at which it would be renewed', () => {
    const due = byAge(90);
    const latest = Math.floor(due + (BEGIN + 90 * DAY - due) / 2);
    expect(dueInWindow(job(90), window(95, 96), due)).toBe(latest);
  });

  it('never leads to an instant outside the life of the certificate', () => {
    const days = fc.integer({ min: -1_000, max: 1_000 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 400 }), days, days, (life, from, to) => {
        const due = dueInWindow(job(life), window(from, from + Math.abs(to)), byAge(life));
        return Number.isInteger(due) && due > BEGIN && due < BEGIN + life * DAY;
      }),
      { seed: 6, numRuns: 500 },
    );
  });

  it('is asked for as the issuer says, within a minute and a day', () => {
    const poll = (retryAt: number) => nextWindowPoll({ start: 0, end: 1, retryAt }, BEGIN) - BEGIN;
    expect(poll(BEGIN + 6 * HOUR)).toBe(6 * HOUR);
    expect(poll(BEGIN - HOUR)).toBe(60_000);
    expect(poll(BEGIN + 30 * DAY)).toBe(DAY);
  });
});
