import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { MaintenanceTask } from '../../ports/maintenance.ts';
import type { Write } from '../../ports/storage.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import { deadLetters, lanes, sinkCursors } from './collections.ts';
import type { DeliveryContext } from './context.ts';
import type { SinkCursor } from './lease.ts';
import { sinkNotFound } from './sink-not-found.ts';
import { SINK_NAME } from './sink-rules.ts';

const DAY_MS = 86_400_000;
/** After how long without an instance that has it a sink counts as removed, in milliseconds: 30 days. */
const FORGOTTEN_MS = 30 * DAY_MS;
const BATCH = 200;

/**
 * Removes a sink's place in the log and everything that waits for it.
 *
 * @throws {NotFoundError} SINK_NOT_FOUND: no sink of that name has a place in the log
 */
export async function removeSink(context: DeliveryContext, name: string, options: Abortable = {}): Promise<void> {
  throwIfAborted(signalOf(options).signal);
  if (typeof name !== 'string' || !SINK_NAME.test(name)) throw sinkNotFound(name);
  const entry = await context.store.get(sinkCursors, name);
  if (entry === undefined) throw sinkNotFound(name);
  await purgeSink(context, await markRemoved(context, name, options));
}

/**
 * Removes what waits for a sink that is marked as removed, and at last its own document. Doing it twice, or at once with another
 * instance, does no harm.
 */
export async function purgeSink({ store }: DeliveryContext, sink: Entry<SinkCursor> | undefined): Promise<void> {
  if (sink === undefined) return;
  const guard = store.check(sinkCursors, sink.id, sink.version);
  const selection = { equals: { sink: sink.id }, limit: BATCH };
  while (true) {
    const waiting = await store.query(lanes, { index: 'byHead', ...selection });
    const dead = await store.query(deadLetters, { index: 'bySinkAndSequence', ...selection });
    const deletes: Write[] = [
      ...waiting.entries.map(({ id }) => store.delete(lanes, id)),
      ...dead.entries.map(({ id }) => store.delete(deadLetters, id)),
    ].slice(0, BATCH);
    if (deletes.length === 0) break;
    if (!(await store.commit([guard, ...deletes])).committed) return;
  }
  await store.commit([store.delete(sinkCursors, sink.id, { ifVersion: sink.version })]);
}

/** The chore that forgets the sinks which no instance has had for 30 days, with all that waited for them. */
export function leftoversTask(context: DeliveryContext, configured: ReadonlySet<string>): MaintenanceTask {
  const { store, clock, logger } = context;
  return {
    name: `events:${store.namespace}:deliver-leftovers`,
    async run({ limit, signal }) {
      const to = clock.now() - FORGOTTEN_MS;
      const query = { index: 'bySeenAt', to, limit: Math.min(limit, BATCH) };
      const { entries, cursor } = await store.query(sinkCursors, query);
      for (const { id } of entries) {
        throwIfAborted(signal);
        if (configured.has(id)) continue;
        logger?.warn('A sink that no instance has any more is removed', { sink: id });
        await purgeSink(context, await markRemoved(context, id, signal ? { signal } : {}));
      }
      return { more: cursor !== undefined, nextDueAt: clock.now() + (cursor === undefined ? DAY_MS : 0) };
    },
  };
}

/** From here on no instance works for the sink: its lease is lost, and its name is free only once all is gone. */
async function markRemoved(
  { store }: DeliveryContext,
  name: string,
  options: Abortable,
): Promise<Entry<SinkCursor> | undefined> {
  await store.transact(async (transaction) => {
    const entry = await transaction.get(sinkCursors, name);
    if (entry === undefined || entry.value.state === 'removed') return;
    transaction.put(sinkCursors, name, { ...entry.value, state: 'removed', seenAt: 0 });
  }, options);
  return store.get(sinkCursors, name);
}
