import { expect, it } from 'vitest';
import { RandomPool } from '../../src/crypto/random-pool.ts';

/** A generator that counts: every byte that it gives can be told from its neighbors. */
function counting() {
  const calls: number[] = [];
  let next = 0;
  const fill = (target: Uint8Array) => {
    calls.push(target.length);
    for (let at = 0; at < target.length; at++) target[at] = next++ & 0xff;
  };
  return { calls, fill };
}

it('hands out every byte of the generator once, in order', () => {
  const { fill, calls } = counting();
  const pool = new RandomPool(fill);
  const drawn = Array.from({ length: 128 }, () => [...pool.draw(32)]).flat();
  expect(drawn).toEqual(Array.from({ length: 4096 }, (_, at) => at & 0xff));
  expect(calls).toEqual([4096]);
  pool.draw(1);
  expect(calls).toEqual([4096, 4096]);
});

it('leaves the rest of a page that is too short for a draw', () => {
  const { fill } = counting();
  const pool = new RandomPool(fill);
  for (let at = 0; at < 81; at++) pool.draw(50);
  expect([...pool.draw(50)]).toEqual(Array.from({ length: 50 }, (_, at) => at));
});

it('asks the generator itself for what is long', () => {
  const { fill, calls } = counting();
  const pool = new RandomPool(fill);
  expect(pool.draw(65)).toHaveLength(65);
  expect(calls).toEqual([65]);
});

it('gives copies: what a caller does to them does not reach the next', () => {
  const { fill } = counting();
  const pool = new RandomPool(fill);
  const first = pool.draw(16);
  expect(first.buffer.byteLength).toBe(16);
  first.fill(0xff);
  expect([...pool.draw(4)]).toEqual([16, 17, 18, 19]);
});

it.each([Number.NaN, -1, 1.5, Number.POSITIVE_INFINITY, undefined, '16'])(
  'refuses a length of %s, and goes on as before',
  (length) => {
    const { fill } = counting();
    const pool = new RandomPool(fill);
    pool.draw(16);
    expect(() => pool.draw(length as number)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }));
    expect([...pool.draw(4)]).toEqual([16, 17, 18, 19]);
  },
);
