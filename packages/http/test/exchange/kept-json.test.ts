import { describe, expect, it } from 'vitest';
import { KeptJson } from '../../src/exchange/kept-json.ts';

const day = (number: number) => new Date(Date.UTC(2026, 0, number));
const shown = (change: object = {}) => ({
  id: 'a',
  count: 1,
  at: day(1),
  names: ['a.example', 'b.example'],
  absent: undefined,
  ...change,
});

describe('kept JSON', () => {
  it('is what JSON.stringify writes, the first time and again', () => {
    const kept = new KeptJson();
    for (let time = 0; time < 3; time++) {
      expect(kept.answer('a', shown(), { headers: ['etag', '"1"'] })).toEqual({
        status: 200,
        headers: ['content-type', 'application/json', 'etag', '"1"'],
        body: JSON.stringify(shown()),
      });
    }
  });

  it('is written once while nothing changes', () => {
    let written = 0;
    class Instant extends Date {
      override toJSON(): string {
        written += 1;
        return super.toJSON();
      }
    }
    const kept = new KeptJson();
    for (let time = 0; time < 3; time++) kept.answer('a', shown({ at: new Instant(0) }));
    expect(written).toBe(1);
  });

  it.each([
    ['a text', { id: 'b' }],
    ['a number', { count: 2 }],
    ['an instant', { at: day(2) }],
    ['no instant any more', { at: '2026-01-01' }],
    ['an item of a list', { names: ['a.example', 'c.example'] }],
    ['a longer list', { names: ['a.example', 'b.example', 'c.example'] }],
    ['a shorter list', { names: ['a.example'] }],
    ['no list any more', { names: 'a.example,b.example' }],
    ['a field that was absent', { absent: 0 }],
    ['a field that is absent', { count: undefined }],
    ['another field', { other: 1 }],
    ['null', { count: null }],
    ['an instant that is none', { at: new Date(Number.NaN) }],
  ])('is written anew for %s', (_, change) => {
    const kept = new KeptJson();
    for (const each of [shown(), shown(change), shown(change), shown()]) {
      expect(kept.answer('a', each).body).toBe(JSON.stringify(each));
    }
  });

  it('is written anew where a field has another name, and where something lies in a field', () => {
    const kept = new KeptJson();
    for (const each of [{ a: 1 }, { b: 1 }, { a: { b: 1 } }, { a: { b: 2 } }, { a: [{ b: 1 }] }, { a: [{ b: 2 }] }]) {
      expect(kept.answer('a', each).body).toBe(JSON.stringify(each));
    }
  });

  it('is of one resource, and none of them is long', () => {
    const kept = new KeptJson();
    kept.answer('a', { a: 1 });
    expect(kept.answer('b', { a: 2 }).body).toBe('{"a":2}');
    const long = { a: 'x'.repeat(8_192) };
    expect(kept.answer('a', long).body).toBe(JSON.stringify(long));
    expect(kept.size).toBe(1);
  });

  it('is kept of 1,024 resources at the most', () => {
    const kept = new KeptJson();
    for (let number = 0; number < 3_000; number++) kept.answer(`r${number}`, { number });
    expect(kept.size).toBe(1_024);
    expect(kept.answer('r0', { number: 0 }).body).toBe('{"number":0}');
    expect(kept.answer('r2999', { number: 1 }).body).toBe('{"number":1}');
    expect(kept.size).toBe(1_024);
  });
});
