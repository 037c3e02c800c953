import { codeOrClass } from '../errors/code-or-class.ts';
import type { Clock } from '../ports/clock.ts';
import type { Logger } from '../ports/logger.ts';
import type { MaintenanceTask } from '../ports/maintenance.ts';
import type { Timer } from '../ports/timer.ts';

const LONGEST_WAIT_MS = 60_000;
const FIRST_BACKOFF_MS = 1_000;

/** What a `ChoreRunner` works with. */
export interface ChoreRunnerOptions {
  readonly tasks: readonly MaintenanceTask[];
  readonly clock: Clock;
  readonly timer: Timer;
  readonly logger: Logger | undefined;
  /** How many items a task treats in one go. */
  readonly limit: number;
}

/** Runs chores when they are due, each apart from the others, until it is stopped. */
export class ChoreRunner {
  readonly #options: ChoreRunnerOptions;
  readonly #stopping = new AbortController();
  readonly #waits = new Map<MaintenanceTask, () => void>();
  readonly #running = new Map<MaintenanceTask, Promise<void>>();

  constructor(options: ChoreRunnerOptions) {
    this.#options = options;
  }

  /** Begins: every task is run at once, and then when it says that it is due. */
  start(): void {
    for (const task of this.#options.tasks) this.#schedule(task, 0, 0);
  }

  /** Ends: nothing begins any more, and what runs is told to stop. @returns when it has */
  async stop(): Promise<void> {
    this.#stopping.abort();
    for (const callOff of this.#waits.values()) callOff();
    this.#waits.clear();
    await Promise.all(this.#running.values());
  }

  #schedule(task: MaintenanceTask, ms: number, failures: number): void {
    if (this.#stopping.signal.aborted) return;
    const callOff = this.#options.timer(ms, () => {
      this.#waits.delete(task);
      const run = this.#run(task, failures).finally(() => this.#running.delete(task));
      this.#running.set(task, run);
    });
    this.#waits.set(task, callOff);
  }

  async #run(task: MaintenanceTask, failures: number): Promise<void> {
    const { clock, limit, logger } = this.#options;
    const { signal } = this.#stopping;
    try {
      const { more, nextDueAt } = await task.run({ limit, signal });
      // `more` without progress, as when another instance holds a lease, says with nextDueAt when to come again.
      const wait = Math.max(0, nextDueAt - clock.now());
      this.#schedule(task, more && wait === 0 ? 0 : Math.min(wait, LONGEST_WAIT_MS), 0);
    } catch (error) {
      if (signal.aborted) return;
      logger?.error('A chore failed, and will be tried again', {
        task: task.name,
        error: codeOrClass(error),
        failures: failures + 1,
      });
      this.#schedule(task, Math.min(FIRST_BACKOFF_MS * 2 ** Math.min(failures, 16), LONGEST_WAIT_MS), failures + 1);
    }
  }
}
