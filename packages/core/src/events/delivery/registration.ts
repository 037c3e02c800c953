import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import { sinkCursors } from './collections.ts';
import type { DeliveryContext } from './context.ts';
import { CLAIMABLE, type SinkCursor } from './lease.ts';
import { purgeSink } from './removal.ts';
import type { NamedSink } from './sink.ts';
import { sinkNotFound } from './sink-not-found.ts';
import { SINK_NAME } from './sink-rules.ts';

/**
 * Gives sinks that are new their place in the log. Where several instances race, the first one decides.
 *
 * @returns the document of each sink, in order
 */
export async function registerSinks(
  context: DeliveryContext,
  sinks: readonly NamedSink[],
  { signal }: Abortable = {},
): Promise<Entry<SinkCursor>[]> {
  const { store, reader, clock } = context;
  while (true) {
    throwIfAborted(signal);
    const found = await store.getMany(sinks.map(({ name }) => ({ collection: sinkCursors, id: name })));
    const present = found.filter((entry) => entry?.value.state !== 'removed') as (Entry<SinkCursor> | undefined)[];
    if (present.length === sinks.length && present.every((entry) => entry !== undefined)) return present;
    for (const entry of found) if (entry?.value.state === 'removed') await purgeSink(context, entry);
    const size = await reader.size();
    for (const [at, { name, from }] of sinks.entries()) {
      if (found[at] && found[at].value.state !== 'removed') continue;
      const position = from === 'beginning' ? 0 : size;
      const fresh: SinkCursor = {
        position,
        state: 'active',
        lanes: 0,
        failures: 0,
        quietUntil: 0,
        restUntil: 0,
        seenAt: clock.now(),
      };
      await store.commit([store.put(sinkCursors, name, fresh, { ifVersion: null, dueAt: CLAIMABLE, dueQueue: name })]);
    }
  }
}

/**
 * Lets a sink that was disabled, or that rests, go on at once.
 *
 * @throws {NotFoundError} SINK_NOT_FOUND: no sink of that name has a place in the log
 */
export async function enableSink(context: DeliveryContext, name: string, options: Abortable = {}): Promise<void> {
  if (typeof name !== 'string' || !SINK_NAME.test(name)) throw sinkNotFound(name);
  await context.store.transact(async (transaction) => {
    const entry = await transaction.get(sinkCursors, name);
    if (entry === undefined || entry.value.state === 'removed') throw sinkNotFound(name);
    const { state, quietUntil, failures } = entry.value;
    if (state === 'active' && quietUntil === 0 && failures === 0) return;
    const { disabledAt: _at, fault: _fault, ...cursor } = entry.value;
    const enabled: SinkCursor = { ...cursor, state: 'active', failures: 0, quietUntil: 0, restUntil: 0 };
    transaction.put(sinkCursors, name, enabled, { dueAt: CLAIMABLE, dueQueue: name });
  }, signalOf(options));
}
