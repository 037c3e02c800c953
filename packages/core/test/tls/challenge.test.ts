import { once } from 'node:events';
import { createServer as createHttps } from 'node:https';
import { connect as connectTcp, createServer as createTcp, type Socket } from 'node:net';
import { connect, createServer, type TLSSocket } from 'node:tls';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createTlsResolver } from '../../src/index.ts';
import { SeededRandom } from '../../src/testing/random.ts';
import { seed, soakSize } from '../support/soak.ts';
import { leaf } from './support/certificates.ts';
import { capturedHello, inRecords, messageOf } from './support/client-hello.ts';
import { closed, createScene, listen, PATIENCE, visit } from './support/scene.ts';
import { TestSource } from './support/test-source.ts';
import { quiet } from './support/virtual-timer.ts';

const ACME = { servername: 'new.example', ALPNProtocols: ['acme-tls/1'] };

/** A server that answers challenges for `new.example`, beside what it serves. */
async function challengedScene(
  options: {
    readonly realTime?: boolean;
    readonly isChallengeOpen?: (name: string) => Promise<boolean | undefined>;
  } = {},
) {
  const asked: string[] = [];
  let fault: Error | undefined;
  const challenge = await leaf({ id: 'challenge', names: ['new.example'] });
  const acme = {
    tlsAlpnCertificate: async (name: string) => {
      asked.push(name);
      if (fault !== undefined) throw fault;
      return name === 'new.example' ? { certPem: challenge.chainPem, keyPem: challenge.privateKeyPem } : undefined;
    },
    ...(options.isChallengeOpen && { isChallengeOpen: options.isChallengeOpen }),
  };
  const scene = createScene({ acme, fallback: 'self-signed' });
  const { source } = scene;
  const tls = options.realTime ? createTlsResolver({ certificates: source, acme, fallback: 'self-signed' }) : scene.tls;
  onTestFinished(() => tls.close());
  await source.put({ id: 'a', names: ['a.example'] });
  const server = createServer({ ...(await tls.serverOptions()), ALPNProtocols: ['http/1.1'] }, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  server.on('tlsClientError', () => undefined);
  const takeAway = tls.listener(server);
  const port = await listen(server);
  const fail = (error: Error) => {
    fault = error;
  };
  return { ...scene, tls, server, port, asked, takeAway, fail };
}

describe('a server with a listener', () => {
  it('answers a tls-alpn-01 challenge, and says nothing after the handshake', async () => {
    const { port, asked } = await challengedScene();
    expect(await visit(port, ACME)).toMatchObject({ commonName: 'challenge 1', alpn: 'acme-tls/1', text: '' });
    for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
      const seen = await visit(port, { ...ACME, minVersion: version, maxVersion: version });
      expect(seen).toMatchObject({ commonName: 'challenge 1', protocol: version, text: '' });
    }
    expect(asked).toEqual(['new.example', 'new.example', 'new.example']);
  });

  it('cuts off who sends data behind a challenge', async () => {
    const { port } = await challengedScene();
    const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...ACME });
    socket.on('secureConnect', () => socket.write('GET / HTTP/1.1\r\n\r\n'));
    await closed(socket);
  });

  it.each([
    [{ servername: 'a.example' }, 'a 1'],
    [{ servername: 'a.example', ALPNProtocols: ['http/1.1'] }, 'a 1'],
    [{ servername: 'a.example', ALPNProtocols: ['acme-tls/1', 'http/1.1'] }, 'a 1'],
    [{ servername: 'other.test' }, 'localhost'],
    [{}, 'localhost'],
  ])('serves a client that offers %j as before', async (options, commonName) => {
    const { port, asked } = await challengedScene();
    expect(await visit(port, options)).toMatchObject({ commonName, text: 'hello' });
    expect(asked).toEqual([]);
  });

  it.each([
    [{ ...ACME, servername: 'a.example' }, ['a.example']],
    [{ ALPNProtocols: ['acme-tls/1'] }, []],
    [{ ...ACME, servername: 'not_a-.example' }, []],
  ])('cuts off a challenge that is not open: %j', async (options, expected) => {
    const { port, asked } = await challengedScene();
    expect((await visit(port, options)).error).toBe('ECONNRESET');
    expect(asked).toEqual(expected);
  });

  it('cuts off a challenge that cannot be looked up, and serves on', async () => {
    const { port, fail } = await challengedScene();
    fail(new Error('no storage'));
    expect((await visit(port, ACME)).error).toBe('ECONNRESET');
    expect(await visit(port, { servername: 'a.example' })).toMatchObject({ text: 'hello' });
  });

  it('answers the open one through a flood of others, where the source says which are open', async () => {
    const { port, asked } = await challengedScene({ isChallengeOpen: async (name) => name === 'new.example' });
    const flood = Array.from({ length: 80 }, (_, at) => visit(port, { ...ACME, servername: `x${at}.example` }));
    // Who knows the name of the open one may ask for it as often as they like, too.
    const open = Array.from({ length: 60 }, () => visit(port, ACME));
    for (const { error } of await Promise.all(flood)) expect(error).toBeDefined();
    for (const seen of await Promise.all(open)) expect(seen).toMatchObject({ commonName: 'challenge 1' });
    expect(new Set(asked)).toEqual(new Set(['new.example']));
    expect(asked).toHaveLength(60);
  });

  it.each([
    ['cannot say', async () => undefined],
    ['fails', () => Promise.reject(new Error('no storage'))],
  ])('looks up no more than fifty a second where the source %s which are open', async (_what, isChallengeOpen) => {
    const { port, asked } = await challengedScene({ isChallengeOpen });
    expect(await visit(port, ACME)).toMatchObject({ commonName: 'challenge 1' });
    const flood = Array.from({ length: 60 }, (_, at) => visit(port, { ...ACME, servername: `x${at}.example` }));
    await Promise.all(flood);
    expect(asked).toHaveLength(50);
  });

  it('looks up no more than fifty challenges a second', async () => {
    const { port, asked } = await challengedScene();
    const flood = Array.from({ length: 80 }, (_, at) => visit(port, { ...ACME, servername: `x${at}.example` }));
    for (const { error } of await Promise.all(flood)) expect(error).toBeDefined();
    expect(asked).toHaveLength(50);
    expect(await visit(port, { servername: 'a.example' })).toMatchObject({ text: 'hello' });
  });

  it('serves a hello that comes in pieces, each in a record and a packet of its own', async () => {
    const { port } = await challengedScene();
    const pieces = createTcp((client) => {
      const server = connectTcp(port, '127.0.0.1');
      client.on('error', () => undefined).on('close', () => server.destroy());
      server.on('error', () => undefined).on('close', () => client.destroy());
      server.setNoDelay(true);
      server.pipe(client);
      client.once('data', async (hello: Uint8Array) => {
        client.pause();
        for (const octet of inRecords(messageOf(new Uint8Array(hello)), 40)) {
          server.write(Uint8Array.of(octet));
          if (Math.abs(octet) < 16) await quiet();
        }
        client.pipe(server);
      });
    });
    const proxied = await listen(pieces);
    expect(await visit(proxied, { servername: 'a.example' })).toMatchObject({ commonName: 'a 1', text: 'hello' });
    expect(await visit(proxied, ACME)).toMatchObject({ commonName: 'challenge 1', alpn: 'acme-tls/1' });
  });

  it('cuts off who has not said hello after ten seconds, however busy they are', async () => {
    const { port, time, server } = await challengedScene();
    const hello = inRecords(messageOf(await capturedHello({ servername: 'a.example' })), 8);
    const silent = connectTcp(port, '127.0.0.1');
    const slow = connectTcp(port, '127.0.0.1');
    await Promise.all([once(silent, 'connect'), once(slow, 'connect')]);
    await expect.poll(() => time.pending, PATIENCE).toBeGreaterThanOrEqual(2);
    const gone = Promise.all([closed(silent), closed(slow)]);
    for (let second = 0; second < 9; second++) {
      slow.write(hello.subarray(second, second + 1));
      await time.pass(1_000);
    }
    expect([silent.destroyed, slow.destroyed]).toEqual([false, false]);
    silent.resume();
    slow.resume();
    await time.pass(1_001);
    await gone;
    await expect.poll(() => connections(server), PATIENCE).toBe(0);
  });

  it('serves an HTTPS request, keeps its connection alive, and leaves its deadlines in force', async () => {
    const { tls, source } = createScene({ acme: { tlsAlpnCertificate: async () => undefined } });
    await source.put({ id: 'a', names: ['a.example'] });
    const server = createHttps({ ...(await tls.serverOptions()), connectionsCheckingInterval: 50 }, (_, response) => {
      response.end('hello');
    });
    tls.listener(server);
    const port = await listen(server);
    const socket: TLSSocket = connect({ port, host: '127.0.0.1', servername: 'a.example', rejectUnauthorized: false });
    await once(socket, 'secureConnect');
    for (let request = 0; request < 3; request++) {
      socket.write('GET / HTTP/1.1\r\nHost: a.example\r\n\r\n');
      expect(String((await once(socket, 'data'))[0])).toMatch(/^HTTP\/1\.1 200 /);
    }
    let answer = '';
    socket.on('data', (data) => {
      answer += data;
    });
    // Not before: those requests were to be served however long they took.
    server.headersTimeout = 100;
    socket.write('GET / HTTP/1.1\r\n');
    await closed(socket);
    expect(answer).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('is taken away again, with those who have not said hello', async () => {
    const { port, server, takeAway, asked } = await challengedScene();
    const silent = connectTcp(port, '127.0.0.1');
    await once(silent, 'connect');
    await expect.poll(() => connections(server), PATIENCE).toBe(1);
    silent.resume();
    const gone = closed(silent);
    takeAway();
    await gone;
    expect(await visit(port, { servername: 'a.example' })).toMatchObject({ commonName: 'a 1', text: 'hello' });
    expect((await visit(port, ACME)).error).toBeDefined();
    expect(asked).toEqual([]);
  });

  it('is as it was once it was taken away, however often, and by closing as well', async () => {
    const { tls, server, port, takeAway } = await challengedScene();
    takeAway();
    takeAway();
    await tls.close();
    expect(server.listeners('connection')).toHaveLength(1);
    expect(await visit(port)).toMatchObject({ commonName: 'localhost', text: 'hello' });
  });

  it.each([
    [0, 1],
    [1, 0],
  ])('stands before another one, and either is taken away first: %j', async (...order) => {
    const { tls, port, server, takeAway, asked } = await challengedScene();
    const takeAways = [takeAway, tls.listener(server)];
    takeAways[order[0] as number]?.();
    expect(await visit(port, { servername: 'a.example' })).toMatchObject({ commonName: 'a 1', text: 'hello' });
    expect(await visit(port, ACME)).toMatchObject({ commonName: 'challenge 1' });
    takeAways[order[1] as number]?.();
    expect(await visit(port, { servername: 'a.example' })).toMatchObject({ commonName: 'a 1', text: 'hello' });
    expect((await visit(port, ACME)).error).toBeDefined();
    expect(asked).toEqual(['new.example']);
  });

  it('needs to know who has the challenges, and a server', async () => {
    const { tls } = createScene();
    const invalid = expect.objectContaining({ code: 'INVALID_ARGUMENT' });
    expect(() => tls.listener(createServer())).toThrow(invalid);
    const acme = { tlsAlpnCertificate: async () => undefined };
    const other = createTlsResolver({ certificates: new TestSource(), acme });
    expect(() => other.listener(undefined as never)).toThrow(invalid);
    expect(() => other.listener(createTcp())).toThrow(invalid);
    await other.close();
    expect(() => other.listener(createServer())).toThrow(expect.objectContaining({ code: 'ABORTED' }));
  });

  const first = seed(7_117);
  const rounds = soakSize(300, 30_000);
  it(`outlives ${rounds} hostile connections, seed ${first}`, async () => {
    const random = new SeededRandom(first);
    const { port, server } = await challengedScene({ realTime: true });
    const hellos = [await capturedHello({ servername: 'a.example' }), await capturedHello(ACME)];
    for (let round = 0; round < rounds; round += 10) {
      await Promise.all(Array.from({ length: 10 }, () => attack(port, Uint8Array.from(random.pick(hellos)), random)));
    }
    expect(await visit(port, { servername: 'a.example' })).toMatchObject({ commonName: 'a 1', text: 'hello' });
    expect(await visit(port, ACME)).toMatchObject({ commonName: 'challenge 1' });
    await expect.poll(() => connections(server), PATIENCE).toBe(0);
  });
});

/** Sends a hello that is damaged, in pieces, and ends at some point. */
async function attack(port: number, hello: Uint8Array, random: SeededRandom): Promise<void> {
  const socket: Socket = connectTcp(port, '127.0.0.1');
  socket.resume();
  const gone = closed(socket);
  for (let change = random.integer(0, 5); change > 0; change--)
    hello[random.integer(0, hello.length - 1)] = random.integer(0, 255);
  const end = random.integer(0, hello.length);
  const cut = random.integer(0, end);
  socket.write(hello.subarray(0, cut));
  await quiet();
  if (random.chance(0.1)) socket.resetAndDestroy();
  else socket.end(hello.subarray(cut, end));
  await gone;
}

function connections(server: { getConnections(done: (error: Error | null, count: number) => void): void }) {
  return new Promise<number>((resolve) => server.getConnections((_, count) => resolve(count)));
}
