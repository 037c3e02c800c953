import { once } from 'node:events';
import { connect, createServer } from 'node:tls';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { type Logger, SealError } from '../../src/index.ts';
import {
  choose,
  closed,
  commonNameOf,
  contextId,
  createScene,
  listen,
  PATIENCE,
  startServer,
  visit,
} from './support/scene.ts';
import { quiet } from './support/virtual-timer.ts';

const NAME = { id: 'a', names: ['a.example'] };

/** A logger that keeps its lines. */
function keptLines(): { readonly lines: string[]; readonly logger: Logger } {
  const lines: string[] = [];
  const keep = (level: string) => (message: string, fields?: object) =>
    void lines.push(`${level} ${message} ${JSON.stringify(fields)}`);
  return { lines, logger: { debug: keep('debug'), info: keep('info'), warn: keep('warn'), error: keep('error') } };
}

describe('a name that was served before', () => {
  it('is answered at once, without a read', async () => {
    const { source, tls } = createScene();
    await source.put(NAME);
    const first = await choose(tls, 'a.example');
    expect(first.isAtOnce).toBe(false);
    const reads = [source.versionReads.length, source.loads.length];
    for (let handshake = 0; handshake < 100; handshake++) {
      expect(await choose(tls, 'A.EXAMPLE')).toEqual({ error: null, context: first.context, isAtOnce: true });
    }
    expect([source.versionReads.length, source.loads.length]).toEqual(reads);
  });

  it('is loaded once, however many handshakes begin together', async () => {
    const { source, tls } = createScene();
    await source.put({ id: 'wild', names: ['*.example'] });
    const choices = await Promise.all(Array.from({ length: 200 }, (_, at) => choose(tls, `n${at % 50}.example`)));
    expect(new Set(choices.map(({ context }) => context)).size).toBe(1);
    expect(source.loads).toEqual(['*.example']);
    expect(source.versionReads).toHaveLength(1);
    expect(new Set(source.versionReads[0]).size).toBe(51);
  });

  it('shares its context with the other names of its certificate', async () => {
    const { source, tls } = createScene();
    await source.put({ id: 'a', names: ['a.example', 'b.example', '*.c.example'] });
    const contexts = await Promise.all(['a.example', 'b.example', 'x.c.example'].map((name) => choose(tls, name)));
    expect(new Set(contexts.map(({ context }) => context)).size).toBe(1);
    expect(tls.health()).toMatchObject({ contexts: 1, names: { served: 3, absent: 2 } });
  });

  it('is checked twice a second while it is in demand, all such names in one read, and not at all otherwise', async () => {
    const { source, tls, time } = createScene();
    const names = Array.from({ length: 40 }, (_, at) => `n${at}.example`);
    for (const name of names) await source.put({ id: name, names: [name] });
    await Promise.all(names.map((name) => choose(tls, name)));
    source.versionReads.length = 0;
    for (let tick = 0; tick < 10; tick++) {
      for (const name of names) expect((await choose(tls, name)).isAtOnce).toBe(true);
      await time.pass(500);
    }
    expect(source.versionReads.map((read) => read.length)).toEqual(Array.from({ length: 10 }, () => 40));
    await time.pass(60_000);
    expect(source.versionReads.length).toBeLessThanOrEqual(11);
    expect(time.pending).toBe(0);
  });
});

