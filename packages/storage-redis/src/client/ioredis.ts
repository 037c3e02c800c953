import type { EventEmitter } from 'node:events';
import type { CommandWord, RedisConnection, RedisDriver, RedisSubscriber, SubscriberEvents } from './connection.ts';
import { readyOrError, within } from './settle.ts';

/** What the storage uses of a `Redis` or `Cluster` of ioredis. */
interface Ioredis extends Pick<EventEmitter, 'on' | 'off'> {
  readonly status: string;
  readonly isCluster: boolean;
  connect(): Promise<void>;
  callBuffer(...words: CommandWord[]): Promise<unknown>;
  subscribe(channel: string): Promise<unknown>;
  quit(): Promise<unknown>;
  disconnect(): void;
  duplicate(...overrides: unknown[]): Ioredis;
}

/**
 * What every connection of the storage must have, whatever the host's own client has: it sends nothing twice, fails what was
 * lost at once, prefixes no keys, and gives replies in one shape.
 */
const NODE_OPTIONS = {
  autoResendUnfulfilledCommands: false,
  maxRetriesPerRequest: 0,
  enableAutoPipelining: false,
  enableOfflineQueue: true,
  lazyConnect: true,
  keyPrefix: '',
  stringNumbers: false,
  protocol: 2,
  replyMapping: 'legacy',
  readOnly: false,
} as const;

/** A cluster client sends again what was lost unless the delay before it is 0; what a node refused, it may send again. */
const CLUSTER_OPTIONS = {
  retryDelayOnFailover: 0,
  scaleReads: 'master',
  enableAutoPipelining: false,
  keyPrefix: '',
  lazyConnect: true,
  redisOptions: NODE_OPTIONS,
} as const;

const CLOSING_MS = 1000;

/** Recognizes a client of ioredis by its shape. */
export function isIoredis(client: object): client is Ioredis {
  return 'callBuffer' in client && 'status' in client && 'duplicate' in client && 'quit' in client;
}

/** Opens connections as a client of ioredis does. */
export function ioredisDriver(client: Ioredis): RedisDriver {
  const cluster = client.isCluster === true;
  const open = () => {
    const connection = cluster ? client.duplicate([], CLUSTER_OPTIONS) : client.duplicate(NODE_OPTIONS);
    // Without a listener the client writes errors to the console; every call tells its own.
    return connection.on('error', () => undefined) as unknown as Ioredis;
  };
  return {
    cluster,
    connect: () => new IoredisConnection(open()),
    listen: (events) => new IoredisSubscriber(open(), events),
  };
}

class IoredisConnection implements RedisConnection {
  readonly #client: Ioredis;

  constructor(client: Ioredis) {
    this.#client = client;
  }

  isReady(): boolean {
    return this.#client.status === 'ready';
  }

  async whenReady(signal: AbortSignal): Promise<void> {
    if (this.isReady()) return;
    const settled = readyOrError(this.#client, signal);
    const { status } = this.#client;
    // A failure to connect is told by the event, which has the cause.
    if (status === 'wait' || status === 'end') this.#client.connect().catch(() => undefined);
    await settled;
  }

  send(_key: string, words: readonly CommandWord[]): Promise<unknown> {
    return this.#client.callBuffer(...words);
  }

  close(): Promise<void> {
    return close(this.#client);
  }
}

class IoredisSubscriber implements RedisSubscriber {
  readonly #client: Ioredis;
  #connected = false;

  constructor(client: Ioredis, events: SubscriberEvents) {
    this.#client = client;
    client.on('message', (channel: string, message: string) => events.message(channel, message));
    client.on('ready', () => {
      if (this.#connected) events.reconnected();
      this.#connected = true;
    });
  }

  async subscribe(channel: string): Promise<void> {
    await this.#client.subscribe(channel);
  }

  close(): Promise<void> {
    return close(this.#client);
  }
}

async function close(client: Ioredis): Promise<void> {
  if (client.status === 'ready') {
    await within(client.quit(), CLOSING_MS, () => new Error('the server does not let go')).catch(() => undefined);
  }
  client.disconnect();
}
