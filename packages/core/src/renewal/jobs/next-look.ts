import type { RenewalContext } from '../context.ts';
import type { RunTracker } from '../run-tracker.ts';
import type { QueueRunner } from './queue-runner.ts';

/**
 * Looks for work in a queue, and says when to do so again. It waits for the jobs that it began, but no longer than looks are apart, nor than until one
 * of them is to be resumed: one that hangs keeps its slot, and not the queue.
 *
 * @param runs where the jobs are known until they end
 * @returns epoch milliseconds
 * @throws {StorageError} any of its codes: jobs could not be claimed
 */
export function nextLookAt(
  queue: QueueRunner,
  runs: RunTracker,
  { clock, timer, checkIntervalMs }: Pick<RenewalContext, 'clock' | 'timer' | 'checkIntervalMs'>,
): Promise<number> {
  return new Promise((resolve, reject) => {
    void runs.track(async (control) => {
      let callOff = (): void => undefined;
      let lookAt = Number.POSITIVE_INFINITY;
      let isBegun = false;
      const lookBy = (at: number): void => {
        if (at >= lookAt) return;
        lookAt = at;
        if (isBegun) wait();
      };
      const wait = (): void => {
        callOff();
        callOff = timer(Math.max(lookAt - clock.now(), 0), () => resolve(clock.now()));
      };
      const { begun, ended } = queue.look(control, lookBy);
      begun.then((running) => {
        // Then the look itself is over.
        if (running === 0) return;
        isBegun = true;
        lookAt = Math.min(lookAt, clock.now() + checkIntervalMs);
        wait();
      }, reject);
      const { resumeAt } = await ended;
      callOff();
      resolve(resumeAt);
    });
  });
}
