import type { Attributes, Context, Span } from '@opentelemetry/api';
import { type Answer, headerOf } from '../exchange/answer.ts';
import type { Incoming } from '../exchange/incoming.ts';
import { type Handler, handlerOf, insideOf } from '../handler.ts';
import { invalidOption } from '../invalid-option.ts';
import { knownMethod } from '../observation/http-method.ts';
import type { Spans } from './spans.ts';

/** Reads headers one by one; a carrier of ours names none. */
const GETTER = {
  get: (incoming: Pick<Incoming, 'header'>, name: string) => incoming.header(name.toLowerCase()),
  keys: (): string[] => [],
};

/**
 * The same handler with a server span over each request, until its answer is made. Neither path nor query nor address is told: they may hold
 * ids and names.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: no handler of `createHandlers`
 */
export function tracedHandler(spans: Spans, handler: Handler, continueTraces: boolean): Handler {
  const inside = insideOf(handler);
  if (inside === undefined) {
    throw invalidOption('tracedHandler() takes a handler of createHandlers()');
  }
  const { api } = spans;
  const parentOf = (incoming: Incoming): Context => {
    const active = api.context.active();
    return continueTraces ? api.propagation.extract(active, incoming, GETTER) : active;
  };
  return handlerOf({
    leads: (path) => inside.leads(path),
    routeOf: (incoming) => inside.routeOf(incoming),
    dispatch(incoming) {
      const route = inside.routeOf(incoming);
      const method = knownMethod(incoming.method);
      const name = method === '_OTHER' ? 'HTTP' : method;
      const attributes: Attributes = {
        'http.request.method': method,
        'url.scheme': incoming.connection.encrypted ? 'https' : 'http',
        ...(route !== undefined && { 'http.route': route }),
      };
      return api.context.with(parentOf(incoming), () =>
        spans.within(
          route === undefined ? name : `${name} ${route}`,
          { kind: api.SpanKind.SERVER, attributes },
          async (span) => {
            const answer = await inside.dispatch(incoming);
            tell(span, answer);
            return answer;
          },
        ),
      );
    },
  });

  /** A client's mistake is no error of the server's (semantic conventions of HTTP spans). */
  function tell(span: Span, answer: Answer): void {
    span.setAttribute('http.response.status_code', answer.status);
    const requestId = headerOf(answer, 'x-request-id');
    if (requestId !== undefined) span.setAttribute('chancery.request_id', requestId);
    if (answer.errorCode !== undefined) span.setAttribute('error.type', answer.errorCode);
    else if (answer.status >= 500) span.setAttribute('error.type', String(answer.status));
    if (answer.status >= 500) span.setStatus({ code: api.SpanStatusCode.ERROR });
  }
}
