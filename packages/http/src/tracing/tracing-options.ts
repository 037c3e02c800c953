import { invalidOption } from '../invalid-option.ts';

/** Where tracers come from: a `TracerProvider` of OpenTelemetry. */
export interface TracerSource {
  getTracer(name: string, version?: string): object;
}

/** How requests are traced. */
export interface TracingOptions {
  /** Default: what the host has registered with `@opentelemetry/api`; without that nothing is traced. */
  readonly tracerProvider?: TracerSource;
  /** Whether a trace that a request tells of, by `traceparent`, goes on here. Default true; `false` where strangers call directly. */
  readonly continueTraces?: boolean;
}

/** @throws {InvalidInputError} INVALID_ARGUMENT: names the option at fault */
export function checkTracingOptions(options: TracingOptions): void {
  if (typeof options !== 'object' || options === null) throw invalidOption('createTracing() options must be an object');
  const { tracerProvider, continueTraces } = options;
  if (tracerProvider !== undefined && typeof tracerProvider?.getTracer !== 'function')
    throw invalidOption('tracerProvider must have a method getTracer');
  if (!['boolean', 'undefined'].includes(typeof continueTraces))
    throw invalidOption('continueTraces must be true or false');
}
