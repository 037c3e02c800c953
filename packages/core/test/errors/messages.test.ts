import { describe, expect, it } from 'vitest';
import { invalidArgument } from '../../src/errors/from-issues.ts';
import { quote } from '../../src/errors/quote.ts';
import { requireMethods } from '../../src/errors/require-methods.ts';
import { signalOf } from '../../src/ports/abortable.ts';
import { codeOf, rejection } from '../support/expect-error.ts';
import { expectRefused, HOSTILE_VALUES } from '../support/hostile-values.ts';

describe('a value in a message', () => {
  it.each<[unknown, string]>([
    ['a "b"\n', '"a \\"b\\"\\n"'],
    ['\u202e', '"\\u202e"'],
    [undefined, 'undefined'],
    [null, 'null'],
    [Number.NaN, 'NaN'],
    [true, 'true'],
    [10n, '10n'],
    [['secret'], 'an array'],
    [{ secret: 1 }, 'an object'],
    [new Uint8Array(3), 'bytes'],
    [() => 'secret', 'a function'],
    [Symbol('secret'), 'a symbol'],
  ])('is told by what it is (%#)', (value, told) => {
    expect(quote(value)).toBe(told);
  });

  it.each(HOSTILE_VALUES)('is short whatever it is: %s', (_, value) => {
    expect(quote(value).length).toBeLessThan(700);
  });

  it('is cut where a number has no end', () => {
    expect(quote(10n ** 5_000n).length).toBeLessThan(120);
  });
});

describe("a schema's complaint", () => {
  const issue = (at: number) => ({ path: ['list', at], message: 'wrong' });

  it('is told to its tenth part, and counted', () => {
    const { message, issues } = invalidArgument(
      'options',
      Array.from({ length: 12 }, (_, at) => issue(at)),
    );
    expect(message).toMatch(/list\.9: wrong; and 2 more$/);
    expect(message).not.toContain('list.10');
    expect(issues).toHaveLength(12);
  });

  it('is cut where one rule names a million keys', () => {
    const error = invalidArgument('options', [{ path: [], message: 'k'.repeat(1_000_000) }]);
    expect(error.message.length).toBeLessThan(400);
    expect(error.issues[0]?.message.length).toBeLessThan(400);
    const long = invalidArgument('options', [{ path: ['profiles', 'k'.repeat(1_000_000)], message: 'wrong' }]);
    expect(long.message).toMatch(/^Invalid options: profiles\.k+…: wrong$/);
    expect(long.message.length).toBeLessThan(200);
  });
});

describe('a part that the host gives', () => {
  it('is refused where it is no object or lacks a method, which is named', async () => {
    for (const part of [undefined, null, 7, () => 0])
      expect(await codeOf(() => requireMethods(part, 'clock', ['now']))).toBe('INVALID_ARGUMENT');
    const error = await rejection(() => requireMethods({ now: 7 }, 'clock', ['now']));
    expect([error.code, error.message]).toEqual(['INVALID_ARGUMENT', 'clock has no method now()']);
    requireMethods({ now: () => 7 }, 'clock', ['now']);
  });
});

describe('the signal of a call', () => {
  it.each(HOSTILE_VALUES)('is a signal: %s', async (_, value) => {
    await expectRefused(() => signalOf({ signal: value as never }));
  });

  it('is looked for in an object', async () => {
    for (const options of [null, undefined, 7, 'now'])
      expect(await codeOf(() => signalOf(options as never))).toBe('INVALID_ARGUMENT');
    const { signal } = new AbortController();
    expect(signalOf({ signal })).toEqual({ signal });
    expect(signalOf({})).toEqual({});
  });
});
