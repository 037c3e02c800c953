import type { Issuer, StorageBackend } from '@chancery/core';
import type { TracerProvider } from '@opentelemetry/api';
import type { Handler } from '../handler.ts';
import { loadPackage } from '../observation/load-package.ts';
import { Spans } from './spans.ts';
import { tracedHandler } from './traced-handler.ts';
import { tracedIssuer } from './traced-issuer.ts';
import { tracedStorage } from './traced-storage.ts';
import { checkTracingOptions, type TracingOptions } from './tracing-options.ts';

const NAME = '@chancery/http';

/** Spans for OpenTelemetry. Its functions need no `this`. */
export interface Tracing {
  /**
   * The same handler with a server span over each request.
   *
   * @param handler - one of `createHandlers`
   * @throws {InvalidInputError} INVALID_ARGUMENT: another handler
   */
  readonly tracedHandler: (handler: Handler) => Handler;
  /** The same storage with a span over each operation. Give it to the managers in place of the other: all of them the same one. */
  readonly tracedStorage: (storage: StorageBackend) => StorageBackend;
  /**
   * The same issuer with a span over each operation, for the option `issuers` of a certificate manager.
   *
   * @param name - what it is called there
   */
  readonly tracedIssuer: (name: string, issuer: Issuer) => Issuer;
}

/**
 * Makes spans by `@opentelemetry/api`, which is loaded only here. They go where the host sends its spans, and nowhere until it has set that up.
 *
 * No attribute holds a secret, a name, an id of an account or an address.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: an option is malformed
 * @throws {ChanceryError} PACKAGE_MISSING: `@opentelemetry/api` is not installed
 *
 * @example
 * ```ts
 * const tracing = await createTracing();
 * const storage = tracing.tracedStorage(new MemoryStorage());
 * const { router } = createHandlers({ storage, keyring, accounts });
 * createServer(toNodeListener(tracing.tracedHandler(router))).listen(8080);
 * ```
 */
export async function createTracing(options: TracingOptions = {}): Promise<Tracing> {
  checkTracingOptions(options);
  const { continueTraces = true } = options;
  const provider = options.tracerProvider as TracerProvider | undefined;
  const api = await loadPackage('@opentelemetry/api', () => import('@opentelemetry/api'));
  const spans = new Spans(api, () => (provider ?? api.trace).getTracer(NAME));
  return {
    tracedHandler: (handler) => tracedHandler(spans, handler, continueTraces),
    tracedStorage: (storage) => tracedStorage(spans, storage),
    tracedIssuer: (name, issuer) => tracedIssuer(spans, name, issuer),
  };
}
