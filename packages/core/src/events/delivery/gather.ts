import { utf8 } from '../../encoding/bytes.ts';
import { toHex } from '../../encoding/hex.ts';
import type { CryptoProvider } from '../../ports/crypto.ts';
import type { Entry } from '../../store/entry.ts';
import type { LogEntry } from '../log-entry.ts';
import { typeMatcher } from '../type-pattern.ts';
import { deadLetters, lanes } from './collections.ts';
import type { DeliveryContext } from './context.ts';
import type { SinkCursor } from './lease.ts';
import type { NamedSink } from './sink.ts';
import { type DeadLetterValue, SubjectQueue } from './subject-queue.ts';

// One commit takes 255 writes: one an entry, six a lane, seven a replay.
const ENTRIES_A_ROUND = 100;
/** How many lanes, and how many replays, one round takes up. */
export const LANES_A_ROUND = 10;
/** New entries wait while a sink has so many lanes. */
export const MAX_LANES = 1_000;

/** What one round has to do. */
export interface RoundWork {
  /** One a subject, in the order in which they are to be taken up: those with new events only, then the lanes. */
  readonly queues: readonly SubjectQueue[];
  /** Dead letters that are back in their queues. */
  readonly replayed: readonly Entry<DeadLetterValue>[];
  /** Where the round leaves the log, if nothing stops it. */
  readonly position: number;
  /** Whether the log was left early, since a subject has no room for more. */
  readonly stalled: boolean;
  /** Whether there is more than this round takes. */
  readonly more: boolean;
  /** How many entries, lanes and replays were taken up. */
  readonly size: number;
}

/** Gathers what is due for a sink: replays, lanes, and new entries of the log. */
export async function gatherWork(
  context: DeliveryContext,
  sink: NamedSink,
  cursor: SinkCursor,
  limit: number,
): Promise<RoundWork> {
  const { store, clock, crypto } = context;
  const due = { equals: { sink: sink.name }, to: clock.now() + 1, limit: Math.min(limit, LANES_A_ROUND) };
  const replays = (await store.query(deadLetters, { index: 'byReplayAt', ...due })).entries;
  const dueLanes = cursor.lanes > 0 ? (await store.query(lanes, { index: 'byRetryAt', ...due })).entries : [];
  const fresh = await newEntries(context, sink, cursor, Math.min(limit, ENTRIES_A_ROUND));

  const ids = new Map<object, string>();
  for (const { value } of replays) ids.set(value, await laneId(crypto, sink.name, value));
  for (const { event } of fresh.entries) ids.set(event, await laneId(crypto, sink.name, event));
  const known = new Map(dueLanes.map((lane) => [lane.id, lane]));
  const others = cursor.lanes > 0 ? [...new Set(ids.values())].filter((id) => !known.has(id)) : [];
  for (const lane of await store.getMany(others.map((id) => ({ collection: lanes, id })))) {
    if (lane) known.set(lane.id, lane);
  }

  const queues = new Map([...known].map(([id, lane]) => [id, new SubjectQueue(id, lane)]));
  const queueOf = (subject: object): SubjectQueue => {
    const id = ids.get(subject) as string;
    const queue = queues.get(id) ?? new SubjectQueue(id, undefined);
    queues.set(id, queue);
    return queue;
  };
  const since = clock.now();
  const replayed = replays.filter(({ value }) => queueOf(value).insert({ sequence: value.sequence, since }));
  // Where there is no room for an event, the log is left in front of it: what is behind it would be delivered over and over.
  const stalledAt = fresh.entries.find(({ sequence, event }) => !queueOf(event).insert({ sequence, since, event }));
  const taken = [...queues.values()];
  return {
    // A subject that fails for long must not keep the others waiting for the answers that it does not get.
    queues: [...taken.filter(({ lane }) => !lane), ...taken.filter(({ lane }) => lane)],
    replayed,
    position: stalledAt?.sequence ?? fresh.position,
    stalled: stalledAt !== undefined,
    // A replay that found no room is no reason to hurry.
    more: (fresh.more && !stalledAt) || replayed.length === due.limit || dueLanes.length === due.limit,
    size: fresh.read + replays.length + dueLanes.length,
  };
}

interface NewEntries {
  /** Those that the sink wants. */
  readonly entries: readonly LogEntry[];
  readonly read: number;
  readonly position: number;
  readonly more: boolean;
}

/** Whether new entries are taken at all at present. */
export function takesNewEntries(cursor: SinkCursor, now: number): boolean {
  return cursor.quietUntil <= now && cursor.lanes < MAX_LANES;
}

async function newEntries(
  { reader, clock, logger }: DeliveryContext,
  sink: NamedSink,
  cursor: SinkCursor,
  limit: number,
): Promise<NewEntries> {
  const size = await reader.size();
  const { position } = cursor;
  if (position > size) {
    logger?.error('The log is shorter than what a sink has had of it: it goes on from the end', {
      sink: sink.name,
      position,
      size,
    });
    return { entries: [], read: 0, position: size, more: false };
  }
  if (position === size || !takesNewEntries(cursor, clock.now())) {
    return { entries: [], read: 0, position, more: false };
  }
  const includePersonal = sink.includePersonal === true;
  const read = await reader.read({ from: position, limit, includePersonal });
  const first = read[0]?.sequence ?? size;
  if (first > position && position > 0) {
    logger?.error('Entries were removed from the log before a sink had them', {
      sink: sink.name,
      from: position,
      to: first,
    });
  }
  const next = (read.at(-1)?.sequence ?? size - 1) + 1;
  const matches = typeMatcher(sink.types ?? ['*']);
  return {
    entries: read.filter(({ event }) => matches(event.type)),
    read: read.length,
    position: next,
    more: next < size,
  };
}

/** One source's subjects are not another's. The name of a sink holds no space. */
async function laneId(
  crypto: CryptoProvider,
  sink: string,
  { source, subject }: { readonly source: string; readonly subject: string },
): Promise<string> {
  return `${sink} ${toHex(await crypto.digest('SHA-256', utf8(JSON.stringify([source, subject]))))}`;
}