describe('a renewed certificate', () => {
  it('serves as soon as a notice says so', async () => {
    const { source, tls } = createScene();
    await source.put(NAME);
    const { context: old } = await choose(tls, 'a.example');
    await source.put({ ...NAME, generation: 2 });
    await quiet();
    const renewed = await choose(tls, 'a.example');
    expect(renewed).toMatchObject({ error: null, isAtOnce: true });
    expect(renewed.context).not.toBe(old);
  });

  it('serves within a second without a notice, and no handshake waits for it', async () => {
    const { source, tls, time } = createScene();
    await source.put(NAME);
    const { context: old } = await choose(tls, 'a.example');
    source.tells = false;
    await source.put({ ...NAME, generation: 2 });
    let waited = 0;
    for (; waited <= 1_000; waited += 100) {
      const choice = await choose(tls, 'a.example');
      expect(choice.isAtOnce).toBe(true);
      if (choice.context !== old) break;
      await time.pass(100);
    }
    expect(waited).toBeGreaterThan(0);
    expect(waited).toBeLessThan(1_000);
  });

  it('serves within a second without a notice, though the clock was set back', async () => {
    const { source, tls, time, clock } = createScene();
    await source.put(NAME);
    const { context: old } = await choose(tls, 'a.example');
    clock.set(clock.now() - 3_600_000);
    source.tells = false;
    await source.put({ ...NAME, generation: 2 });
    for (let waited = 0; waited < 1_000; waited += 100) {
      await choose(tls, 'a.example');
      await time.pass(100);
    }
    expect((await choose(tls, 'a.example')).context).not.toBe(old);
  });

  it('is looked for as often as the interval says, and no handshake waits in between', async () => {
    const { source, tls, time } = createScene({ checkIntervalMs: 20_000 });
    await source.put(NAME);
    await choose(tls, 'a.example');
    source.versionReads.length = 0;
    for (let second = 0; second < 60; second++) {
      await time.pass(1_000);
      expect((await choose(tls, 'a.example')).isAtOnce).toBe(true);
    }
    expect(source.versionReads.length).toBeLessThanOrEqual(3);
  });

  it('serves at the first handshake after a pause, without a notice', async () => {
    const { source, tls, time } = createScene();
    await source.put(NAME);
    const { context: old } = await choose(tls, 'a.example');
    await time.pass(5_000);
    source.tells = false;
    await source.put({ ...NAME, generation: 2 });
    expect((await choose(tls, 'a.example')).context).not.toBe(old);
  });

  it('serves at the first handshake after a gap in the notices', async () => {
    const { source, tls } = createScene();
    await source.put(NAME);
    const { context: old } = await choose(tls, 'a.example');
    source.tells = false;
    await source.put({ ...NAME, generation: 2 });
    source.miss();
    expect((await choose(tls, 'a.example')).context).not.toBe(old);
  });

  it('is not put back by an older answer that comes late', async () => {
    const { source, tls } = createScene();
    const first = await source.put({ id: 'a', names: ['a.example', 'b.example'] });
    await choose(tls, 'a.example');
    source.tells = false;
    await source.put({ id: 'a', names: ['a.example', 'b.example'], generation: 2 });
    source.miss();
    const { context: renewed } = await choose(tls, 'a.example');
    source.serve(first);
    expect((await choose(tls, 'b.example')).context).toBe(renewed);
  });

  it('lets go of the context before', async () => {
    const { source, tls } = createScene();
    const gone: unknown[] = [];
    const registry = new FinalizationRegistry((generation) => gone.push(generation));
    setFlagsFromString('--expose-gc');
    const gc = runInNewContext('gc') as () => void;
    for (let generation = 1; generation <= 5; generation++) {
      await source.put({ ...NAME, generation });
      await quiet();
      registry.register((await tls.secureContext('a.example')) as object, generation);
    }
    const collected = () => {
      gc();
      return gone.sort();
    };
    await expect.poll(collected, PATIENCE).toEqual([1, 2, 3, 4]);
    expect(tls.health().contexts).toBe(1);
  });

  it('serves on connections that begin later, while those that are open stay as they are', async () => {
    const { source, tls } = createScene({ fallback: 'self-signed' });
    await source.put(NAME);
    const server = createServer(await tls.serverOptions(), (socket) => socket.pipe(socket));
    const port = await listen(server);
    const open = connect({ port, host: '127.0.0.1', servername: 'a.example', rejectUnauthorized: false });
    await once(open, 'secureConnect');
    await source.put({ ...NAME, generation: 2 });
    await quiet();
    const later = connect({ port, host: '127.0.0.1', servername: 'a.example', rejectUnauthorized: false });
    await once(later, 'secureConnect');
    expect([commonNameOf(open), commonNameOf(later)]).toEqual(['a 1', 'a 2']);
    open.write('still here');
    expect((await once(open, 'data')).toString()).toBe('still here');
    for (const socket of [open, later]) {
      socket.end();
      await closed(socket);
    }
  });
});

