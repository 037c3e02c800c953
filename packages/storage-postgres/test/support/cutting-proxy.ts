import { connect, createServer, type Server, type Socket } from 'node:net';

/** How a request is cut off from its answer. */
export type Cut =
  /** The request never leaves. */
  | 'before'
  /** The request arrives, and its answer is lost. */
  | 'after'
  /** The connection breaks at once, and the request arrives when `release` is called. */
  | 'late';

/** A TCP proxy that cuts chosen connections. */
export class CuttingProxy {
  readonly #server: Server;
  readonly #sockets = new Set<Socket>();
  #plan: { readonly marker: string; readonly cut: Cut } | undefined;
  #held: (() => void) | undefined;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(targetPort: number): Promise<CuttingProxy> {
    const server = createServer();
    const proxy = new CuttingProxy(server);
    server.on('connection', (client) => proxy.#join(client, targetPort));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port;
  }

  /** Cuts the next request that contains the text. */
  cutNext(marker: string, cut: Cut): void {
    this.#plan = { marker, cut };
  }

  /** Lets a request arrive that was cut `late`. */
  release(): void {
    this.#held?.();
    this.#held = undefined;
  }

  async stop(): Promise<void> {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #join(client: Socket, port: number): void {
    const server = connect(port, '127.0.0.1');
    let cutOff = false;
    for (const socket of [client, server]) {
      this.#sockets.add(socket);
      socket.on('error', () => undefined);
      socket.on('close', () => this.#sockets.delete(socket));
    }
    server.on('data', (answer) => {
      if (!cutOff) client.write(answer);
    });
    server.on('close', () => client.destroy());
    client.on('close', () => {
      if (!cutOff) server.destroy();
    });
    client.on('data', (request) => {
      const plan = this.#plan;
      if (plan === undefined || !request.includes(plan.marker)) {
        server.write(request);
        return;
      }
      this.#plan = undefined;
      cutOff = true;
      if (plan.cut === 'after') server.write(request);
      if (plan.cut === 'before') server.destroy();
      if (plan.cut === 'late') this.#held = () => server.write(request);
      client.destroy();
    });
  }
}
