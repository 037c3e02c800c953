import { describe, expect, it } from 'vitest';
import { overviewOf } from '../src/dashboard/overview.ts';
import type { RollEntry } from '../src/dashboard/rolls.ts';
import { parseOptions } from '../src/options.ts';
import { DEFAULT_PACE, shortLivedFraction } from '../src/pace.ts';

const NOW = Date.parse('2026-06-01T12:00:00Z');
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

function entry(id: string, state: RollEntry['state'], ends?: number, renewed?: number): RollEntry {
  return {
    id,
    state,
    subjectAltNames: [`${id}.example`],
    ...(ends === undefined ? {} : { notAfter: new Date(NOW + ends) }),
    ...(renewed === undefined ? {} : { renewAt: new Date(NOW + renewed) }),
  };
}

describe('the overview', () => {
  const entries = [
    entry('late', 'issued', 50 * DAY, 20 * DAY),
    entry('soon', 'issued', 50 * DAY, 2 * HOUR + 1),
    entry('overdue', 'issued', 5 * DAY, -HOUR),
    entry('unrenewed', 'issued', 3 * DAY + 1),
    entry('ended', 'issued', -2 * HOUR, -20 * DAY),
    entry('revoked', 'revoked', 50 * DAY),
    entry('long-ago', 'issued', -400 * DAY),
    entry('pending', 'pending'),
    entry('failed', 'failed'),
  ];
  const { total, counts, timeline, renewals, endings } = overviewOf(entries, NOW);
  const at = (ms: number) => timeline.find(({ from, to }) => from <= ms && ms < to);

  it('counts each certificate once', () => {
    expect(total).toBe(9);
    expect(counts).toEqual({ valid: 3, ending: 1, expired: 2, revoked: 1, pending: 1, failed: 1 });
  });

  it('puts ends and renewals where they belong, and what is overdue at the present', () => {
    expect(at(50 * DAY)).toMatchObject({ renewing: 2, revoked: 1, ending: 0, expired: 0 });
    expect(at(3 * DAY + 1)).toMatchObject({ ending: 1 });
    expect(at(-2 * HOUR)).toMatchObject({ expired: 1 });
    expect(at(0)).toMatchObject({ renewals: 1 });
    expect(at(2 * HOUR + 1)).toMatchObject({ renewals: 1 });
    // What ended a year ago is on no timeline.
    expect(timeline.reduce((sum, { expired }) => sum + expired, 0)).toBe(1);
  });

  it('has columns that meet, and one that begins at the present', () => {
    for (const [index, { from }] of timeline.entries()) {
      if (index > 0) expect(from).toBe(timeline[index - 1]?.to);
    }
    expect(timeline.map(({ from }) => from)).toContain(0);
  });

  it('lists what is next, soonest first', () => {
    expect(renewals.map(({ id }) => id)).toEqual(['overdue', 'soon', 'late']);
    expect(endings.map(({ id }) => id)).toEqual(['unrenewed']);
  });
});

describe('the pace', () => {
  it('has a brief certificate renewed when it says', () => {
    const [lifetime, backdated] = [DEFAULT_PACE.lifetimeMs, 300_000];
    expect(shortLivedFraction(DEFAULT_PACE) * (backdated + lifetime) - backdated).toBeCloseTo(
      DEFAULT_PACE.renewAfterMs,
    );
  });
});

describe('the command line', () => {
  it('has defaults, and takes one storage', () => {
    expect(parseOptions([])).toMatchObject({
      storage: { kind: 'memory' },
      port: 8_080,
      tlsPort: 8_443,
      check: false,
    });
    expect(parseOptions(['--redis', 'redis://a'])?.storage).toEqual({ kind: 'redis', url: 'redis://a' });
    expect(parseOptions(['--pglite', 'data'])?.storage).toEqual({ kind: 'pglite', folder: 'data' });
    expect(parseOptions(['--check'])).toMatchObject({ port: 0, tlsPort: 0, check: true });
    expect(parseOptions(['--help'])).toBeUndefined();
  });

  it.each([
    [['--redis', 'a', '--postgres', 'b'], /one of/],
    [['--port', '65536'], /--port must be a whole number up to 65535, not "65536"/],
    [['--certificates', '-1'], /--certificates/],
    [['--prot', '1'], /--prot/],
    [['extra'], /extra/],
  ])('refuses %j', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message);
  });
});
