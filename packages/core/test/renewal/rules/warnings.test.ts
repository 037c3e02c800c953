import { describe, expect, it } from 'vitest';
import { dueWarning, isOverdue, nextWarningAt } from '../../../src/renewal/warnings.ts';

const DAY = 86_400_000;
const END = 1_800_000_000_000;
const job = (lifetimeDays: number, warned: readonly number[] = []) => ({
  notBefore: END - lifetimeDays * DAY,
  notAfter: END,
  warned,
});
const TIERS = [30, 7];
const tierAt = (instant: number, ...made: Parameters<typeof job>) => dueWarning(job(...made), TIERS, instant)?.tier;

// features.md S1-11
describe('a warning', () => {
  it('is due 30 and 7 days before the end, each once', () => {
    expect(tierAt(END - 30 * DAY - 1, 90)).toBeUndefined();
    expect(tierAt(END - 30 * DAY, 90)).toBe(30);
    expect(tierAt(END - 30 * DAY, 90, [30])).toBeUndefined();
    expect(tierAt(END - 7 * DAY, 90, [30])).toBe(7);
    expect(tierAt(END - 7 * DAY, 90, [30, 7])).toBeUndefined();
    expect(tierAt(END + DAY, 90, [30, 7])).toBeUndefined();
    expect(dueWarning(job(90), TIERS, END)).toEqual({ tier: 7, notAfter: END });
  });

  it('of the farther tier is not told after the nearer one', () => {
    expect(tierAt(END - DAY, 90)).toBe(7);
    expect(tierAt(END - DAY, 90, [7])).toBeUndefined();
    expect(nextWarningAt(job(90, [7]), TIERS, END - DAY)).toBeUndefined();
  });

  it('counts in proportion in a short life, and in days in a long one', () => {
    expect(tierAt(END - 2 * DAY - 1, 6)).toBeUndefined();
    expect(tierAt(END - 2 * DAY, 6)).toBe(30);
    expect(tierAt(END - 30 * DAY - 1, 365)).toBeUndefined();
    expect(tierAt(END - 30 * DAY, 365)).toBe(30);
    expect(dueWarning(job(90), [90, 120], END - 1)).toBeUndefined();
  });

  it('comes next at the next tier', () => {
    expect(nextWarningAt(job(90), TIERS, END - 80 * DAY)).toBe(END - 30 * DAY);
    expect(nextWarningAt(job(90), TIERS, END - 30 * DAY)).toBe(END - 7 * DAY);
    expect(nextWarningAt(job(90), TIERS, END - 7 * DAY)).toBeUndefined();
    expect(nextWarningAt(job(90), [], 0)).toBeUndefined();
  });
});

describe('a renewal', () => {
  it('is overdue after a day, or a quarter of what was left of a short life', () => {
    const renewAt = END - 30 * DAY;
    expect(isOverdue(job(90), renewAt, renewAt + DAY - 1)).toBe(false);
    expect(isOverdue(job(90), renewAt, renewAt + DAY)).toBe(true);
    const late = END - DAY;
    expect(isOverdue(job(3), late, late + DAY / 4 - 1)).toBe(false);
    expect(isOverdue(job(3), late, late + DAY / 4)).toBe(true);
  });
});
