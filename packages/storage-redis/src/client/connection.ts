import type { Buffer } from 'node:buffer';

/** One word of a command. */
export type CommandWord = string | Buffer;

/** A connection of the storage's own to the server, or to the nodes of a cluster. It never sends a command twice. */
export interface RedisConnection {
  /** Whether commands can be sent at once. */
  isReady(): boolean;
  /**
   * Waits until commands can be sent, connecting if need be.
   *
   * @param signal - ends the waiting
   * @throws what went wrong at the latest attempt to connect
   */
  whenReady(signal: AbortSignal): Promise<void>;
  /**
   * Sends a command to the node that has a key. Strings of the reply are bytes.
   *
   * @throws the server's error reply, or the client's error when the answer was lost
   */
  send(key: string, words: readonly CommandWord[]): Promise<unknown>;
  /** Lets calls under way finish for a moment, then disconnects. */
  close(): Promise<void>;
}

/** A connection that only listens. */
export interface RedisSubscriber {
  /** @throws the client's or the server's error */
  subscribe(channel: string): Promise<void>;
  close(): Promise<void>;
}

/** What a subscriber is told of. */
export interface SubscriberEvents {
  message(channel: string, message: string): void;
  /** The connection was lost and is back: messages may have passed unheard. */
  reconnected(): void;
}

/** A kind of client: how to open connections like that of the host. */
export interface RedisDriver {
  readonly cluster: boolean;
  connect(): RedisConnection;
  listen(events: SubscriberEvents): RedisSubscriber;
}
