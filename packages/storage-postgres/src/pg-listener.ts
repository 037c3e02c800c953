import type { PostgresClient } from './pg-pool.ts';

const FIRST_RETRY_MS = 100;
const LONGEST_RETRY_MS = 10_000;

interface ListenerEvents {
  readonly onNotice: (payload: string) => void;
  readonly onGap: () => void;
}

/** One connection that listens on a channel, and is replaced when it breaks. */
export class PgListener {
  readonly #connect: () => Promise<PostgresClient>;
  readonly #channel: string;
  readonly #events: ListenerEvents;
  #client: PostgresClient | undefined;
  #retry: NodeJS.Timeout | undefined;
  #retryMs = FIRST_RETRY_MS;
  #ended = false;

  /** @param channel - quoted for SQL */
  constructor(connect: () => Promise<PostgresClient>, channel: string, events: ListenerEvents) {
    this.#connect = connect;
    this.#channel = channel;
    this.#events = events;
  }

  async start(): Promise<void> {
    const client = await this.#connect();
    client.on('notification', this.#hear);
    client.on('error', this.#lose);
    client.on('end', this.#lose);
    try {
      await client.query({ text: `LISTEN ${this.#channel}` });
    } catch (error) {
      this.#release(client);
      throw error;
    }
    // It may have ended while the connection was made.
    if (this.#ended) this.#release(client);
    else this.#client = client;
  }

  async end(): Promise<void> {
    this.#ended = true;
    clearTimeout(this.#retry);
    const client = this.#client;
    this.#client = undefined;
    if (client !== undefined) this.#release(client);
  }

  readonly #hear = ({ payload }: { readonly payload?: string | undefined }): void => {
    if (!this.#ended) this.#events.onNotice(payload ?? '');
  };

  readonly #lose = (): void => {
    const client = this.#client;
    if (client === undefined) return;
    this.#client = undefined;
    this.#release(client);
    this.#reconnectLater();
  };

  #reconnectLater(): void {
    this.#retry = setTimeout(() => {
      this.start().then(
        () => {
          this.#retryMs = FIRST_RETRY_MS;
          if (!this.#ended) this.#events.onGap();
        },
        () => {
          if (!this.#ended) this.#reconnectLater();
        },
      );
    }, this.#retryMs);
    this.#retry.unref();
    this.#retryMs = Math.min(2 * this.#retryMs, LONGEST_RETRY_MS);
  }

  /** A connection that listened goes back to no pool: it would keep listening for others. */
  #release(client: PostgresClient): void {
    client.off('notification', this.#hear);
    client.release(true);
  }
}
