import { describe, expect, it, vi } from 'vitest';
import { ConflictError } from '../../src/errors/families.ts';
import { choose, contextId, createScene } from './support/scene.ts';
import { quiet } from './support/virtual-timer.ts';

const anyName = () => true;

describe('certificates on demand', () => {
  it('are got at the first handshake, once, and serve', async () => {
    const { source, tls } = createScene({ onDemand: { allow: async (name) => name.endsWith('.example') } });
    const choices = await Promise.all(Array.from({ length: 30 }, () => choose(tls, 'new.example')));
    expect(new Set(choices.map(({ context }) => context)).size).toBe(1);
    expect(choices[0]).toMatchObject({ error: null, context: expect.anything() });
    expect(source.obtained).toEqual(['new.example']);
    expect((await choose(tls, 'new.example')).isAtOnce).toBe(true);
  });

  it('are not got for a name that has one, nor for one that a wildcard serves', async () => {
    const { source, tls } = createScene({ onDemand: { allow: anyName } });
    await source.put({ id: 'wild', names: ['*.example', 'a.test'] });
    for (const name of ['x.example', 'a.test']) expect((await choose(tls, name)).context).toBeDefined();
    expect(source.obtained).toEqual([]);
  });

  it.each([
    ['refuses', async () => false],
    ['gives something else than true', () => 'yes' as unknown as boolean],
    ['throws', () => Promise.reject(new Error('no idea'))],
  ])('are not got where allow %s, which is asked once a minute', async (_, allow) => {
    const asked = vi.fn(allow);
    const { source, tls, time } = createScene({ fallback: 'self-signed', onDemand: { allow: asked } });
    const fallback = contextId(await tls.secureContext('192.0.2.1'));
    for (let handshake = 0; handshake < 20; handshake++) {
      expect(await choose(tls, 'no.example')).toMatchObject({ error: null, context: fallback });
    }
    expect(asked).toHaveBeenCalledTimes(1);
    await time.pass(60_001);
    await choose(tls, 'no.example');
    expect(asked).toHaveBeenCalledTimes(2);
    expect(source.obtained).toEqual([]);
  });

  it('that were refused are asked for again once the clock was set back', async () => {
    const allow = vi.fn(() => false);
    const { tls, clock } = createScene({ onDemand: { allow } });
    await choose(tls, 'no.example');
    clock.set(clock.now() - 3_600_000);
    await choose(tls, 'no.example');
    expect(allow).toHaveBeenCalledTimes(2);
  });

  it('that the issuer refuses are not asked for again within a minute', async () => {
    const { source, tls, time } = createScene({ onDemand: { allow: anyName } });
    source.issue = () => Promise.reject(new ConflictError('COMMIT_CONFLICT', 'The name is taken'));
    for (let handshake = 0; handshake < 10; handshake++) {
      expect(await choose(tls, 'no.example')).toMatchObject({ error: null, context: undefined });
    }
    expect(source.obtained).toHaveLength(1);
    await time.pass(60_001);
    await choose(tls, 'no.example');
    expect(source.obtained).toHaveLength(2);
  });

  it('are got for few names at once, and for few a minute', async () => {
    const { source, tls, time } = createScene({ onDemand: { allow: anyName, maxPending: 3, perMinute: 5 } });
    const begun: (() => void)[] = [];
    source.issue = async (name) => {
      await new Promise<void>((resolve) => begun.push(resolve));
      return source.put({ id: name, names: [name] });
    };
    const first = Array.from({ length: 20 }, (_, at) => choose(tls, `n${at}.example`));
    await quiet();
    expect(source.obtained).toHaveLength(3);
    for (const go of begun.splice(0)) go();
    expect((await Promise.all(first)).filter(({ context }) => context !== undefined)).toHaveLength(3);
    const second = Array.from({ length: 20 }, (_, at) => choose(tls, `m${at}.example`));
    await quiet();
    for (const go of begun.splice(0)) go();
    await Promise.all(second);
    expect(source.obtained).toHaveLength(5);
    await choose(tls, 'k0.example');
    expect(source.obtained).toHaveLength(5);
    await time.pass(60_000);
    const later = choose(tls, 'k1.example');
    await quiet();
    for (const go of begun.splice(0)) go();
    expect((await later).context).toBeDefined();
  });

  it('that take long let the handshake go, and serve the next', async () => {
    const { source, tls, time } = createScene({ onDemand: { allow: anyName, waitMs: 3_000 } });
    let go: (() => void) | undefined;
    source.issue = async (name) => {
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return source.put({ id: name, names: [name] });
    };
    const first = choose(tls, 'slow.example');
    await time.pass(3_000);
    expect((await first).error).toMatchObject({ code: 'ABORTED' });
    go?.();
    await quiet();
    expect((await choose(tls, 'slow.example')).context).toBeDefined();
    expect(source.obtained).toHaveLength(1);
  });

  it('that the issuer still works at are asked for again', async () => {
    const { source, tls } = createScene({ onDemand: { allow: anyName } });
    source.issue = async () => undefined;
    expect(await choose(tls, 'slow.example')).toMatchObject({ error: null, context: undefined });
    source.issue = (name) => source.put({ id: name, names: [name] });
    expect((await choose(tls, 'slow.example')).context).toBeDefined();
  });
});
