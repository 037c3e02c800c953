import { expect } from 'vitest';
import { rejection } from './expect-error.ts';

/** What no option of any call is made of, though a caller without types may give it. */
export const HOSTILE_VALUES: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['NaN', Number.NaN],
  ['a negative number', -1],
  ['a bigint', 10n],
  ['a symbol', Symbol('secret')],
  ['a function', () => 'secret'],
  ['an object', { secret: 'secret' }],
  ['an object without a prototype', Object.create(null)],
  ['a list of nothing', [null]],
  ['an invalid date', new Date(Number.NaN)],
  ['a megabyte of text', '\ud800'.repeat(1_000_000)],
  ['a megabyte of bytes', new Uint8Array(1_000_000)],
  ['what cannot be made text', { toString: refusing, [Symbol.toPrimitive]: refusing }],
];

/** Expects a refusal by an error of the SDK's, as short as a log line and without anything that was in the value. */
export async function expectRefused(call: () => unknown): Promise<void> {
  const { message } = await rejection(call);
  expect(message.length).toBeLessThan(1_000);
  expect(message).not.toMatch(/secret|\[object|Cannot|is not a function/);
}

function refusing(): never {
  throw new Error('this value is not to be made text');
}
