import { ConflictError, InvalidInputError } from '../../errors/families.ts';
import { requireObject } from '../../errors/require-object.ts';
import { typeMatcher } from '../type-pattern.ts';
import type { NamedSink, Sink, SinkFunction } from './sink.ts';

/** What the name of a sink looks like: visible ASCII. */
export const SINK_NAME = /^[\x21-\x7e]{1,255}$/;
const MAX_TIMEOUT_MS = 300_000;

/**
 * The sinks of a list that have a name, checked.
 *
 * @throws {InvalidInputError} INVALID_ARGUMENT: one is neither a function nor a well-formed sink
 * @throws {ConflictError} SINK_NAME_TAKEN: two have one name
 */
export function namedSinks(sinks: readonly Sink[]): NamedSink[] {
  const named = new Map<string, NamedSink>();
  for (const sink of sinks) {
    if (typeof sink === 'function') continue;
    checkSink(sink);
    if (named.has(sink.name)) {
      throw new ConflictError('SINK_NAME_TAKEN', `Two sinks are called '${sink.name}': give one another name`, {
        facts: { sink: sink.name },
      });
    }
    named.set(sink.name, sink);
  }
  return [...named.values()];
}

/** The bare functions of a list of sinks. */
export function sinkFunctions(sinks: readonly Sink[]): SinkFunction[] {
  return sinks.filter((sink) => typeof sink === 'function');
}

function checkSink(sink: NamedSink): void {
  requireObject(sink, 'A sink');
  const { name, types, from, timeoutMs, deliver } = sink;
  if (typeof name !== 'string' || !SINK_NAME.test(name)) {
    throw invalid(`The name of a sink must be 1 to 255 visible ASCII characters, not ${JSON.stringify(name)}`);
  }
  if (typeof deliver !== 'function') throw invalid(`Sink '${name}' must have a function deliver`);
  if (from !== undefined && from !== 'newest' && from !== 'beginning') {
    throw invalid(`Sink '${name}' must start from 'newest' or 'beginning', not ${JSON.stringify(from)}`);
  }
  if (timeoutMs !== undefined && !(Number.isInteger(timeoutMs) && timeoutMs >= 1 && timeoutMs <= MAX_TIMEOUT_MS)) {
    throw invalid(`timeoutMs of sink '${name}' must be an integer from 1 to ${MAX_TIMEOUT_MS}, not ${timeoutMs}`);
  }
  if (types !== undefined) typeMatcher(types);
}

function invalid(message: string): InvalidInputError {
  return new InvalidInputError('INVALID_ARGUMENT', message);
}
