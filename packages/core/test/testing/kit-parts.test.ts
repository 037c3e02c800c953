import { describe, expect, it } from 'vitest';
import { ExpectationError, expectEqual, expectStorageError } from '../../src/testing/assertions.ts';
import { firstDifference } from '../../src/testing/difference.ts';
import { findLinearization, type HistoryEvent } from '../../src/testing/storage/linearizability.ts';

describe('firstDifference', () => {
  it.each<[unknown, unknown, string | undefined]>([
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] }, undefined],
    [{ a: 1, b: undefined }, { a: 1 }, undefined],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 2), undefined],
    [0, -0, 'expected -0, found 0'],
    [Number.NaN, Number.NaN, undefined],
    [{ a: [1, { b: 2 }] }, { a: [1, { b: 3 }] }, 'at a[1].b: expected 3, found 2'],
    [[1], [1, 2], 'expected 2 items [1,2], found 1 [1]'],
    [{ a: 1 }, { a: 1, b: 2 }, 'at b: expected 2, found undefined'],
    [{ a: 1, b: 2 }, { a: 1 }, 'at b: expected undefined, found 2'],
    [Uint8Array.of(1, 2), Uint8Array.of(1, 3), 'expected byte 3 at offset 1, found 2'],
    [Uint8Array.of(1), Uint8Array.of(), 'expected 0 bytes, found 1'],
    [{ x: Uint8Array.of(1) }, { x: [1] }, 'at x: expected [1], found 1 bytes'],
    [[], {}, 'expected {}, found []'],
    [null, {}, 'expected {}, found null'],
    ['1', 1, 'expected 1, found "1"'],
  ])('of %j and %j', (actual, expected, difference) => {
    expect(firstDifference(actual, expected)).toBe(difference);
  });

  it('sees own keys only, __proto__ among them', () => {
    const own = JSON.parse('{"__proto__":1}');
    expect(firstDifference({}, own)).toBe('at __proto__: expected 1, found undefined');
    expect(firstDifference(own, JSON.parse('{"__proto__":1}'))).toBeUndefined();
    expect(firstDifference({ constructor: 1 }, {})).toBe('at constructor: expected undefined, found 1');
  });
});

describe('assertions', () => {
  it('expectEqual says what was claimed and where it broke', () => {
    expect(() => expectEqual({ a: 1 }, { a: 2 }, 'the claim')).toThrow(
      new ExpectationError('the claim: at a: expected 2, found 1'),
    );
  });

  const coded = (fields: object) =>
    Object.assign(new Error('message'), { code: 'STORAGE_INVALID', outcome: 'none', retryable: false, ...fields });

  it.each<[string, () => Promise<unknown>, RegExp | undefined]>([
    ['a fitting error', () => Promise.reject(coded({})), undefined],
    ['another code', () => Promise.reject(coded({ code: 'STORAGE_CLOSED' })), /expected STORAGE_INVALID/],
    ['another outcome', () => Promise.reject(coded({ outcome: 'unknown' })), /outcome of STORAGE_INVALID/],
    ['no retryable', () => Promise.reject(coded({ retryable: undefined })), /retryable/],
    ['an answer', () => Promise.resolve([]), /resolved with \[\]/],
    [
      'no error at all',
      () => Promise.reject({ code: 'STORAGE_INVALID', outcome: 'none', retryable: false }),
      /expected STORAGE_INVALID/,
    ],
    [
      'a throw',
      () => {
        throw coded({});
      },
      /threw instead of rejecting/,
    ],
  ])('expectStorageError judges %s', async (_name, call, failure) => {
    const judged = expectStorageError(call, 'STORAGE_INVALID', 'the claim');
    if (failure === undefined) await expect(judged).resolves.toBeUndefined();
    else await expect(judged).rejects.toThrow(failure);
  });
});

describe('findLinearization', () => {
  type Call = { read: true } | { write: number };
  const event = (call: Call, answer: number, invoked: number, returned: number): HistoryEvent<Call, number> => ({
    call,
    answer,
    invoked,
    returned,
  });
  const register = (state: number, call: Call, answer: number) => {
    if ('write' in call) return call.write;
    return state === answer ? state : undefined;
  };
  const explained = (history: HistoryEvent<Call, number>[]) => findLinearization(history, 0, register);

  it('explains overlapping calls in either order', () => {
    const write = event({ write: 1 }, 0, 1, 10);
    expect(explained([write, event({ read: true }, 0, 2, 3), event({ read: true }, 1, 4, 5)])).toBe(true);
    expect(explained([write, event({ read: true }, 1, 2, 3), event({ read: true }, 1, 4, 5)])).toBe(true);
  });

  it('finds a value that goes back, and a read that misses a finished write', () => {
    const write = event({ write: 1 }, 0, 1, 10);
    expect(explained([write, event({ read: true }, 1, 2, 3), event({ read: true }, 0, 4, 5)])).toBe(false);
    expect(explained([event({ write: 1 }, 0, 1, 2), event({ read: true }, 0, 3, 4)])).toBe(false);
    expect(explained([event({ read: true }, 7, 1, 2)])).toBe(false);
  });
});
