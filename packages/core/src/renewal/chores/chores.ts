import type { MaintenanceTask } from '../../ports/maintenance.ts';
import type { RenewalContext, RunControl } from '../context.ts';
import { isPassing } from '../jobs/failure.ts';
import { runChore } from './chore-run.ts';
import { chores } from './collections.ts';

/** Chores at once: some wait for other servers. */
const AT_ONCE = 8;
/** Refs of one read. */
const REFS = 1_000;

/** What a run over the chores came to. */
export interface ChoreCounts {
  readonly ran: number;
  readonly failed: number;
  /** When the next is due, epoch milliseconds; Infinity where there is none. */
  readonly nextDueAt: number;
}

/** A chore, and when it is due. */
interface Planned {
  readonly task: MaintenanceTask;
  readonly dueAt: number;
}

/** Runs chores that are due, each in one instance at a time, the longest due first. */
export class Chores {
  readonly #context: RenewalContext;
  readonly #tasks: readonly MaintenanceTask[];

  /** @param tasks of several with one name the first is run */
  constructor(context: RenewalContext, tasks: readonly MaintenanceTask[]) {
    this.#context = context;
    this.#tasks = [...new Map([...tasks].reverse().map((task) => [task.name, task])).values()].reverse();
  }

  /**
   * Runs every chore that is due.
   *
   * @throws {StorageError} any of its codes: it could not be read which are
   */
  async run(control: RunControl): Promise<ChoreCounts> {
    const { clock } = this.#context;
    const planned = await this.#plan();
    const due = planned.filter(({ dueAt }) => dueAt <= clock.now());
    const later = planned.filter((each) => !due.includes(each));
    const counts = { ran: 0, failed: 0, nextDueAt: Math.min(...later.map(({ dueAt }) => dueAt)) };
    const workOff = async (): Promise<void> => {
      for (let next = due.shift(); next !== undefined; next = due.shift()) {
        const { outcome, dueAt } = control.halt.isCalled
          ? { outcome: 'left', dueAt: next.dueAt }
          : await runChore(this.#context, next.task, control);
        counts.nextDueAt = Math.min(counts.nextDueAt, dueAt);
        if (outcome !== 'left') counts.ran += 1;
        if (outcome === 'failed') counts.failed += 1;
      }
    };
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, due.length) }, workOff));
    return counts;
  }

  /** A look that writes nothing, but for chores that are seen for the first time. */
  async #plan(): Promise<Planned[]> {
    const { store } = this.#context;
    const planned: Planned[] = [];
    for (let from = 0; from < this.#tasks.length; from += REFS) {
      const tasks = this.#tasks.slice(from, from + REFS);
      const refs = tasks.map(({ name: id }) => ({ collection: chores, id }));
      const entries = await store.getMany(refs).catch((error: unknown) => {
        if (isPassing(error)) throw error;
        // One of them cannot be read: claiming each of them shows which, and runs the others where they are due.
        return [];
      });
      for (const [at, task] of tasks.entries()) {
        planned.push({ task, dueAt: entries[at]?.dueAt ?? 0 });
        if (entries[at] === undefined) await this.#introduce(task);
      }
    }
    return planned.sort((a, b) => a.dueAt - b.dueAt);
  }

  /** Makes a chore due. After a conflict another instance has. */
  async #introduce({ name }: MaintenanceTask): Promise<void> {
    const { store } = this.#context;
    await store.commit([store.put(chores, name, { failures: 0 }, { ifVersion: null, dueAt: 0, dueQueue: name })]);
  }
}
