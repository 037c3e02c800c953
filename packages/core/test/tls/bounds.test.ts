import { describe, expect, it, onTestFinished } from 'vitest';
import { choose, contextId, createScene } from './support/scene.ts';
import { quiet } from './support/virtual-timer.ts';

describe('the contexts', () => {
  it('are no more than the limit, and those used longest ago are loaded again', async () => {
    const { source, tls } = createScene({ maxContexts: 4 });
    for (let at = 0; at < 10; at++) await source.put({ id: `c${at}`, names: [`n${at}.example`] });
    for (let at = 0; at < 10; at++) await choose(tls, `n${at}.example`);
    expect(tls.health().contexts).toBe(4);
    for (let at = 6; at < 10; at++) expect((await choose(tls, `n${at}.example`)).isAtOnce).toBe(true);
    expect(source.loads).toHaveLength(10);
    // n6 is used, so that n7 is the next to go.
    await choose(tls, 'n6.example');
    expect(await choose(tls, 'n0.example')).toMatchObject({ isAtOnce: false, error: null });
    expect((await choose(tls, 'n6.example')).isAtOnce).toBe(true);
    expect((await choose(tls, 'n7.example')).isAtOnce).toBe(false);
    expect(tls.health().contexts).toBe(4);
  });
});

describe('a flood of names that somebody made up', () => {
  it('reads no more than the budget, remembers no more than the limit, and is refused past it', async () => {
    const { source, tls, time } = createScene({ lookupsPerSecond: 100, maxContexts: 10, fallback: 'self-signed' });
    await source.put({ id: 'a', names: ['a.example'] });
    const { context } = await choose(tls, 'a.example');
    source.versionReads.length = 0;
    let refused = 0;
    for (let second = 0; second < 20; second++) {
      const flood = Array.from({ length: 1_000 }, (_, at) => choose(tls, `x${second * 1_000 + at}.flood.test`));
      for (const { error } of await Promise.all(flood)) {
        if (error) expect(error).toMatchObject({ code: 'OVERLOADED', retryAfterMs: expect.any(Number) });
        if (error) refused += 1;
      }
      // Who has a certificate notices nothing.
      expect(await choose(tls, 'a.example')).toMatchObject({ context, error: null, isAtOnce: true });
      await time.pass(500);
      expect(await choose(tls, 'a.example')).toMatchObject({ context, error: null, isAtOnce: true });
      await time.pass(500);
    }
    expect(refused).toBe(20_000 - 100 * 20 + 1);
    const asked = source.versionReads.flat().filter((name) => name.endsWith('flood.test'));
    expect(new Set(asked).size).toBeLessThanOrEqual(100 * 20 + 1);
    expect(asked.length).toBeLessThanOrEqual(2 * 100 * 20);
    expect(source.loads).toEqual(['a.example']);
    expect(tls.health()).toMatchObject({ contexts: 1, names: { served: 1, absent: 100 } });
  });

  it('is served by a wildcard that covers it, past the budget too', async () => {
    const { source, tls } = createScene({ lookupsPerSecond: 10 });
    await source.put({ id: 'wild', names: ['*.example'] });
    const { context } = await choose(tls, 'first.example');
    const choices = await Promise.all(Array.from({ length: 500 }, (_, at) => choose(tls, `x${at}.example`)));
    for (const choice of choices) expect(choice).toMatchObject({ context, error: null });
    expect(new Set(source.versionReads.flat()).size).toBeLessThanOrEqual(11);
  });

  it('counts a name once, however many handshakes begin together', async () => {
    const { source, tls } = createScene({ lookupsPerSecond: 10 });
    await source.put({ id: 'a', names: ['a.example'] });
    const choices = await Promise.all(Array.from({ length: 200 }, () => choose(tls, 'a.example')));
    expect(choices.filter(({ error }) => error !== null)).toEqual([]);
  });

  it('counts a name again that could not be asked about', async () => {
    const { source, tls } = createScene({ lookupsPerSecond: 1 });
    source.state = 'down';
    expect((await choose(tls, 'a.example')).error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect((await choose(tls, 'a.example')).error).toMatchObject({ code: 'OVERLOADED' });
  });

  it('asks once in a second for a name that comes again and again', async () => {
    const { source, tls, time } = createScene();
    for (let handshake = 0; handshake < 300; handshake++) {
      expect((await choose(tls, 'nobody.example')).context).toBeUndefined();
      await time.pass(10);
    }
    expect(source.versionReads.length).toBeLessThanOrEqual(4);
  });

  it.each([
    '',
    '.',
    'a..b',
    '*.example',
    '192.0.2.1',
    '-a.example',
    'ä.example',
    'a b.example',
    'a\0.example',
    'x'.repeat(300),
  ])('reads nothing for %j, which is no host name', async (name) => {
    const { source, tls } = createScene({ fallback: 'self-signed' });
    const fallback = contextId(await tls.secureContext('192.0.2.1'));
    expect(await choose(tls, name)).toEqual({ error: null, context: fallback, isAtOnce: true });
    expect(source.versionReads).toEqual([]);
  });
});

describe('a resolver that is closed', () => {
  it('refuses, and holds nothing', async () => {
    const { source, tls, time } = createScene();
    await source.put({ id: 'a', names: ['a.example'] });
    await choose(tls, 'a.example');
    expect(source.listeners).toBe(2);
    source.state = 'hangs';
    const waiting = choose(tls, 'b.example');
    await quiet();
    await tls.close();
    await tls[Symbol.asyncDispose]();
    expect((await waiting).error).toMatchObject({ code: 'ABORTED' });
    expect((await choose(tls, 'a.example')).error).toMatchObject({ code: 'ABORTED' });
    await expect(tls.secureContext('a.example')).rejects.toMatchObject({ code: 'ABORTED' });
    await quiet();
    expect({ listeners: source.listeners, timers: time.pending }).toEqual({ listeners: 0, timers: 0 });
    expect(tls.health()).toMatchObject({ contexts: 0, names: { served: 0, absent: 0 } });
  });

  it('leaves no timer behind for handshakes that had to wait, and warns of nothing', async () => {
    const warnings: string[] = [];
    const keep = ({ name }: Error) => void warnings.push(name);
    process.on('warning', keep);
    onTestFinished(() => void process.off('warning', keep));
    const { source, tls, time } = createScene();
    for (let at = 0; at < 50; at++) await source.put({ id: `c${at}`, names: [`n${at}.example`] });
    await Promise.all(Array.from({ length: 50 }, (_, at) => choose(tls, `n${at}.example`)));
    // What is left is the one check of the names in demand.
    expect(time.pending).toBe(1);
    await quiet();
    expect(warnings).toEqual([]);
  });
});
