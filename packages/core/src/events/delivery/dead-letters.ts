import { z } from 'zod';
import { NotFoundError } from '../../errors/families.ts';
import { invalidArgument } from '../../errors/from-issues.ts';
import type { Abortable } from '../../ports/abortable.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import type { EntryPage } from '../../store/store.ts';
import { deadLetters } from './collections.ts';
import type { DeliveryContext } from './context.ts';
import { deadLetterId } from './round.ts';
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

/** Which dead letters to deliver after all. */
export interface ReplayOptions extends Abortable {
  readonly sink: string;
  /** Which one, by its place in the log. Default: all of the sink's. */
  readonly sequence?: number;
}

const REPLAY_BATCH = 100;
const listOptions = z.strictObject({
  sink: z.string().min(1).max(255).optional(),
  limit: z.number().int().min(1).max(1_000),
  cursor: z.string().optional(),
  signal: abortSignal,
});
const replayOptions = z.strictObject({
  sink: z.string().min(1).max(255),
  sequence: z.number().int().nonnegative().optional(),
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

/**
 * Asks for dead letters to be delivered after all. The sink's worker puts each back among the events of its subject that still wait, in
 * the order of the log; what was delivered meanwhile stays delivered.
 *
 * @returns how many
 */
export async function replayDeadLetters(context: DeliveryContext, options: ReplayOptions): Promise<number> {
  const parsed = replayOptions.safeParse(options);
  if (!parsed.success) throw invalidArgument('replay() options', parsed.error.issues);
  const { sink, sequence, signal: stop } = options;
  if (sequence !== undefined) return replayOne(context, sink, sequence, stop ? { signal: stop } : {});
  const { store, clock } = context;
  let replayed = 0;
  let cursor: string | undefined;
  while (true) {
    throwIfAborted(stop);
    const query = { index: 'bySinkAndSequence', equals: { sink }, limit: REPLAY_BATCH };
    const page: EntryPage<DeadLetterValue> = await store.query(
      deadLetters,
      cursor === undefined ? query : { ...query, cursor },
    );
    const waiting = page.entries.filter(({ value }) => value.replayAt === undefined);
    const { committed } = await store.commit(waiting.map((entry) => replayWrite(context, entry, clock.now())));
    // The worker, or another replay, has moved one of them: read the page again.
    if (!committed) continue;
    replayed += waiting.length;
    cursor = page.cursor;
    if (cursor === undefined) return replayed;
  }
}

async function replayOne(
  context: DeliveryContext,
  sink: string,
  sequence: number,
  options: Abortable,
): Promise<number> {
  await context.store.transact(async (transaction) => {
    const entry = await transaction.get(deadLetters, deadLetterId(sink, sequence));
    if (entry === undefined) {
      throw new NotFoundError('DEAD_LETTER_NOT_FOUND', `Sink '${sink}' has no dead letter of entry ${sequence}`, {
        facts: { sink, sequence },
      });
    }
    transaction.add(replayWrite(context, entry, context.clock.now()));
  }, options);
  return 1;
}

function replayWrite(
  { store }: DeliveryContext,
  { id, version, value, expiresAt }: Entry<DeadLetterValue>,
  now: number,
) {
  return store.put(
    deadLetters,
    id,
    { ...value, replayAt: now },
    { ifVersion: version, ...(expiresAt !== undefined && { expiresAt }) },
  );
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
