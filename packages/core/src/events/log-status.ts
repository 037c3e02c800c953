import { z } from 'zod';
import { invalidArgument } from '../errors/from-issues.ts';
import type { Abortable } from '../ports/abortable.ts';
import { abortSignal } from '../store/abort-signal.ts';
import { throwIfAborted } from '../store/backoff.ts';
import { checkpoints, eventRecords, logHeads, setAsideEvents } from './event-collections.ts';
import type { LogContext } from './log-context.ts';
import { outboxDocuments } from './outbox.ts';
import { HEAD_ID } from './sequencing/log-head.ts';

/** How far to look at what waits. */
export interface LogStatusOptions extends Abortable {
  /** Where counting ends, at least 1: more than that are as many. Default 10,000. */
  readonly upTo?: number;
}

/** How the log is doing. */
export interface LogStatus {
  /** How many entries were ever chained. */
  readonly size: number;
  /** How many events wait in the outbox, no more than `upTo`. */
  readonly pending: number;
  /** Since when the oldest of them waits. */
  readonly oldestPendingAt?: Date;
  /** How many malformed documents were set aside and not discarded yet, no more than `upTo`. */
  readonly setAside: number;
  /** The newest signed checkpoint. */
  readonly checkpoint?: { readonly size: number; readonly madeAt: Date };
}

const statusOptions = z.strictObject({ upTo: z.number().int().min(1).default(10_000), signal: abortSignal });

/** See `EventLog.status`. It reads five times, and signs nothing. */
export async function logStatus({ store }: LogContext, options: LogStatusOptions): Promise<LogStatus> {
  const parsed = statusOptions.safeParse(options);
  if (!parsed.success) throw invalidArgument('status() options', parsed.error.issues);
  const { upTo, signal } = parsed.data;
  throwIfAborted(signal);
  const [head, pending, outbox, setAside, newest] = await Promise.all([
    store.get(logHeads, HEAD_ID),
    store.count(eventRecords, { index: 'pending', upTo }),
    store.query(outboxDocuments, { index: 'pending', limit: 1 }),
    store.count(setAsideEvents, { index: 'bySetAsideAt', upTo }),
    store.query(checkpoints, { index: 'bySize', direction: 'descending', limit: 1 }),
  ]);
  const [oldest] = outbox.entries.map(({ value }) => ('record' in value ? value.record : value.malformed.data));
  // What is no event yet to be set aside may claim any instant.
  const since = new Date(Number(oldest?.pendingSince));
  const checkpoint = newest.entries[0]?.value;
  return {
    size: head?.value.size ?? 0,
    pending,
    setAside,
    ...(!Number.isNaN(since.getTime()) && { oldestPendingAt: since }),
    ...(checkpoint && { checkpoint: { size: checkpoint.size, madeAt: new Date(checkpoint.madeAt) } }),
  };
}
