/** Names and values of headers in turn: the form that node:http sends without looking at it again. */
export type HeaderList = readonly string[];

/** An answer, before it becomes a `Response` or goes out through node:http. */
export interface Answer {
  readonly status: number;
  readonly headers: HeaderList;
  readonly body?: string | Uint8Array | ReadableStream<Uint8Array>;
  /** Of a text that was measured before: its length in UTF-8, in bytes. */
  readonly length?: number;
  /** The code of the error that it tells of, where it does. */
  readonly errorCode?: string;
}

/** What an answer can be given beside its content. */
export interface AnswerOptions {
  readonly status?: number;
  readonly headers?: HeaderList;
}

const JSON_TYPE = ['content-type', 'application/json'] as const;

/** Answers with JSON. */
export function json(value: unknown, options: AnswerOptions = {}): Answer {
  return jsonText(JSON.stringify(value), options);
}

/** Answers with text that is JSON already. */
export function jsonText(body: string, { status = 200, headers = [] }: AnswerOptions = {}): Answer {
  return { status, headers: [...JSON_TYPE, ...headers], body };
}

/** Answers with nothing but that it was done. */
export function noContent(headers: HeaderList = []): Answer {
  return { status: 204, headers };
}

/** Answers with content of another type. */
export function content(
  type: string,
  body: string | Uint8Array | ReadableStream<Uint8Array>,
  { status = 200, headers = [] }: AnswerOptions = {},
): Answer {
  return { status, headers: ['content-type', type, ...headers], body };
}

/** The value of an answer's header, by its name in lower case. */
export function headerOf({ headers }: Answer, name: string): string | undefined {
  for (let at = 0; at < headers.length; at += 2) if (headers[at] === name) return headers[at + 1];
  return undefined;
}
