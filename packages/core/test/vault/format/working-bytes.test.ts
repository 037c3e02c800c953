import { describe, expect, it } from 'vitest';
import { WorkingBytes } from '../../../src/vault/format/working-bytes.ts';

describe('working memory', () => {
  it('is used again once it was given back, and holds zeros then', () => {
    const memory = new WorkingBytes(100);
    const first = memory.take(100);
    expect(first).toEqual(new Uint8Array(100));
    first.fill(7);
    memory.giveBack(first);
    const second = memory.take(40);
    expect(second.buffer).toBe(first.buffer);
    expect(second).toEqual(new Uint8Array(40));
    expect(first).toEqual(new Uint8Array(100));
  });

  it('is never with two at one time', () => {
    const memory = new WorkingBytes(100);
    const [first, second, third] = [memory.take(10), memory.take(10), memory.take(10)];
    expect(new Set([first.buffer, second.buffer, third.buffer]).size).toBe(3);
    second.fill(2);
    third.fill(3);
    // Late, and after others: nothing of theirs is touched or handed out.
    memory.giveBack(first);
    expect(memory.take(10).buffer).not.toBe(third.buffer);
    expect(third).toEqual(new Uint8Array(10).fill(3));
    memory.giveBack(second);
    expect(second).toEqual(new Uint8Array(10));
  });

  it('goes on where some is never given back', () => {
    const memory = new WorkingBytes(100);
    memory.take(100).fill(9);
    const next = memory.take(100);
    expect(next).toEqual(new Uint8Array(100));
    memory.giveBack(next);
    expect(memory.take(100).buffer).toBe(next.buffer);
  });

  it('that is longer than what is kept is overwritten as well', () => {
    const memory = new WorkingBytes(100);
    const long = memory.take(101).fill(1);
    memory.giveBack(long);
    expect(long).toEqual(new Uint8Array(101));
    expect(memory.take(101).buffer).not.toBe(long.buffer);
  });
});
