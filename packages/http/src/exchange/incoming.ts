import type { Connection } from './connection.ts';

/** A request as the routes see it, whatever brought it. */
export interface Incoming {
  /** In capitals, as HTTP has it. */
  readonly method: string;
  /** As it was sent: percent-encoded, with its leading slash, without the query. */
  readonly path: string;
  /** What follows the question mark; empty where there is none. */
  readonly query: string;
  readonly connection: Connection;
  /** The body piece by piece; undefined where there is none. It can be read once. */
  readonly body: AsyncIterable<Uint8Array> | undefined;
  /** Whether something that came before the routes has read the body. */
  readonly isBodyConsumed: boolean;
  /** Aborted when the client goes away. */
  readonly signal: AbortSignal;
  /** The value of a header by its name in lower case; of several of one name all, joined by `, `. */
  header(name: string): string | undefined;
}
