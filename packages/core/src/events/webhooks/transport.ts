/** One request to be sent. */
export interface WebhookRequest {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Uint8Array;
  /** Ends the attempt. */
  readonly signal: AbortSignal;
}

/** What is left of an answer: its body is not kept. */
export interface WebhookAnswer {
  readonly status: number;
  /** The header `retry-after`. */
  readonly retryAfter?: string;
}

/** How a webhook's requests leave. */
export interface WebhookTransport {
  /**
   * Sends one POST and waits for the end of its answer. A redirect is an answer like others.
   *
   * @throws whatever kept it from getting an answer; a `code` such as `ECONNREFUSED` is stored and logged
   */
  post(request: WebhookRequest): Promise<WebhookAnswer>;
  /** Lets go of idle connections. */
  close(): void;
}
