import type { EventLog, SinkStatus } from '@chancery/core';
import type { Source } from './source.ts';

/** How many sinks have series of their own; the others are added up. */
const SINKS = 50;
const LONGEST_NAME = 64;
const LETTERS = 1_000;

/** What one sink's series show. */
interface SinkTally {
  waiting: number;
  failing: number;
  disabled: number;
  dead: number;
}

/** Looks at what waits to be chained and to be delivered, and at the age of the last checkpoint. */
export const eventSource: Source<EventLog> = (events, { gauge, settings }) => {
  const size = gauge({ name: 'events_logged', help: 'Entries that were ever chained.' });
  const pending = gauge({ name: 'events_pending', help: 'Events in the outbox that wait to be chained.' });
  const oldest = gauge({
    name: 'events_oldest_pending_timestamp_seconds',
    help: 'Since when the oldest event of the outbox waits; no series where none does.',
  });
  const setAside = gauge({
    name: 'events_set_aside',
    help: 'Documents of the outbox that are no events, and were set aside and not discarded yet.',
  });
  const checkpoint = gauge({
    name: 'events_checkpoint_timestamp_seconds',
    help: 'When the newest checkpoint was signed.',
  });
  const unsigned = gauge({ name: 'events_unsigned', help: 'Entries of the log that no checkpoint covers yet.' });
  const labels = ['sink'] as const;
  const waiting = gauge({ name: 'deliveries_waiting', help: 'Entries of the log before a sink.', labels });
  const failing = gauge({
    name: 'deliveries_failing_subjects',
    help: 'Subjects whose events a sink does not take at present.',
    labels,
  });
  const disabled = gauge({ name: 'deliveries_disabled', help: '1 where a sink wants no more events.', labels });
  const dead = gauge({
    name: 'dead_letters',
    help: 'Events that were given up for a sink, no more than 1,000 in all.',
    labels,
  });

  return async (signal) => {
    const [log, sinks, letters] = await Promise.all([
      events.status({ upTo: settings.countUpTo, signal }),
      events.deliveries.status({ signal }),
      events.deliveries.deadLetters({ limit: LETTERS, signal }),
    ]);
    return () => {
      size.set({}, log.size);
      pending.set({}, log.pending);
      setAside.set({}, log.setAside);
      unsigned.set({}, log.size - (log.checkpoint?.size ?? 0));
      oldest.reset();
      if (log.oldestPendingAt) oldest.set({}, log.oldestPendingAt.getTime() / 1_000);
      checkpoint.reset();
      if (log.checkpoint) checkpoint.set({}, log.checkpoint.madeAt.getTime() / 1_000);
      for (const each of [waiting, failing, disabled, dead]) each.reset();
      for (const [sink, tally] of tallyOf(sinks, letters.items)) {
        waiting.set({ sink }, tally.waiting);
        failing.set({ sink }, tally.failing);
        disabled.set({ sink }, tally.disabled);
        dead.set({ sink }, tally.dead);
      }
    };
  };
};

function tallyOf(
  sinks: readonly SinkStatus[],
  letters: readonly { readonly sink: string }[],
): ReadonlyMap<string, SinkTally> {
  const named = sinks.filter(({ sink }) => sink.length <= LONGEST_NAME).slice(0, SINKS);
  const own = new Set(named.map(({ sink }) => sink));
  const tallies = new Map<string, SinkTally>();
  const of = (sink: string): SinkTally => {
    const label = own.has(sink) ? sink : 'other';
    const tally = tallies.get(label) ?? { waiting: 0, failing: 0, disabled: 0, dead: 0 };
    tallies.set(label, tally);
    return tally;
  };
  for (const { sink, state, behind, failingSubjects } of sinks) {
    const tally = of(sink);
    tally.waiting += behind;
    tally.failing += failingSubjects;
    if (state === 'disabled') tally.disabled = 1;
  }
  for (const { sink } of letters) of(sink).dead += 1;
  return tallies;
}
