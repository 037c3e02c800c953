import { z } from 'zod';
import { fromUtf8 } from '../../encoding/bytes.ts';
import { NotFoundError } from '../../errors/families.ts';
import { invalidArgument } from '../../errors/from-issues.ts';
import { type Abortable, signalOf } from '../../ports/abortable.ts';
import type { JsonObject } from '../../ports/storage.ts';
import { abortSignal } from '../../store/abort-signal.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { setAsideEvents } from '../event-collections.ts';
import { eventWrite } from '../event-writer.ts';
import type { LogContext } from '../log-context.ts';
import { LOG_SOURCE } from './set-aside.ts';

/** What was found in the outbox and could not be chained, since it is no event. */
export interface SetAsideEvent {
  /** The subject of the event `event.set_aside` that tells of it. */
  readonly setAsideId: string;
  /** The id of the document in the outbox. */
  readonly eventId: string;
  readonly setAsideAt: Date;
  /** What is wrong with it: names fields and rules, and nothing that it holds. */
  readonly reason: string;
  /** What was found: as trustworthy as whoever wrote it. Undefined where what was kept of it cannot be read. */
  readonly document?: JsonObject;
}

/** Which of them to list. */
export interface ListSetAsideOptions extends Abortable {
  /** 1 to 1,000 a page; pages end earlier where documents are large. */
  readonly limit: number;
  /** Where the last page ended. */
  readonly cursor?: string;
}

const listOptions = z.strictObject({
  limit: z.number().int().min(1).max(1_000),
  cursor: z.string().optional(),
  signal: abortSignal,
});
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** Lists what was set aside, oldest first. */
export async function listSetAside(
  { store }: LogContext,
  options: ListSetAsideOptions,
): Promise<{ items: SetAsideEvent[]; cursor?: string }> {
  const parsed = listOptions.safeParse(options);
  if (!parsed.success) throw invalidArgument('setAside() options', parsed.error.issues);
  const { limit, cursor: start, signal } = options;
  throwIfAborted(signal);
  const query = { index: 'bySetAsideAt', limit, withBytes: true, ...(start !== undefined && { cursor: start }) };
  const { entries, cursor } = await store.query(setAsideEvents, query);
  const items = entries.map(({ id, value: { eventId, setAsideAt, reason }, bytes }) => {
    const document = readDocument(bytes);
    return { setAsideId: id, eventId, setAsideAt: new Date(setAsideAt), reason, ...(document && { document }) };
  });
  return cursor === undefined ? { items } : { items, cursor };
}

/** Removes what was set aside, and tells of that by an event. */
export async function discardSetAside(context: LogContext, setAsideId: string, options: Abortable): Promise<void> {
  await context.store.transact(async (transaction) => {
    const isId = typeof setAsideId === 'string' && UUID.test(setAsideId);
    const entry = isId ? await transaction.get(setAsideEvents, setAsideId) : undefined;
    if (entry === undefined) throw new NotFoundError('SET_ASIDE_NOT_FOUND', 'Nothing was set aside under this id');
    transaction.delete(setAsideEvents, setAsideId);
    const { eventId } = entry.value;
    const told = { type: 'event.discarded', source: LOG_SOURCE, subject: setAsideId, subjectRevision: 2 };
    transaction.add(eventWrite(context, { ...told, data: { eventId } }));
  }, signalOf(options));
}

/** One that was damaged must not keep anybody from the others, nor from discarding it. */
function readDocument(bytes: Uint8Array | undefined): JsonObject | undefined {
  try {
    return bytes && (JSON.parse(fromUtf8(bytes)) as JsonObject);
  } catch {
    return undefined;
  }
}
