import type { Write } from '../../ports/storage.ts';
import { deadLetters, lanes } from './collections.ts';
import type { DeliveryContext } from './context.ts';
import { gatherWork, type RoundWork } from './gather.ts';
import type { SinkCursor, SinkLease } from './lease.ts';
import { retryDelay } from './retry-schedule.ts';
import { RoundRun } from './round-run.ts';
import type { NamedSink } from './sink.ts';
import type { Lane, SubjectQueue } from './subject-queue.ts';

/** How long a dead letter is kept, in milliseconds: 30 days. */
export const DEAD_LETTER_MS = 30 * 86_400_000;
/** How long new entries wait for a subject that has no room for more. */
const STALLED_MS = 60_000;

/** What a round came to. */
export interface RoundResult {
  /** How many entries, lanes and replays it took up. */
  readonly size: number;
  /** Whether more is waiting, and the lease is still held. */
  readonly more: boolean;
}

/**
 * One round of work for a sink, under its lease: gathers what is due, delivers it, and keeps what came of it in one commit. A crash before
 * that commit repeats the round: events may be delivered twice, with one id, and none is lost.
 */
export async function runRound(
  context: DeliveryContext,
  sink: NamedSink,
  lease: SinkLease,
  { limit, signal }: { readonly limit: number; readonly signal: AbortSignal },
): Promise<RoundResult> {
  const work = await gatherWork(context, sink, lease.cursor, limit);
  const run = new RoundRun(context, sink, lease);
  await run.deliver(work.queues, signal);
  const position = reached(work, lease.cursor.position);
  const settled = work.queues.map((queue) => ({ queue, remainder: queue.remainder(sink.name, position) }));
  const writes = settled.flatMap((each) => queueWrites(context, sink.name, each, position));
  for (const { id, version } of work.replayed) {
    // One that died again is put already.
    const isDead = writes.some((write) => write.collection === deadLetters.name && write.id === id);
    if (!isDead) writes.push(context.store.delete(deadLetters, id, { ifVersion: version }));
  }
  const before = settled.filter(({ queue }) => queue.lane).length;
  const after = settled.filter(({ remainder }) => remainder).length;
  const next = { ...lease.cursor, position, lanes: lease.cursor.lanes + after - before, seenAt: context.clock.now() };
  const more = !run.stopped && (work.more || run.again);
  const committed = await lease.commit(judged(context, sink, next, { run, stalled: work.stalled }), writes, {
    release: !more || work.size >= limit,
  });
  return { size: work.size, more: more && committed };
}

/** The first new entry that was neither delivered nor put into a lane is where the next round begins. */
function reached({ queues, position }: RoundWork, before: number): number {
  let first = position;
  for (const queue of queues) {
    if (queue.lane || queue.isBlocked) continue;
    const untried = queue.waiting.find(({ sequence }) => sequence >= before);
    if (untried) first = Math.min(first, untried.sequence);
  }
  return first;
}

function queueWrites(
  { store }: DeliveryContext,
  sink: string,
  { queue, remainder }: { readonly queue: SubjectQueue; readonly remainder: Lane | undefined },
  position: number,
): Write[] {
  const dead = queue.dead.filter(({ sequence }) => sequence < position);
  const writes: Write[] = dead.map((letter) =>
    store.put(deadLetters, deadLetterId(sink, letter.sequence), letter, { expiresAt: letter.diedAt + DEAD_LETTER_MS }),
  );
  const { lane, laneId } = queue;
  if (remainder) writes.push(store.put(lanes, laneId, remainder, { ifVersion: lane?.version ?? null }));
  else if (lane) writes.push(store.delete(lanes, laneId, { ifVersion: lane.version }));
  return writes;
}

/** Says of a sink's document what the round has shown of the receiver: that it fails, rests, or wants no more. */
function judged(
  { clock, crypto, logger }: DeliveryContext,
  sink: NamedSink,
  cursor: SinkCursor,
  { run, stalled }: { readonly run: RoundRun; readonly stalled: boolean },
): SinkCursor {
  const now = clock.now();
  const failures = run.failing ? cursor.failures + 1 : run.delivered > 0 ? 0 : cursor.failures;
  let quietUntil = run.delivered > 0 ? 0 : cursor.quietUntil;
  if (run.failing) quietUntil = now + retryDelay(failures, crypto);
  else if (stalled && run.delivered === 0) quietUntil = now + STALLED_MS;
  const { restUntil } = run;
  const next = { ...cursor, failures, restUntil, quietUntil: Math.max(quietUntil, restUntil) };
  if (run.gone === undefined) return next;
  logger?.error('A sink wants no more events: it is disabled', { sink: sink.name, ...run.gone });
  return { ...next, state: 'disabled', disabledAt: now, fault: run.gone };
}

/** The document of a dead letter. The name of a sink holds no space. */
export function deadLetterId(sink: string, sequence: number): string {
  return `${sink} ${sequence}`;
}
