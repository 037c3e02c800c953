/** What the adapter needs of a `Pool` of `pg`. Any that is like it will do. */
export interface PostgresPool {
  readonly options?: { readonly max?: number | undefined };
  connect(): Promise<PostgresClient>;
  on(event: 'error', listener: (error: Error) => void): unknown;
}

/** What the adapter needs of a connection of such a pool. */
export interface PostgresClient {
  query(query: PostgresQuery): Promise<{ rows?: unknown[] }>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'end', listener: () => void): unknown;
  on(event: 'notification', listener: (notice: PostgresNotice) => void): unknown;
  off(event: 'error', listener: (error: Error) => void): unknown;
  off(event: 'notification', listener: (notice: PostgresNotice) => void): unknown;
  /** @param destroy - whether the connection is closed rather than kept */
  release(destroy?: boolean): void;
}

/** One statement, as `pg` takes it. */
export interface PostgresQuery {
  readonly text: string;
  readonly values?: unknown[];
  /** The name under which the connection keeps the prepared statement. */
  readonly name?: string;
  readonly types?: { getTypeParser(): (text: string) => unknown };
}

/** What LISTEN hears. */
export interface PostgresNotice {
  readonly channel: string;
  readonly payload?: string | undefined;
}
