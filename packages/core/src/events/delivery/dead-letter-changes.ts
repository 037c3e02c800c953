import { z } from 'zod';
import { NotFoundError } from '../../errors/families.ts';
import { invalidArgument } from '../../errors/from-issues.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { Write } from '../../ports/storage.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import type { Entry } from '../../store/entry.ts';
import type { EntryPage } from '../../store/store.ts';
import { deadLetters } from './collections.ts';
import type { DeliveryContext } from './context.ts';
import { deadLetterId } from './round.ts';
import { SINK_NAME } from './sink-rules.ts';
import type { DeadLetterValue } from './subject-queue.ts';

/** Which dead letters to deliver after all. */
export interface ReplayOptions extends Abortable {
  readonly sink: string;
  /** Which one, by its place in the log. Default: all of the sink's. */
  readonly sequence?: number;
}

/** Which dead letters to forget. */
export type DiscardOptions = ReplayOptions;

/** What becomes of a dead letter; undefined: it stays as it is. */
type Change = (entry: Entry<DeadLetterValue>) => Write | undefined;

const BATCH = 100;
const selection = z.strictObject({
  sink: z.string().regex(SINK_NAME, 'must be the name of a sink'),
  sequence: z.number().int().nonnegative().optional(),
  signal: abortSignal,
});

/**
 * Asks for dead letters to be delivered after all. The sink's worker puts each back among the events of its subject that still wait, in
 * the order of the log; what was delivered meanwhile stays delivered.
 *
 * @returns how many
 */
export function replayDeadLetters(context: DeliveryContext, options: ReplayOptions): Promise<number> {
  const { store, clock } = context;
  return changeDeadLetters(context, 'replay() options', options, ({ id, version, value, expiresAt }) => {
    if (options.sequence === undefined && value.replayAt !== undefined) return undefined;
    const kept = { ifVersion: version, ...(expiresAt !== undefined && { expiresAt }) };
    return store.put(deadLetters, id, { ...value, replayAt: clock.now() }, kept);
  });
}

/**
 * Forgets dead letters. One that is being put back at this moment may still be delivered.
 *
 * @returns how many
 */
export function discardDeadLetters(context: DeliveryContext, options: DiscardOptions): Promise<number> {
  return changeDeadLetters(context, 'discard() options', options, ({ id, version }) =>
    context.store.delete(deadLetters, id, { ifVersion: version }),
  );
}

async function changeDeadLetters(
  context: DeliveryContext,
  what: string,
  options: ReplayOptions,
  change: Change,
): Promise<number> {
  const parsed = selection.safeParse(options);
  if (!parsed.success) throw invalidArgument(what, parsed.error.issues);
  const { sink, sequence } = options;
  if (sequence === undefined) return changeAll(context, sink, options, change);
  await context.store.transact(async (transaction) => {
    const entry = await transaction.get(deadLetters, deadLetterId(sink, sequence));
    if (entry === undefined) throw deadLetterNotFound(sink, sequence);
    const write = change(entry);
    if (write) transaction.add(write);
  }, signalOf(options));
  return 1;
}

async function changeAll(
  { store }: DeliveryContext,
  sink: string,
  { signal }: Abortable,
  change: Change,
): Promise<number> {
  let changed = 0;
  let cursor: string | undefined;
  while (true) {
    throwIfAborted(signal);
    const query = { index: 'bySinkAndSequence', equals: { sink }, limit: BATCH };
    const page: EntryPage<DeadLetterValue> = await store.query(
      deadLetters,
      cursor === undefined ? query : { ...query, cursor },
    );
    const writes = page.entries.flatMap((entry) => change(entry) ?? []);
    const { committed } = await store.commit(writes);
    // The worker, or another call, has moved one of them: read the page again.
    if (!committed) continue;
    changed += writes.length;
    cursor = page.cursor;
    if (cursor === undefined) return changed;
  }
}

function deadLetterNotFound(sink: string, sequence: number): NotFoundError {
  return new NotFoundError('DEAD_LETTER_NOT_FOUND', `Sink '${sink}' has no dead letter of entry ${sequence}`, {
    facts: { sink, sequence },
  });
}