describe('a name that is taken out of service', () => {
  it.each([true, false])('gets the fallback within a second, where notices come: %s', async (tells) => {
    const { source, tls, time } = createScene({ fallback: 'self-signed' });
    await source.put(NAME);
    const fallback = contextId(await tls.secureContext('elsewhere.test'));
    expect((await choose(tls, 'a.example')).context).not.toBe(fallback);
    source.tells = tells;
    source.remove('a.example');
    await time.pass(tells ? 0 : 600);
    expect(await choose(tls, 'a.example')).toMatchObject({ context: fallback, error: null });
    expect(tls.health().names).toEqual({ served: 0, absent: 4 });
  });

  it('is served again by its wildcard, and by its own certificate when it has one', async () => {
    const { source, tls } = createScene();
    await source.put({ id: 'wild', names: ['*.example'] });
    const { context: wild } = await choose(tls, 'a.example');
    await source.put(NAME);
    await quiet();
    const { context: own } = await choose(tls, 'a.example');
    expect(own).not.toBe(wild);
    source.remove('a.example');
    await quiet();
    expect((await choose(tls, 'a.example')).context).toBe(wild);
  });

  it('does not come back when another certificate is served under it that cannot be', async () => {
    const { source, tls } = createScene({ fallback: 'self-signed' });
    const gone = await source.put(NAME);
    const { context: old } = await choose(tls, 'a.example');
    source.remove('a.example');
    await quiet();
    expect(tls.health().contexts).toBe(0);
    const rsa = await source.put({ id: 'o', names: ['o.example'], keyAlgorithm: 'RSA-2048' });
    source.serve({ ...gone, certificateId: 'b', privateKeyPem: rsa.privateKeyPem });
    const { error, context } = await choose(tls, 'a.example');
    expect(context).not.toBe(old);
    expect(error).toMatchObject({ code: 'KEY_INVALID' });
  });

  it('does not come back by a read that began before', async () => {
    const { source, tls } = createScene({ fallback: 'self-signed' });
    await source.put(NAME);
    const fallback = contextId(await tls.secureContext('192.0.2.1'));
    const read = source.served.bind(source);
    let go: (() => void) | undefined;
    source.served = async (name) => {
      const served = await read(name);
      await new Promise<void>((resolve) => {
        go = resolve;
      });
      return served;
    };
    const choice = choose(tls, 'a.example');
    await quiet();
    source.remove('a.example');
    await quiet();
    go?.();
    expect((await choice).context).toBe(fallback);
    expect(tls.health().contexts).toBe(0);
  });

  it('lets go of its certificate where another one takes its place', async () => {
    const { source, tls } = createScene();
    await source.put(NAME);
    const { context } = await choose(tls, 'a.example');
    await source.put({ id: 'b', names: ['a.example'] });
    await quiet();
    expect((await choose(tls, 'a.example')).context).not.toBe(context);
    expect(tls.health().contexts).toBe(1);
  });

  it('leaves the other names of its certificate as they are', async () => {
    const { source, tls } = createScene();
    await source.put({ id: 'a', names: ['a.example', 'b.example'] });
    const { context } = await choose(tls, 'a.example');
    await choose(tls, 'b.example');
    source.remove('a.example');
    await quiet();
    expect((await choose(tls, 'a.example')).context).toBeUndefined();
    expect(await choose(tls, 'b.example')).toMatchObject({ context, isAtOnce: true });
    source.remove('b.example');
    await quiet();
    expect(tls.health().contexts).toBe(0);
  });

  it('is noticed when it comes into service, without a notice', async () => {
    const { source, tls, time } = createScene();
    expect((await choose(tls, 'a.example')).context).toBeUndefined();
    source.tells = false;
    await source.put(NAME);
    await time.pass(1_001);
    expect((await choose(tls, 'a.example')).context).toBeDefined();
  });
});

describe('while the storage is down', () => {
  it.each(['down', 'hangs'] as const)('what was loaded is served on, the storage %s', async (state) => {
    const { lines, logger } = keptLines();
    const { source, tls, time } = createScene({ logger });
    await source.put(NAME);
    const { context } = await choose(tls, 'a.example');
    source.state = state;
    for (let minute = 0; minute < 30; minute++) {
      const choice = choose(tls, 'a.example');
      await time.pass(minute === 0 ? 500 : 60_000);
      expect(await choice).toMatchObject({ error: null, context });
    }
    expect(tls.health()).toMatchObject({ status: 'stale', contexts: 1 });
    expect(lines.filter((line) => line.includes('served on, as it was'))).toHaveLength(1);
    source.state = 'up';
    await source.put({ ...NAME, generation: 2 });
    const next = choose(tls, 'a.example');
    await time.pass(6_000);
    await next;
    expect((await choose(tls, 'a.example')).context).not.toBe(context);
    expect(tls.health().status).toBe('current');
    expect(lines.at(-1)).toContain('current');
    expect(lines.join()).not.toContain('PRIVATE');
  });

  it('is told of once it can be read again, though no name that is asked for has a certificate', async () => {
    const { source, tls, time } = createScene();
    await choose(tls, 'a.example');
    source.state = 'down';
    await choose(tls, 'b.example');
    expect(tls.health().status).toBe('stale');
    source.state = 'up';
    source.tells = false;
    await source.put(NAME);
    for (let waited = 0; waited < 2_000; waited += 250) {
      await choose(tls, 'a.example');
      await time.pass(250);
    }
    expect(tls.health().status).toBe('current');
    expect((await choose(tls, 'a.example')).context).toBeDefined();
  });

  it('the first handshake waits a quarter of a second at the most, the others not at all', async () => {
    const { source, tls, time, clock } = createScene();
    await source.put(NAME);
    await choose(tls, 'a.example');
    await time.pass(10_000);
    source.state = 'hangs';
    const begun = clock.now();
    const first = choose(tls, 'a.example').then(() => clock.now() - begun);
    await time.pass(300);
    expect(await first).toBe(250);
    expect(await choose(tls, 'a.example')).toMatchObject({ isAtOnce: true, error: null });
  });

  it('a name that is not known is refused, not taken for one without a certificate', async () => {
    const { source, tls } = createScene({ fallback: 'self-signed' });
    source.state = 'down';
    const { error, context } = await choose(tls, 'b.example');
    expect(error).toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    expect(context).toBeUndefined();
    await expect(tls.secureContext('b.example')).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' });
    const port = await startServer(await tls.serverOptions());
    expect((await visit(port, { servername: 'b.example' })).error).toBe('ECONNRESET');
  });

  it('a handshake for a name that is not known waits five seconds and no longer', async () => {
    const { source, tls, time } = createScene();
    source.state = 'hangs';
    const choice = choose(tls, 'b.example');
    await time.pass(5_000);
    expect((await choice).error).toMatchObject({ code: 'ABORTED' });
    expect(time.pending).toBeLessThanOrEqual(1);
  });
});

