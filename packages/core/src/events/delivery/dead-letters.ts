import { z } from 'zod';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { deadLetters } from './collections.ts';
import type { DeliveryContext } from './context.ts';
import { SINK_NAME } from './sink-rules.ts';
import type { DeadLetterValue } from './subject-queue.ts';

/** An event that was given up for a sink. It is kept for 30 days. */
export interface DeadLetter {
  readonly sink: string;
  /** The event's place in the log. */
  readonly sequence: number;
  readonly eventId: string;
  readonly type: string;
  readonly source: string;
  readonly subject: string;
  /** How often it was tried. */
  readonly attempts: number;
  /** Why the last attempt failed. */
  readonly reason: string;
  /** The HTTP status of the last attempt, where there was one. */
  readonly status?: number;
  readonly diedAt: Date;
  /** When a replay was asked for that has not begun yet. */
  readonly replayAt?: Date;
}

/** Which dead letters to list. */
export interface ListDeadLettersOptions extends Abortable {
  /** Default: those of all sinks. */
  readonly sink?: string;
  /** 1 to 1,000 a page. */
  readonly limit: number;
  /** Where the last page ended. */
  readonly cursor?: string;
}

const listOptions = z.strictObject({
  sink: z.string().regex(SINK_NAME, 'must be the name of a sink').optional(),
  limit: z.number().int().min(1).max(1_000),
  cursor: z.string().optional(),
  signal: abortSignal,
});
/** Lists dead letters in the order of the log. */
export async function listDeadLetters(
  { store }: DeliveryContext,
  options: ListDeadLettersOptions,
): Promise<{ items: DeadLetter[]; cursor?: string }> {
  const parsed = listOptions.safeParse(options);
  if (!parsed.success) throw invalidArgument('deadLetters() options', parsed.error.issues);
  throwIfAborted(options.signal);
  const { sink, limit, cursor: start } = options;
  const selection = sink === undefined ? { index: 'bySequence' } : { index: 'bySinkAndSequence', equals: { sink } };
  const query = { ...selection, limit };
  const { entries, cursor } = await store.query(deadLetters, start === undefined ? query : { ...query, cursor: start });
  const items = entries.map(({ value }) => describe(value));
  return cursor === undefined ? { items } : { items, cursor };
}

function describe({ diedAt, replayAt, fault, ...letter }: DeadLetterValue): DeadLetter {
  const { reason, status } = fault;
  return {
    ...letter,
    reason,
    ...(status !== undefined && { status }),
    diedAt: new Date(diedAt),
    ...(replayAt !== undefined && { replayAt: new Date(replayAt) }),
  };
}
