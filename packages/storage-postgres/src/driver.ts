/** A parameter. Numbers go as text: PostgreSQL reads either, and every driver agrees on text. */
export type SqlValue = string | Uint8Array | null;

/** A row by column name. Every value is PostgreSQL's text of it, whatever parsers the host has installed. */
export type SqlRow = Readonly<Record<string, string | null>>;

export interface SqlStatement {
  readonly text: string;
  readonly values?: readonly SqlValue[];
  /** Whether it changes anything: then a lost answer is an unknown outcome. Default false. */
  readonly writes?: boolean;
  /** Whether the server should keep its plan for the next time. Default false. */
  readonly prepare?: boolean;
}

/** One connection, or whatever stands for it. */
export interface SqlSession {
  /** @throws {StorageError} what `storageError` makes of the failure */
  run(statement: SqlStatement): Promise<SqlRow[]>;
}

export interface Subscription {
  end(): Promise<void>;
}

/** What the adapter needs of a database driver: single statements, transactions, and notices. */
export interface SqlDriver extends SqlSession {
  /**
   * Runs statements on one connection between BEGIN and COMMIT; a rejection rolls back. Until COMMIT was sent, every
   * failure has `outcome: 'none'`.
   */
  transaction<T>(run: (session: SqlSession) => Promise<T>): Promise<T>;

  /**
   * Listens on a channel until it is told to end.
   *
   * @param onNotice - the payload of a notice
   * @param onGap - notices may have been lost
   */
  listen(channel: string, onNotice: (payload: string) => void, onGap: () => void): Promise<Subscription>;

  /** Lets go of what the driver made itself; what the host gave it stays open. */
  close(): Promise<void>;
}
