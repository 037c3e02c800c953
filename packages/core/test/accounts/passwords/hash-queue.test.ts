import { describe, expect, it } from 'vitest';
import { HashQueue } from '../../../src/accounts/passwords/hash-queue.ts';
import { codeOf } from '../../support/expect-error.ts';

/** A queue of one place, and work that ends when the test says so. */
function bench(options: { concurrency?: number; maxWaiting?: number } = {}) {
  const queue = new HashQueue({ concurrency: 1, ...options });
  const started: string[] = [];
  const ends: (() => void)[] = [];
  const add = (name: string, lane = name, rest: { known?: boolean; signal?: AbortSignal } = {}) =>
    queue.run(
      () => {
        started.push(name);
        return new Promise<string>((resolve) => ends.push(() => resolve(name)));
      },
      { lane, known: false, ...rest },
    );
  const finish = async () => {
    ends.shift()?.();
    await new Promise((resolve) => setImmediate(resolve));
  };
  return { add, finish, started };
}

describe('the queue of hashing', () => {
  it('runs as many at once as it may', async () => {
    const { add, finish, started } = bench({ concurrency: 2 });
    const all = [add('a'), add('b'), add('c')];
    expect(started).toEqual(['a', 'b']);
    await finish();
    expect(started).toEqual(['a', 'b', 'c']);
    await finish();
    await finish();
    expect(await Promise.all(all)).toEqual(['a', 'b', 'c']);
  });

  it('lets lanes take turns', async () => {
    const { add, finish, started } = bench();
    const names = ['a0', 'a1', 'a2', 'a3', 'b0', 'c0', 'b1'];
    const all = names.map((name) => add(name, name.charAt(0)));
    for (const _ of names) await finish();
    await Promise.all(all);
    expect(started).toEqual(['a0', 'a1', 'b0', 'c0', 'a2', 'b1', 'a3']);
  });

  it('puts known devices first', async () => {
    const { add, finish, started } = bench();
    const all = [add('a'), add('b'), add('c'), add('k', 'k', { known: true })];
    for (const _ of all) await finish();
    await Promise.all(all);
    expect(started).toEqual(['a', 'k', 'b', 'c']);
  });

  it('refuses past its end, and goes on', async () => {
    const { add, finish, started } = bench({ maxWaiting: 2 });
    const all = [add('a', 'x'), add('b', 'x'), add('c', 'x')];
    expect(await codeOf(add('d', 'x'))).toBe('OVERLOADED');
    for (const _ of all) await finish();
    await Promise.all(all);
    expect(started).toEqual(['a', 'b', 'c']);
    const last = add('e', 'x');
    await finish();
    expect(await last).toBe('e');
  });

  it('takes the place of a newcomer from the longest lane, its last first', async () => {
    const { add, finish, started } = bench({ maxWaiting: 3 });
    const flood = ['f0', 'f1', 'f2', 'f3'].map((name) => add(name, 'flood'));
    const victim = codeOf(flood[3] as Promise<string>);
    const other = add('other');
    expect(await victim).toBe('OVERLOADED');
    for (let step = 0; step < 4; step++) await finish();
    await Promise.all([...flood.slice(0, 3), other]);
    expect(started).toEqual(['f0', 'f1', 'other', 'f2']);
  });

  it('never takes the place of a known device for a stranger, and the reverse always', async () => {
    const { add, finish } = bench({ maxWaiting: 1 });
    const running = add('a');
    const known = add('k', 'k', { known: true });
    expect(await codeOf(add('s'))).toBe('OVERLOADED');
    await finish();
    await finish();
    await Promise.all([running, known]);
    const [again, stranger] = [add('a'), add('s')];
    const displaced = codeOf(stranger);
    const device = add('k', 'k', { known: true });
    expect(await displaced).toBe('OVERLOADED');
    await finish();
    await finish();
    await Promise.all([again, device]);
  });

  it('gives a place free whose owner has gone', async () => {
    const { add, finish, started } = bench({ maxWaiting: 1 });
    const stop = new AbortController();
    const running = add('a');
    const gone = codeOf(add('b', 'b', { signal: stop.signal }));
    stop.abort();
    expect(await gone).toBe('ABORTED');
    const next = add('c');
    await finish();
    await finish();
    await Promise.all([running, next]);
    expect(started).toEqual(['a', 'c']);
    expect(await codeOf(add('d', 'd', { signal: stop.signal }))).toBe('ABORTED');
  });

  it('gives the place of work that fails to the next', async () => {
    const queue = new HashQueue({ concurrency: 1 });
    const lane = { lane: 'a', known: false };
    const failing = queue.run(() => Promise.reject(new Error('broken')), lane);
    const next = queue.run(async () => 'done', lane);
    await expect(failing).rejects.toThrow('broken');
    expect(await next).toBe('done');
  });

  it('takes whole numbers only', async () => {
    for (const options of [{ concurrency: 0 }, { concurrency: 1.5 }, { maxWaiting: -1 }, { concurrency: Number.NaN }]) {
      expect(await codeOf(() => new HashQueue(options))).toBe('INVALID_ARGUMENT');
    }
  });
});
