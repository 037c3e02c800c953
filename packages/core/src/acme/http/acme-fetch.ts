/** One request to an ACME server. */
export interface AcmeFetchInit {
  readonly method: 'GET' | 'HEAD' | 'POST';
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string;
  /** A redirect is an answer like others: it is refused. */
  readonly redirect: 'manual';
  readonly signal: AbortSignal;
}

/** What is read of an answer. The `Response` of the Fetch standard fits. */
export interface AcmeFetchResponse {
  readonly status: number;
  readonly headers: { get(name: string): string | null };
  readonly body: AsyncIterable<Uint8Array> | null;
}

/** How requests to an ACME server leave: the `fetch` of the runtime fits. */
export type AcmeFetch = (url: string, init: AcmeFetchInit) => Promise<AcmeFetchResponse>;
