import type { WatchListener } from '@chancery/core/ports';
import type { RedisDriver, RedisSubscriber } from './client/connection.ts';
import { within } from './client/settle.ts';
import { watchChannel } from './keys.ts';

interface Channel {
  readonly subscribed: Promise<void>;
  readonly listeners: Set<{ readonly listener: WatchListener }>;
}

/** Who wants to know of changes. One connection that only listens, opened with the first listener. */
export class Watchers {
  readonly #driver: RedisDriver;
  readonly #namespace: string;
  readonly #channels = new Map<string, Channel>();
  readonly #timeoutMs: number;
  #subscriber: RedisSubscriber | undefined;

  /** @param timeoutMs - how long the server may take to confirm */
  constructor(driver: RedisDriver, namespace: string, timeoutMs: number) {
    this.#driver = driver;
    this.#namespace = namespace;
    this.#timeoutMs = timeoutMs;
  }

  /**
   * Subscribes; resolves once the server has confirmed.
   *
   * @returns what ends the subscription
   * @throws the client's or the server's error
   */
  async add(collection: string, listener: WatchListener): Promise<() => Promise<void>> {
    const name = watchChannel(this.#namespace, collection);
    const channel = this.#channels.get(name) ?? this.#open(name);
    const subscription = { listener };
    channel.listeners.add(subscription);
    try {
      const late = () => new Error(`no subscription within ${this.#timeoutMs} ms`);
      await within(channel.subscribed, this.#timeoutMs, late);
    } catch (error) {
      channel.listeners.delete(subscription);
      if (this.#channels.get(name) === channel) this.#channels.delete(name);
      throw error;
    }
    return async () => {
      // The channel stays subscribed: leaving it would race with the next listener, and costs the server nothing.
      channel.listeners.delete(subscription);
    };
  }

  /** Drops all listeners, and the connection. */
  async close(): Promise<void> {
    for (const { listeners } of this.#channels.values()) listeners.clear();
    this.#channels.clear();
    const subscriber = this.#subscriber;
    this.#subscriber = undefined;
    await subscriber?.close();
  }

  #open(name: string): Channel {
    this.#subscriber ??= this.#driver.listen({
      message: (from, text) => this.#tell(from, text === '' ? undefined : text.split('\0')),
      reconnected: () => {
        for (const each of this.#channels.keys()) this.#tell(each, undefined);
      },
    });
    const channel = { subscribed: this.#subscriber.subscribe(name), listeners: new Set<{ listener: WatchListener }>() };
    this.#channels.set(name, channel);
    return channel;
  }

  #tell(name: string, ids: readonly string[] | undefined): void {
    for (const { listener } of this.#channels.get(name)?.listeners ?? []) tell(listener, ids && [...ids]);
  }
}

function tell(listener: (ids: readonly string[] | undefined) => unknown, ids: readonly string[] | undefined): void {
  try {
    const answer = listener(ids);
    // An async listener is let go as quietly as one that throws.
    if (answer instanceof Promise) answer.catch(() => undefined);
  } catch {
    // The contract: what a listener throws is dropped.
  }
}
