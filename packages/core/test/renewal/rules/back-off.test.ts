import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CryptoProvider } from '../../../src/index.ts';
import { nextAttemptAt } from '../../../src/renewal/back-off.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOW = 1_800_000_000_000;

/** Randomness that always comes out the same: 0 to 255. */
const fixed = (byte: number) =>
  ({ randomBytes: (length: number) => new Uint8Array(length).fill(byte) }) as unknown as CryptoProvider;
const LOW = fixed(0);
const HIGH = fixed(255);
/** A certificate of 90 days with 30 left. */
const HEALTHY = { now: NOW, notBefore: NOW - 60 * DAY, notAfter: NOW + 30 * DAY };

describe('the pause after a failed renewal', () => {
  it('is 1, 10, 100 minutes, then a day, give or take a tenth', () => {
    const steps = [MINUTE, 10 * MINUTE, 100 * MINUTE, DAY, DAY, DAY];
    for (const [at, step] of steps.entries()) {
      const failed = { ...HEALTHY, attempts: at + 1 };
      expect(nextAttemptAt(failed, LOW) - NOW).toBe(Math.round(step * 0.9));
      expect(nextAttemptAt(failed, HIGH) - NOW).toBe(Math.round(step * 1.1));
    }
  });

  it('is the same for a first certificate, which has no end yet', () => {
    const first = { now: NOW, notBefore: 0, notAfter: 0 };
    expect(nextAttemptAt({ ...first, attempts: 2 }, LOW) - NOW).toBe(9 * MINUTE);
    expect(nextAttemptAt({ ...first, attempts: 9 }, LOW) - NOW).toBe(0.9 * DAY);
  });

  it('is no longer than a quarter of what is left, nor than a quarter of what has passed since the end', () => {
    for (const distance of [2 * DAY, -2 * DAY]) {
      const failed = { now: NOW, notBefore: NOW - 60 * DAY, notAfter: NOW + distance, attempts: 20 };
      expect(nextAttemptAt(failed, LOW) - NOW).toBe(0.9 * 12 * HOUR);
    }
    const ended = { now: NOW, notBefore: NOW - 200 * DAY, notAfter: NOW - 110 * DAY, attempts: 20 };
    expect(nextAttemptAt(ended, HIGH) - NOW).toBe(26.4 * HOUR);
  });

  it('is never shorter than a minute or a thousandth of the life, however near the end', () => {
    const near = { now: NOW, notBefore: NOW - 90 * DAY, notAfter: NOW + 1, attempts: 20 };
    expect(nextAttemptAt(near, LOW) - NOW).toBeCloseTo((0.9 * 90 * DAY) / 1_000, -1);
    const short = { now: NOW, notBefore: NOW - HOUR, notAfter: NOW + 1, attempts: 20 };
    expect(nextAttemptAt(short, LOW) - NOW).toBe(0.9 * MINUTE);
  });

  it('always leaves attempts before the end: daily is too seldom for a life of a day', () => {
    fc.assert(
      fc.property(fc.integer({ min: HOUR, max: 400 * DAY }), fc.integer({ min: 0, max: 255 }), (lifetime, byte) => {
        const notBefore = NOW;
        const notAfter = NOW + lifetime;
        let now = notBefore + Math.floor((lifetime * 2) / 3);
        let attempts = 0;
        while (now < notAfter) {
          attempts += 1;
          now = nextAttemptAt({ now, attempts, notBefore, notAfter }, fixed(byte));
        }
        return attempts >= 5;
      }),
      { seed: 6, numRuns: 200 },
    );
  });

  it('is as long as the issuer asks for, but no more than seven days', () => {
    const failed = { ...HEALTHY, attempts: 1 };
    expect(nextAttemptAt({ ...failed, retryAfter: NOW + 5 * HOUR }, LOW)).toBe(NOW + 5 * HOUR);
    expect(nextAttemptAt({ ...failed, retryAfter: NOW + 400 * DAY }, LOW)).toBe(NOW + 7 * DAY);
    expect(nextAttemptAt({ ...failed, retryAfter: NOW - HOUR }, LOW)).toBe(NOW + 0.9 * MINUTE);
    expect(nextAttemptAt({ ...failed, retryAfter: NOW + 1 }, LOW)).toBe(NOW + 0.9 * MINUTE);
    const together = { ...failed, retryAfter: NOW + 5 * HOUR };
    expect(nextAttemptAt(together, HIGH)).toBeGreaterThan(nextAttemptAt(together, LOW));
  });
});
