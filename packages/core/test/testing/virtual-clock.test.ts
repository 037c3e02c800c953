import { SeededRandom, VirtualClock } from '@chancery/core/testing';
import { describe, expect, it } from 'vitest';

describe('VirtualClock', () => {
  it('starts where it is told, and moves only when it is told', () => {
    const clock = new VirtualClock(1000);
    expect(clock.now()).toBe(1000);
    expect(clock.advance(90)).toBe(1090);
    expect(clock.advance(0)).toBe(1090);
    clock.set(5);
    expect(clock.now()).toBe(5);
    expect(new Date(new VirtualClock().now()).toISOString()).toBe('2026-01-01T00:00:00.000Z');
  });

  it.each([-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])('refuses to advance by %s', (milliseconds) => {
    const clock = new VirtualClock(1000);
    expect(() => clock.advance(milliseconds)).toThrow(
      expect.objectContaining({ code: 'INVALID_ARGUMENT', message: expect.stringContaining(String(milliseconds)) }),
    );
    expect(clock.now()).toBe(1000);
  });
});

describe('SeededRandom', () => {
  it('repeats itself for a seed, and differs for the next', () => {
    const draw = (seed: number) => {
      const random = new SeededRandom(seed);
      return [
        random.next(),
        random.integer(0, 1e6),
        random.hex(8),
        random.shuffle([1, 2, 3, 4, 5, 6]),
        random.pick('abcdef'.split('')),
      ];
    };
    expect(draw(42)).toEqual(draw(42));
    expect(draw(43)).not.toEqual(draw(42));
    expect(draw(2 ** 40 + 42)).not.toEqual(draw(42));
  });

  it('covers its range evenly', () => {
    const random = new SeededRandom(1);
    const counts = new Array<number>(10).fill(0);
    for (let draw = 0; draw < 20_000; draw++) counts[random.integer(0, 9)]! += 1;
    for (const count of counts) expect(Math.abs(count - 2000)).toBeLessThan(250);
    expect(new Set(Array.from({ length: 1000 }, () => random.chance(0)))).toEqual(new Set([false]));
    expect(new Set(Array.from({ length: 1000 }, () => random.chance(1)))).toEqual(new Set([true]));
  });
});
