import { describe, expect, it } from 'vitest';
import { json } from '../../src/exchange/answer.ts';
import { KeptJson } from '../../src/exchange/kept-json.ts';

const etag = ['etag', '"1"'] as const;

/** Makes answers, and counts them. */
function maker(value: unknown) {
  const made = { count: 0 };
  return {
    made,
    make() {
      made.count += 1;
      return json(value, { headers: etag });
    },
  };
}

describe('kept JSON', () => {
  it('is what was made, the first time and again, with its length', () => {
    const kept = new KeptJson();
    const value = { name: 'Zürich 🔐' };
    for (let time = 0; time < 3; time++) {
      expect(kept.answer('a', ['1', 'valid'], () => json(value, { headers: etag }))).toEqual({
        status: 200,
        headers: ['content-type', 'application/json', ...etag],
        body: JSON.stringify(value),
        length: Buffer.byteLength(JSON.stringify(value)),
      });
    }
  });

  it('is made once while the marks stay', () => {
    const kept = new KeptJson();
    const { made, make } = maker({ a: 1 });
    for (let time = 0; time < 3; time++) kept.answer('a', ['1', 'valid'], make);
    expect(made.count).toBe(1);
  });

  it.each([
    ['the first mark', ['2', 'valid']],
    ['the last mark', ['1', 'expired']],
    ['all marks', ['2', 'expired']],
  ])('is made anew for another value of %s, and when it is the former one again', (_, marks) => {
    const kept = new KeptJson();
    const states = [['1', 'valid'], marks, marks, ['1', 'valid']];
    for (const [at, each] of states.entries()) {
      const value = { at: at === 2 ? 1 : at };
      expect(kept.answer('a', each, () => json({ at })).body).toBe(JSON.stringify(value));
    }
  });

  it('is of one resource, and none of them is long', () => {
    const kept = new KeptJson();
    kept.answer('a', ['1'], () => json({ a: 1 }));
    expect(kept.answer('b', ['1'], () => json({ a: 2 })).body).toBe('{"a":2}');
    const long = maker({ a: 'x'.repeat(8_192) });
    for (let time = 0; time < 2; time++) kept.answer('a', ['2'], long.make);
    expect([long.made.count, kept.size]).toEqual([2, 1]);
  });

  it('is kept of 1,024 resources at the most', () => {
    const kept = new KeptJson();
    for (let number = 0; number < 3_000; number++) kept.answer(`r${number}`, ['1'], () => json({ number }));
    expect(kept.size).toBe(1_024);
    expect(kept.answer('r0', ['1'], () => json({ number: 'anew' })).body).toBe('{"number":"anew"}');
    expect(kept.answer('r2999', ['1'], () => json({ number: 'anew' })).body).toBe('{"number":2999}');
    expect(kept.size).toBe(1_024);
  });
});
