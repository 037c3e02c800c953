import { describe, expect, it } from 'vitest';
import { OpenNames } from '../../../src/acme/issuer/open-names.ts';
import { StorageError } from '../../../src/index.ts';
import { codeOf } from '../../support/expect-error.ts';

describe('the names with an open challenge', () => {
  /** A storage whose answers, and a rest whose end, a test decides on. */
  function scene() {
    const looks: { answer(names: readonly string[], cursor?: string): void; fail(error: Error): void }[] = [];
    const rests: (() => void)[] = [];
    const store = {
      query: () =>
        new Promise((resolve, reject) => {
          looks.push({
            answer: (names, cursor) =>
              resolve({ entries: names.map((name) => ({ id: `tls-alpn-01/${name}` })), ...(cursor && { cursor }) }),
            fail: reject,
          });
        }),
    };
    const sleep = () => new Promise<void>((resolve) => rests.push(resolve));
    const names = new OpenNames({ store: store as never, sleep });
    return { names, looks, rests, settle: () => new Promise<void>((resolve) => setImmediate(resolve)) };
  }

  it('are read anew for who came after the last look began, and not before a rest', async () => {
    const { names, looks, rests, settle } = scene();
    const first = names.has('a');
    await settle();
    const [second, third] = [names.has('b'), names.has('c')];
    await settle();
    expect(looks).toHaveLength(1);
    looks[0]?.answer(['a', 'b']);
    expect(await first).toBe(true);
    await settle();
    expect([looks.length, rests.length]).toEqual([1, 1]);
    rests[0]?.();
    await settle();
    expect(looks).toHaveLength(2);
    looks[1]?.answer(['c']);
    expect(await Promise.all([second, third])).toEqual([false, true]);
    expect(await names.has('c')).toBe(true);
    names.forget('c');
    const gone = names.has('c');
    rests[1]?.();
    await settle();
    looks[2]?.answer([]);
    expect(await gone).toBe(false);
  });

  it('are not known where a look fails, to who waits for it alone', async () => {
    const { names, looks, rests, settle } = scene();
    const waiting = [names.has('a'), names.has('b')].map((each) => codeOf(each));
    await settle();
    looks[0]?.fail(new StorageError('STORAGE_UNAVAILABLE', 'down'));
    expect(await Promise.all(waiting)).toEqual(['STORAGE_UNAVAILABLE', 'STORAGE_UNAVAILABLE']);
    const next = names.has('a');
    rests[0]?.();
    await settle();
    looks[1]?.answer(['a']);
    expect(await next).toBe(true);
  });

  it('are not known where there are more than fit in memory, or more wait than may', async () => {
    const { names, looks, rests, settle } = scene();
    const first = [names.has('a'), names.has('z')];
    await settle();
    looks[0]?.answer(['a'], 'more');
    expect(await Promise.all(first)).toEqual([true, undefined]);
    rests[0]?.();
    const waiting = Array.from({ length: 10_000 }, (_, at) => names.has(`x${at}`));
    expect(await names.has('one too many')).toBeUndefined();
    expect(await names.has('a')).toBe(true);
    await settle();
    looks[1]?.answer([]);
    expect(new Set(await Promise.all(waiting))).toEqual(new Set([false]));
    rests[1]?.();
    const after = names.has('b');
    await settle();
    looks[2]?.answer(['b']);
    expect(await after).toBe(true);
  });
});
