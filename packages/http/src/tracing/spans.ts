import type { Attributes, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import { errorCode } from '../observation/error-code.ts';

type Api = typeof import('@opentelemetry/api');

/** Makes spans, each the parent of those that begin within it. */
export class Spans {
  readonly api: Api;
  readonly #tracer: () => Tracer;

  /** @param tracer - asked for each span: a host may register its provider after this was made */
  constructor(api: Api, tracer: () => Tracer) {
    this.api = api;
    this.#tracer = tracer;
  }

  /** A span over a call. What it fails with is told by its code alone: a message may hold a name or an id. */
  async within<T>(name: string, options: SpanOptions, run: (span: Span) => Promise<T>): Promise<T> {
    return this.#tracer().startActiveSpan(name, options, async (span) => {
      try {
        return await run(span);
      } catch (error) {
        span.setStatus({ code: this.api.SpanStatusCode.ERROR });
        span.setAttribute('error.type', errorCode(error));
        throw error;
      } finally {
        span.end();
      }
    });
  }

  /** A span over something that happens within the process: what it asks of the network may have spans of its own. */
  inside<T>(name: string, attributes: Attributes, run: (span: Span) => Promise<T>): Promise<T> {
    return this.within(name, { kind: this.api.SpanKind.INTERNAL, attributes }, run);
  }
}
