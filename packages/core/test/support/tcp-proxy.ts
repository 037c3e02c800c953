import { once } from 'node:events';
import { connect, createServer, type Server, type Socket } from 'node:net';

/**
 * What becomes of a request. `before`: it never leaves. `during`: half of it arrives. `after`: it arrives, and its answer
 * is lost. `late`: its sender is cut off at once, and it arrives after that all the same.
 */
export type Cut = 'before' | 'during' | 'after' | 'late';

/** How long a late request stays on its way, in milliseconds: longer than it takes to connect anew and ask again. */
const LATE_MS = 40;

/** A proxy between a client and its server on loopback that cuts connections when it is told to. */
export class TcpProxy {
  readonly #server: Server;
  readonly #target: number;
  readonly #sockets = new Set<Socket>();
  readonly #late = new Set<Promise<unknown>>();
  #armed: Cut | undefined;
  #cuts = 0;

  private constructor(target: number) {
    this.#target = target;
    this.#server = createServer((client) => this.#join(client));
  }

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target);
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** How many requests were hit. */
  get cuts(): number {
    return this.#cuts;
  }

  /** Hits the next request, on whichever connection it comes. */
  arm(cut: Cut): void {
    this.#armed = cut;
  }

  disarm(): void {
    this.#armed = undefined;
  }

  /** Waits until what is late has arrived, and was answered. */
  async settle(): Promise<void> {
    await Promise.all(this.#late);
  }

  async stop(): Promise<void> {
    await this.settle();
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #join(client: Socket): void {
    const server = connect(this.#target, '127.0.0.1');
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    }
    const end = () => {
      client.destroy();
      server.destroy();
    };
    let isCut = false;
    client.on('data', (request) => {
      const cut = this.#armed;
      if (isCut) return;
      if (cut === undefined) {
        server.write(request);
        return;
      }
      isCut = true;
      this.#armed = undefined;
      this.#cuts++;
      if (cut === 'before') end();
      if (cut === 'during') server.write(request.subarray(0, request.length >> 1), end);
      if (cut === 'after') {
        server.write(request);
        server.once('data', end);
      }
      if (cut === 'late') {
        client.destroy();
        this.#deliverLate(server, request);
      }
    });
    server.on('data', (answer) => {
      if (!isCut) client.write(answer);
    });
    client.on('close', () => {
      if (!isCut) server.destroy();
    });
    server.on('close', () => client.destroy());
  }

  #deliverLate(server: Socket, request: Buffer): void {
    const delivered = new Promise((resolve) => setTimeout(resolve, LATE_MS)).then(async () => {
      // Answered, or lost with its connection: a failure is told by its end.
      const over = new Promise((settle) => server.once('data', settle).once('close', settle));
      server.write(request);
      if (!server.destroyed) await over;
      server.destroy();
    });
    this.#late.add(delivered);
    delivered.finally(() => this.#late.delete(delivered)).catch(() => undefined);
  }
}
