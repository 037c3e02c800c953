import { Buffer } from 'node:buffer';
import type { EventEmitter } from 'node:events';
import type { CommandWord, RedisConnection, RedisDriver, RedisSubscriber, SubscriberEvents } from './connection.ts';
import { readyOrError, within } from './settle.ts';

/** What the storage uses of a client or a cluster client of node-redis. */
interface NodeRedis extends Pick<EventEmitter, 'on' | 'off'> {
  readonly isOpen: boolean;
  readonly isReady: boolean;
  connect(): Promise<unknown>;
  sendCommand(...parameters: unknown[]): Promise<unknown>;
  subscribe(channel: string, listener: (message: string, channel: string) => void): Promise<unknown>;
  close(): Promise<unknown>;
  destroy(): void;
  duplicate(overrides: object): NodeRedis;
}

/** `$`, the RESP type of strings: as bytes, since documents hold some. */
const BYTES = { typeMapping: { 36: Buffer } };

/**
 * What every connection of the storage must have, whatever the host's own client has: what could not be sent fails at once
 * instead of being kept for later, and no key is prefixed.
 */
const NODE_OPTIONS = { disableOfflineQueue: true, keyPrefix: undefined };

/** Listening is not answering: a subscription may wait for the connection. */
const SUBSCRIBER_OPTIONS = { keyPrefix: undefined };

const CLOSING_MS = 1000;

/** Recognizes a client or a cluster client of node-redis by its shape. */
export function isNodeRedis(client: object): client is NodeRedis {
  return 'sendCommand' in client && 'isOpen' in client && 'duplicate' in client && !('getSentinelNode' in client);
}

/** Opens connections as a client of node-redis does. */
export function nodeRedisDriver(client: NodeRedis): RedisDriver {
  const cluster = 'masters' in client;
  const open = (options: object) => {
    const overrides = cluster
      ? { keyPrefix: undefined, useReplicas: false, defaults: { ...defaultsOf(client), ...options } }
      : options;
    const connection = client.duplicate(overrides);
    // An error without a listener would end the process; every call tells its own.
    connection.on('error', () => undefined);
    return connection;
  };
  return {
    cluster,
    connect: () => new NodeRedisConnection(open(NODE_OPTIONS), cluster),
    listen: (events) => new NodeRedisSubscriber(open(SUBSCRIBER_OPTIONS), events),
  };
}

/** The options that a cluster client gives to the connections to its nodes. */
function defaultsOf(client: object): object {
  const { _options } = client as { _options?: { defaults?: object } };
  return _options?.defaults ?? {};
}

class NodeRedisConnection implements RedisConnection {
  readonly #client: NodeRedis;
  readonly #cluster: boolean;
  #connecting: Promise<unknown> | undefined;

  constructor(client: NodeRedis, cluster: boolean) {
    this.#client = client;
    this.#cluster = cluster;
  }

  isReady(): boolean {
    return this.#client.isReady;
  }

  async whenReady(signal: AbortSignal): Promise<void> {
    if (this.isReady()) return;
    const connecting = this.#connect();
    // A single client goes on trying, and tells each failure by an event.
    const settled = this.#cluster ? connecting : Promise.race([connecting, readyOrError(this.#client, signal)]);
    await Promise.race([settled, aborted(signal)]);
  }

  send(key: string, words: readonly CommandWord[]): Promise<unknown> {
    return this.#cluster ? this.#client.sendCommand(key, false, words, BYTES) : this.#client.sendCommand(words, BYTES);
  }

  close(): Promise<void> {
    return close(this.#client);
  }

  #connect(): Promise<unknown> {
    if (this.#connecting === undefined && this.#client.isOpen) return new Promise(() => undefined);
    this.#connecting ??= this.#client.connect().finally(() => {
      this.#connecting = undefined;
    });
    return this.#connecting;
  }
}

class NodeRedisSubscriber implements RedisSubscriber {
  readonly #client: NodeRedis;
  readonly #events: SubscriberEvents;
  #connecting: Promise<unknown> | undefined;
  #connected = false;

  constructor(client: NodeRedis, events: SubscriberEvents) {
    this.#client = client;
    this.#events = events;
    client.on('ready', () => {
      if (this.#connected) events.reconnected();
      this.#connected = true;
    });
  }

  async subscribe(channel: string): Promise<void> {
    if (!this.#client.isOpen) {
      this.#connecting ??= this.#client.connect().finally(() => {
        this.#connecting = undefined;
      });
    }
    await this.#connecting;
    await this.#client.subscribe(channel, (message) => this.#events.message(channel, message));
  }

  close(): Promise<void> {
    return close(this.#client);
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const abort = () => reject(signal.reason);
    if (signal.aborted) abort();
    else signal.addEventListener('abort', abort, { once: true });
  });
}

async function close(client: NodeRedis): Promise<void> {
  if (!client.isOpen) return;
  try {
    await within(client.close(), CLOSING_MS, () => new Error('the server does not let go'));
  } catch {
    if (client.isOpen) client.destroy();
  }
}
