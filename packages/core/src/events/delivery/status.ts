import { type Abortable, signalOf } from '../../ports/abortable.ts';
import { throwIfAborted } from '../../store/backoff.ts';
import { lanes, sinkCursors } from './collections.ts';
import type { DeliveryContext } from './context.ts';
import type { SinkCursor } from './lease.ts';
import type { DeliveryFault } from './sink.ts';

const PAGE = 100;

/** How a sink is doing. */
export interface SinkStatus {
  readonly sink: string;
  /** `disabled`: its receiver answered that it wants no more events. */
  readonly state: 'active' | 'disabled';
  /** The first entry of the log that it has not dealt with. */
  readonly position: number;
  /** How many entries of the log lie before it. */
  readonly behind: number;
  /** How many subjects have events that it does not take at present. */
  readonly failingSubjects: number;
  /** Until when new events wait, since the receiver fails for everything or asked for a rest. */
  readonly quietUntil?: Date;
  readonly disabledAt?: Date;
  /** Why it was disabled. */
  readonly fault?: DeliveryFault;
}

/** Tells how every sink with a place in the log is doing, those of other instances too. */
export async function sinkStatus(
  { store, reader, clock }: DeliveryContext,
  options: Abortable = {},
): Promise<SinkStatus[]> {
  const { signal } = signalOf(options);
  throwIfAborted(signal);
  const size = await reader.size();
  const told: SinkStatus[] = [];
  for await (const { id, value } of store.walk(sinkCursors, { index: 'bySeenAt', limit: PAGE })) {
    throwIfAborted(signal);
    const { state, position, lanes: failingSubjects, quietUntil, disabledAt } = value;
    if (state === 'removed') continue;
    told.push({
      sink: id,
      state,
      position,
      behind: Math.max(0, size - position),
      failingSubjects,
      ...(quietUntil > clock.now() && { quietUntil: new Date(quietUntil) }),
      ...(disabledAt !== undefined && { disabledAt: new Date(disabledAt), fault: value.fault as DeliveryFault }),
    });
  }
  return told.sort((a, b) => (a.sink < b.sink ? -1 : 1));
}

/** The lowest sequence number that some sink still needs; undefined where there is no sink. */
export async function oldestNeeded(
  { store }: DeliveryContext,
  { signal }: Abortable = {},
): Promise<number | undefined> {
  let oldest: number | undefined;
  for await (const { id, value } of store.walk(sinkCursors, { index: 'bySeenAt', limit: PAGE })) {
    throwIfAborted(signal);
    if (value.state === 'removed') continue;
    const needed = Math.min(value.position, (await firstInLane(store, id, value)) ?? value.position);
    oldest = Math.min(oldest ?? needed, needed);
  }
  return oldest;
}

async function firstInLane(
  store: DeliveryContext['store'],
  sink: string,
  cursor: SinkCursor,
): Promise<number | undefined> {
  if (cursor.lanes === 0) return undefined;
  const { entries } = await store.query(lanes, { index: 'byHead', equals: { sink }, limit: 1 });
  return entries[0]?.value.head;
}
