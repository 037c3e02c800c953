import type { MaintenanceTask } from '../ports/maintenance.ts';
import type { Timer } from '../ports/timer.ts';
import type { CheckpointSink, Checkpoints } from './checkpoints/checkpoints.ts';
import type { Deliveries } from './delivery/deliveries.ts';
import type { LogContext } from './log-context.ts';
import type { Sequencer } from './sequencing/sequencer.ts';
import { withinTime } from './within-time.ts';

/** What the chaining chore works with. */
export interface SequencingTaskOptions {
  readonly sequencer: Sequencer;
  readonly deliveries: Deliveries;
  readonly pollMs: number;
}

/** The chore of moving events from the outbox into the log. */
export function sequencingTask(
  { store, clock }: LogContext,
  { sequencer, deliveries, pollMs }: SequencingTaskOptions,
): MaintenanceTask {
  return {
    name: `events:${store.namespace}:sequence`,
    async run(options) {
      // A sink that is new begins with what is chained from here on: what waits in the outbox is for it, too.
      await deliveries.register(options);
      const { done, more } = await sequencer.run(options);
      // Without progress another instance is at work, or something is held back: no reason to hurry.
      return { more, nextDueAt: clock.now() + (more && done > 0 ? 0 : pollMs) };
    },
  };
}

/** What the checkpoint chore works with. */
export interface CheckpointTaskOptions {
  readonly intervalMs: number;
  readonly sink: CheckpointSink | undefined;
  /** How long the sink may take for a note, in milliseconds. */
  readonly sinkTimeoutMs: number;
  readonly timer: Timer;
}

/** The chore of signing checkpoints, and of taking them outside the store. */
export function checkpointTask(
  { store, clock }: LogContext,
  checkpoints: Checkpoints,
  { intervalMs, sink, sinkTimeoutMs: ms, timer }: CheckpointTaskOptions,
): MaintenanceTask {
  return {
    name: `events:${store.namespace}:checkpoint`,
    async run({ signal }) {
      const abortable = signal === undefined ? {} : { signal };
      const last = await checkpoints.newest();
      const dueAt = (last?.value.madeAt ?? 0) + intervalMs;
      if (clock.now() >= dueAt || (sink !== undefined && last?.value.published === false)) {
        if (sink === undefined) await checkpoints.make(abortable);
        else {
          const take = (note: string) => withinTime((over) => sink(note, { signal: over }), { ms, timer, signal });
          await checkpoints.publish(take, abortable);
        }
        return { more: false, nextDueAt: clock.now() + intervalMs };
      }
      return { more: false, nextDueAt: dueAt };
    },
  };
}
