import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import {
  type ConnectionOptions,
  connect,
  createServer,
  type SecureContext,
  type TLSSocket,
  type TlsOptions,
} from 'node:tls';
import { onTestFinished } from 'vitest';
import { createTlsResolver, type TlsResolver, type TlsResolverOptions } from '../../../src/index.ts';
import { TestSource } from './test-source.ts';
import { VirtualTimer } from './virtual-timer.ts';

/** A resolver on certificates in memory, whose time passes when it is told to. */
export function createScene(options: Partial<TlsResolverOptions> = {}) {
  const source = new TestSource();
  const time = new VirtualTimer();
  const { clock, timer } = time;
  const tls = createTlsResolver({ certificates: source, clock, timer, ...options });
  onTestFinished(() => tls.close());
  return { source, time, clock, tls };
}

const contextIds = new WeakMap<SecureContext, string>();
let contextCount = 0;

/** The same text for the same context, and for no other: contexts look all alike to an assertion. */
export function contextId(context: SecureContext | undefined): string | undefined {
  if (context === undefined) return undefined;
  const id = contextIds.get(context) ?? `context ${++contextCount}`;
  contextIds.set(context, id);
  return id;
}

/** What the resolver answers, and whether it did at once. */
export interface Choice {
  readonly error: Error | null;
  /** Which context it is, see `contextId`. */
  readonly context: string | undefined;
  readonly isAtOnce: boolean;
}

/** Asks a resolver as a server does. */
export function choose(tls: TlsResolver, name: string): Promise<Choice> {
  return new Promise((resolve) => {
    let isAtOnce = true;
    tls.sniCallback(name, (error, context) => resolve({ error, context: contextId(context), isAtOnce }));
    isAtOnce = false;
  });
}

/** Listens on loopback until the test is over. @returns the port */
export async function listen(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** Waits until a socket is closed, whoever has ended it, and how: a reset is an end as well. */
export function closed(socket: Socket): Promise<void> {
  socket.on('error', () => undefined);
  return new Promise((resolve) => socket.once('close', () => resolve()));
}

/** For `expect.poll`: what comes on its own may take as long as a busy machine needs. */
export const PATIENCE = { timeout: 20_000 } as const;

/** Starts a TLS server that says hello and ends. @returns its port */
export async function startServer(options: TlsOptions): Promise<number> {
  const server = createServer(options, (socket) => {
    socket.on('error', () => undefined);
    socket.end('hello');
  });
  server.on('tlsClientError', () => undefined);
  return listen(server);
}

/** What a client saw of a handshake. */
export interface Seen {
  /** The common name of the server's certificate. */
  readonly commonName?: string;
  /** Of that certificate, in lower-case hexadecimal digits. */
  readonly serialNumber?: string;
  readonly protocol?: string | null;
  readonly alpn?: string | false | null;
  /** Whether the server then served. */
  readonly text?: string;
  /** The code of what went wrong. */
  readonly error?: string;
}

/** Makes a handshake, and reads what the server sends. */
export async function visit(port: number, options: ConnectionOptions = {}): Promise<Seen> {
  const socket = connect({ port, host: '127.0.0.1', rejectUnauthorized: false, ...options });
  let seen: Seen = {};
  let text = '';
  try {
    await new Promise<void>((resolve, reject) => {
      socket.on('secureConnect', () => {
        const { serialNumber = '' } = socket.getPeerCertificate();
        seen = {
          commonName: commonNameOf(socket),
          serialNumber: serialNumber.toLowerCase(),
          protocol: socket.getProtocol(),
          alpn: socket.alpnProtocol,
        };
      });
      socket.on('data', (data) => {
        text += data.toString();
      });
      socket.on('error', reject);
      socket.on('close', () => resolve());
    });
    return { ...seen, text };
  } catch (error) {
    return { ...seen, text, error: (error as { code?: string }).code ?? 'ERROR' };
  } finally {
    socket.destroy();
  }
}

/** The common name of what the server presented. */
export function commonNameOf(socket: TLSSocket): string {
  const { raw } = socket.getPeerCertificate();
  return raw === undefined ? '' : (new X509Certificate(raw).subject ?? '').replace(/^CN=/, '');
}