describe('a certificate that should not be served', () => {
  it('cannot be opened: it is not read for every handshake, and the others stay current', async () => {
    const { lines, logger } = keptLines();
    const { source, tls, time, clock } = createScene({ logger });
    await source.put(NAME);
    await source.put({ id: 'wild', names: ['*.example'] });
    await source.put({ id: 'b', names: ['b.example'] });
    const { context } = await choose(tls, 'a.example');
    const { context: wild } = await choose(tls, 'x.example');
    source.faults.set('b.example', new SealError('SEAL_OPEN_FAILED', 'It does not open'));
    for (let tick = 0; tick < 8; tick++) {
      for (let handshake = 0; handshake < 5; handshake++) await choose(tls, 'b.example');
      expect(await choose(tls, 'a.example')).toMatchObject({ context, isAtOnce: true });
      expect(tls.health().status).toBe('current');
      await time.pass(500);
    }
    expect(await choose(tls, 'b.example')).toMatchObject({ context: wild, error: null });
    expect(source.loads.filter((name) => name === 'b.example')).toHaveLength(1);
    expect(lines).toEqual([expect.stringMatching(/^error A certificate cannot be served .*SEAL_OPEN_FAILED/)]);
    source.faults.clear();
    clock.set(clock.now() - 3_600_000);
    await time.pass(2_000);
    expect((await choose(tls, 'b.example')).context).not.toBe(wild);
  });

  it('is counted as expired while it is served, not once another serves in its place', async () => {
    const { source, tls, time, clock } = createScene();
    await source.put({ ...NAME, notAfter: clock.now() + 100_000 });
    await choose(tls, 'a.example');
    await time.pass(70_000);
    await source.put({ ...NAME, generation: 2 });
    await time.pass(50_000);
    expect(tls.health().expired).toBe(0);
    await source.put({ id: 'b', names: ['b.example', 'c.example'], notAfter: clock.now() - 1 });
    await Promise.all(['b.example', 'c.example'].map((name) => choose(tls, name)));
    expect(tls.health().expired).toBe(1);
    source.remove('b.example', 'c.example');
    await quiet();
    expect(tls.health().expired).toBe(0);
  });

  it('is served though it has expired, and that is said', async () => {
    const { lines, logger } = keptLines();
    const { source, tls, clock } = createScene({ logger });
    await source.put({ ...NAME, notAfter: clock.now() - 1_000 });
    const port = await startServer(await tls.serverOptions());
    expect(await visit(port, { servername: 'a.example' })).toMatchObject({ commonName: 'a 1' });
    expect(tls.health().expired).toBe(1);
    expect(lines).toEqual([expect.stringMatching(/^error A certificate is served that has expired .*a\.example/)]);
  });

  it('with a key that is not its own is refused, and the generation before it serves on', async () => {
    const { lines, logger } = keptLines();
    const { source, tls, time } = createScene({ logger });
    const good = await source.put(NAME);
    const { context } = await choose(tls, 'a.example');
    const other = await source.put({ id: 'o', names: ['o.example'], keyAlgorithm: 'RSA-2048' });
    source.serve({ ...good, generation: 2, privateKeyPem: other.privateKeyPem });
    source.serve({ ...good, certificateId: 'b', names: ['b.example'], privateKeyPem: other.privateKeyPem });
    await quiet();
    expect(await choose(tls, 'a.example')).toMatchObject({ context, error: null, isAtOnce: true });
    const { error } = await choose(tls, 'b.example');
    expect(error).toMatchObject({ code: 'KEY_INVALID' });
    expect(String(error)).not.toContain('PRIVATE');
    // It is not read again for every handshake.
    const loads = source.loads.length;
    for (let handshake = 0; handshake < 20; handshake++) await choose(tls, 'b.example');
    expect(source.loads).toHaveLength(loads);
    source.serve({ ...good, certificateId: 'b', names: ['b.example'] });
    await time.pass(6_000);
    expect((await choose(tls, 'b.example')).error).toBeNull();
    expect(lines.join()).not.toContain('PRIVATE');
  });
});
