import type { MaintenanceTask } from '../../ports/maintenance.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import { ATTEMPT_TIMEOUT_MS } from './attempt.ts';
import { deadLetters, lanes, sinkCursors } from './collections.ts';
import type { DeliveryContext } from './context.ts';
import { takesNewEntries } from './gather.ts';
import { CLAIMABLE, type SinkCursor, SinkLease } from './lease.ts';
import { registerSinks } from './registration.ts';
import { runRound } from './round.ts';
import type { NamedSink } from './sink.ts';

const SEEN_MS = 86_400_000;

/** The chore of delivering to one sink. It does nothing while another instance is at it. */
export function sinkTask(context: DeliveryContext, sink: NamedSink): MaintenanceTask {
  const { clock, pollMs } = context;
  return {
    name: `events:${context.store.namespace}:deliver:${sink.name}`,
    async run({ limit, signal = new AbortController().signal }) {
      throwIfAborted(signal);
      const more = await workFor(context, sink, { limit, signal });
      return { more, nextDueAt: clock.now() + (more ? 0 : pollMs) };
    },
  };
}

async function workFor(
  context: DeliveryContext,
  sink: NamedSink,
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
): Promise<boolean> {
  const [registered] = await registerSinks(context, [sink], { signal });
  if (registered?.value.state === 'disabled') await stayKnown(context, registered);
  if (registered === undefined || !(await hasWork(context, sink.name, registered.value))) return false;
  const lease = await SinkLease.claim(context, sink.name, sink.timeoutMs ?? ATTEMPT_TIMEOUT_MS);
  // Between the look and the claim another instance may have disabled or removed it, or been asked for a rest.
  if (lease?.cursor.state !== 'active' || lease.cursor.restUntil > context.clock.now()) return false;
  for (let left = limit; ; ) {
    const round = await runRound(context, sink, lease, { limit: left, signal });
    left -= round.size;
    if (!round.more || left <= 0) return round.more;
  }
}

/** A sink that is disabled has no rounds that would say that there still is an instance which has it. */
async function stayKnown({ store, clock }: DeliveryContext, { id, version, value }: Entry<SinkCursor>): Promise<void> {
  const seenAt = clock.now();
  if (value.seenAt > seenAt - SEEN_MS) return;
  // After a conflict it was enabled, removed, or seen by another instance.
  const put = store.put(sinkCursors, id, { ...value, seenAt }, { ifVersion: version, dueAt: CLAIMABLE, dueQueue: id });
  await store.commit([put]);
}

/** A look that writes nothing, so that an idle sink costs a few reads. */
async function hasWork({ store, reader, clock }: DeliveryContext, sink: string, cursor: SinkCursor): Promise<boolean> {
  if (cursor.state !== 'active') return false;
  const now = clock.now();
  if (cursor.restUntil > now) return false;
  if (cursor.seenAt <= now - SEEN_MS) return true;
  if (takesNewEntries(cursor, now) && (await reader.size()) !== cursor.position) return true;
  const due = { equals: { sink }, to: now + 1, limit: 1 };
  if (cursor.lanes > 0 && (await store.query(lanes, { index: 'byRetryAt', ...due })).entries.length > 0) return true;
  return (await store.query(deadLetters, { index: 'byReplayAt', ...due })).entries.length > 0;
}
